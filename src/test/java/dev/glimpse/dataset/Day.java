package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.LanceManifestReader;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.upkeep.GarbageCollection;
import dev.glimpse.dataset.upkeep.MergePolicy;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.springframework.util.unit.DataSize;

/**
 * A day in fast motion: a server adds rows in groups, quietly or in bursts, and removes some; another one does so now and
 * then; two threads search the first one all the while. Everything that is found is checked at once, and the state of the
 * table each second.
 */
final class Day {
    private static final int LARGEST_GROUP = 256;
    private static final int CLUSTERS = 1_000;

    /** Rows of the other server have numbers from here on. */
    private static final int OTHERS = 1 << 28;

    private static final Duration BETWEEN_SEARCHES = Duration.ofMillis(20);
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    /** What a day is made of. */
    record Plan(int before, int uploads, int indexRows, Duration retention, TableTimings timing, long seed) {}

    /** What was the most. */
    static final class Most {
        long smallFragments;
        long versions;
        long unindexedRows;
        double bytes;
    }

    private final TestBucket bucket;
    private final Path work;
    private final Plan plan;
    private final Consumer<String> out;
    private final Random chance;
    private final ClusteredVectors vectors;
    private final TableSettings settings;

    /** Numbers of rows that are there for sure; guarded by itself. */
    private final List<Integer> rows = new ArrayList<>();

    private final Set<String> expected = ConcurrentHashMap.newKeySet();
    private final Set<String> removed = ConcurrentHashMap.newKeySet();
    private final Set<String> problems = ConcurrentHashMap.newKeySet();
    private final Most most = new Most();
    private double slowdown;

    Day(TestBucket bucket, Path work, Plan plan, Consumer<String> out) {
        this.bucket = bucket;
        this.work = work;
        this.plan = plan;
        this.out = out;
        this.chance = new Random(plan.seed);
        this.vectors = ClusteredVectors.aroundOrigin(plan.seed, CLUSTERS);
        this.settings = new TableSettings(
                new CommitProperties(LARGEST_GROUP, Duration.ofMillis(150)),
                new ReplicaProperties(DataSize.ofGigabytes(10), Duration.ofMillis(100)),
                new MaintenanceProperties(plan.retention, plan.indexRows, 0.95));
    }

    Most most() {
        return most;
    }

    /** 99 of 100 searches of the day take at most so many times as long as those of the same table in the evening. */
    double slowdown() {
        return slowdown;
    }

    /** What went wrong; empty if nothing did. */
    Set<String> problems() {
        return problems;
    }

    private ImageDataset open(ObjectStore store, String name) {
        return ImageDataset.open(store, work.resolve(name), Rows.MODEL, settings, plan.timing);
    }

    void live() throws Exception {
        try (ObjectStore store = bucket.open()) {
            try (ImageDataset table = open(store, "one")) {
                fill(table);
                say("before", table);
                long[] quiet = quiet(table);
                long[] busy;
                try (ImageDataset other = open(store, "two")) {
                    busy = busy(table, other);
                    settle(table);
                    settle(other);
                    long small = table.state().maintenance().smallFragments();
                    if (small > 2 * MergePolicy.MANY) {
                        problems.add(small + " small fragments stay");
                    }
                }
                say("in the evening", table);
                long[] after = quiet(table);
                out.accept("searches, ms: quiet before %s, busy %s, quiet after %s"
                        .formatted(describe(quiet), describe(busy), describe(after)));
                slowdown = percentile(busy, 99) / percentile(after, 99);
                evening(store, table);
            }
            requireClosed();
            morning(store);
        }
    }

    // ---- the day

    private void fill(ImageDataset table) throws Exception {
        for (int n = 0; n < plan.before; n += LARGEST_GROUP) {
            add(table, n, Math.min(plan.before, n + LARGEST_GROUP)).forEach(CompletableFuture::join);
        }
        await("an index", () -> !table.state().indices().isEmpty());
        settle(table);
    }

    private long[] busy(ImageDataset table, ImageDataset other) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newCachedThreadPool();
        List<Future<long[]>> searches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Random random = new Random(plan.seed + i);
            searches.add(threads.submit(() -> search(table, random, over)));
        }
        Future<?> watching = threads.submit(() -> watch(table, over));
        Future<?> others = threads.submit(() -> others(other, new Random(~plan.seed), over));
        try {
            upload(table);
        } finally {
            over.set(true);
            threads.shutdown();
        }
        others.get();
        watching.get();
        List<long[]> nanos = new ArrayList<>();
        for (Future<long[]> thread : searches) {
            nanos.add(thread.get());
        }
        return nanos.stream().flatMapToLong(Arrays::stream).sorted().toArray();
    }

    /** Most groups are small; now and then many come without a pause, as when somebody loads a folder. */
    private void upload(ImageDataset table) throws InterruptedException {
        int from = plan.before;
        int end = plan.before + plan.uploads;
        int burst = 0;
        List<CompletableFuture<Boolean>> waiting = new ArrayList<>();
        for (int group = 1; from < end; group++) {
            int to = Math.min(end, from + groupSize(chance));
            while (isFull(table)) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            waiting.addAll(add(table, from, to));
            from = to;
            burst = burst > 0 ? burst - 1 : chance.nextInt(40) == 0 ? 1 + chance.nextInt(20) : 0;
            if (burst == 0 || from == end) {
                waiting.forEach(CompletableFuture::join);
                waiting.clear();
            }
            if (group % 25 == 0) {
                remove(table, chance);
            }
        }
    }

    private static boolean isFull(ImageDataset table) {
        try {
            table.requireRoom();
            return false;
        } catch (TableBusyException e) {
            return true;
        }
    }

    private static int groupSize(Random chance) {
        int kind = chance.nextInt(10);
        return 1 + chance.nextInt(kind < 6 ? 4 : kind < 9 ? 64 : LARGEST_GROUP);
    }

    private Void others(ImageDataset other, Random chance, AtomicBoolean over) throws InterruptedException {
        for (int from = OTHERS; !over.get(); ) {
            int to = from + 1 + chance.nextInt(16);
            add(other, from, to).forEach(CompletableFuture::join);
            from = to;
            TimeUnit.MILLISECONDS.sleep(500 + chance.nextInt(1_000));
        }
        return null;
    }

    private List<CompletableFuture<Boolean>> add(ImageDataset table, int from, int to) {
        List<CompletableFuture<Boolean>> added = new ArrayList<>();
        for (int n = from; n < to; n++) {
            expected.add(Rows.id(n).toString());
            added.add(table.add(row(n)).thenApply(isNew -> {
                if (!isNew) {
                    problems.add("a new row was taken for an old one");
                }
                return isNew;
            }));
            if (n < OTHERS) {
                synchronized (rows) {
                    rows.add(n);
                }
            }
        }
        return added;
    }

    private void remove(ImageDataset table, Random chance) {
        ImageId id;
        synchronized (rows) {
            int at = chance.nextInt(rows.size());
            id = Rows.id(rows.get(at));
            rows.set(at, rows.get(rows.size() - 1));
            rows.remove(rows.size() - 1);
        }
        expected.remove(id.toString());
        if (!table.remove(id).join()) {
            problems.add("a row that was to be removed was not there");
        }
        removed.add(id.toString());
    }

    private PictureRow row(int n) {
        return new PictureRow(
                Rows.id(n),
                "s3://somewhere/" + Rows.id(n),
                embedding(n),
                1000,
                640,
                480,
                Instant.EPOCH.plusSeconds(n),
                null,
                null,
                List.of());
    }

    private Embedding embedding(int n) {
        return Embedding.ofDirection(vectors.row(n));
    }

    // ---- what is looked at meanwhile

    private long[] quiet(ImageDataset table) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        Future<long[]> one = threads.submit(() -> search(table, new Random(1), over));
        Future<long[]> two = threads.submit(() -> search(table, new Random(2), over));
        threads.shutdown();
        TimeUnit.SECONDS.sleep(plan.uploads < 50_000 ? 1 : 20);
        over.set(true);
        return Stream.of(one.get(), two.get())
                .flatMapToLong(Arrays::stream)
                .sorted()
                .toArray();
    }

    private long[] search(ImageDataset table, Random random, AtomicBoolean over) throws InterruptedException {
        List<Long> nanos = new ArrayList<>();
        while (!over.get()) {
            int n;
            synchronized (rows) {
                n = rows.get(random.nextInt(rows.size()));
            }
            Embedding query = embedding(n);
            Set<String> gone = Set.copyOf(removed);
            long start = System.nanoTime();
            List<Neighbor> found = List.of();
            try {
                found = table.nearest(query, 10, random.nextInt(10) == 0);
            } catch (RuntimeException e) {
                problems.add("a search failed: " + e);
            }
            nanos.add(System.nanoTime() - start);
            check(n, found, gone);
            TimeUnit.NANOSECONDS.sleep(BETWEEN_SEARCHES.toNanos());
        }
        return nanos.stream().mapToLong(Long::longValue).toArray();
    }

    private void check(int n, List<Neighbor> found, Set<String> gone) {
        List<String> ids = found.stream().map(Neighbor::id).toList();
        if (new HashSet<>(ids).size() < ids.size()) {
            problems.add("a row was found twice: " + ids);
        }
        if (ids.size() < 10) {
            problems.add("found " + ids.size() + " of 10");
        }
        if (!Collections.disjoint(ids, gone)) {
            problems.add("a removed row was found");
        }
        String self = Rows.id(n).toString();
        if (expected.contains(self) && !ids.contains(self)) {
            problems.add("a row was not found that is there");
        }
    }

    private Void watch(ImageDataset table, AtomicBoolean over) throws InterruptedException {
        long start = System.nanoTime();
        for (int second = 0; !over.get(); second++) {
            TableState state = table.state();
            Map<String, Long> sizes = bucket.sizes(ImageDataset.KEY);
            long versions = sizes.keySet().stream()
                    .filter(key -> key.endsWith(".manifest"))
                    .count();
            most.smallFragments =
                    Math.max(most.smallFragments, state.maintenance().smallFragments());
            most.unindexedRows =
                    Math.max(most.unindexedRows, state.maintenance().unindexedRows());
            most.versions = Math.max(most.versions, versions);
            most.bytes = Math.max(most.bytes, sum(sizes) / (double) state.bytes());
            if (state.maintenance().failure() != null) {
                problems.add(String.valueOf(state.maintenance().failure()));
            }
            if (second % 20 == 0) {
                say("after %d s".formatted((System.nanoTime() - start) / 1_000_000_000), table);
            }
            TimeUnit.SECONDS.sleep(1);
        }
        return null;
    }

    private void say(String when, ImageDataset table) {
        TableState state = table.state();
        Map<String, Long> sizes = bucket.sizes(ImageDataset.KEY);
        out.accept(
                "%s: %,d rows, %,d waiting, version %,d, %,d versions, %d fragments, %d small, %,d unindexed, %,d MB of %,d, %s"
                        .formatted(
                                when,
                                state.committedRows(),
                                state.pendingRows(),
                                state.version(),
                                sizes.keySet().stream()
                                        .filter(key -> key.endsWith(".manifest"))
                                        .count(),
                                state.fragments(),
                                state.maintenance().smallFragments(),
                                state.maintenance().unindexedRows(),
                                sum(sizes) / 1_000_000,
                                state.bytes() / 1_000_000,
                                state.maintenance().working()));
    }

    private static long sum(Map<String, Long> sizes) {
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    private static String describe(long[] sorted) {
        return "p50 %.1f p99 %.1f of %,d".formatted(percentile(sorted, 50), percentile(sorted, 99), sorted.length);
    }

    private static double percentile(long[] sorted, int percent) {
        return sorted.length == 0 ? 0 : sorted[Math.min(sorted.length - 1, sorted.length * percent / 100)] / 1e6;
    }

    // ---- the end

    /** Nothing waits, and nothing was done for a while. */
    private void settle(ImageDataset table) throws Exception {
        table.flush(PATIENCE);
        int[] idle = {0};
        await("nothing to be done", () -> {
            idle[0] = table.state().maintenance().working() == null ? idle[0] + 1 : 0;
            return idle[0] > 20;
        });
    }

    /** Old versions go. */
    private void evening(ObjectStore store, ImageDataset table) throws Exception {
        Map<String, Long> before = bucket.sizes(ImageDataset.KEY);
        await("old versions to go", () -> versions() == 1);
        // Files that were let go shortly before the newest version go after the next one.
        TimeUnit.NANOSECONDS.sleep(
                plan.timing.shipped().plus(GarbageCollection.ROUNDING).toNanos());
        add(table, plan.before + plan.uploads, plan.before + plan.uploads + 1).forEach(CompletableFuture::join);
        await("old versions to go", () -> versions() == 1);
        settle(table);
        Map<String, Long> sizes = bucket.sizes(ImageDataset.KEY);
        long live = liveBytes(store, sizes);
        out.accept("bytes in the bucket: %,d MB at the end, %,d MB when old versions had gone, %,d MB live"
                .formatted(sum(before) / 1_000_000, sum(sizes) / 1_000_000, live / 1_000_000));
        if (sum(sizes) > 1.5 * live) {
            problems.add("more than 1.5 times the live bytes in the bucket: " + sum(sizes) + " of " + live);
        }
    }

    private long versions() {
        return bucket.sizes(ImageDataset.KEY + TableLocation.VERSIONS).size();
    }

    private long liveBytes(ObjectStore store, Map<String, Long> sizes) throws IOException {
        try (BufferAllocator allocator = new RootAllocator()) {
            Replica replica = new Replica(
                    store,
                    ImageDataset.KEY,
                    work.resolve("live/replica"),
                    work.resolve("live/scratch"),
                    0,
                    plan.timing,
                    new LanceManifestReader(allocator),
                    Runnable::run);
            replica.open();
            long live = 0;
            for (String name :
                    replica.files().files(ManifestName.of(replica.version())).keySet()) {
                Long size = sizes.get(ImageDataset.KEY + name);
                if (size == null) {
                    problems.add("the newest version lacks " + name);
                } else {
                    live += size;
                }
            }
            return live;
        }
    }

    private void requireClosed() throws IOException {
        try (Stream<Path> handles = Files.list(Path.of("/proc/self/fd"))) {
            List<String> open = handles.filter(Files::isSymbolicLink)
                    .map(Day::target)
                    .filter(target -> target.contains(work.toString()))
                    // Lance 7.0.0 never closes the files of an index that was searched or asked for its statistics.
                    .filter(target -> !target.contains(".idx"))
                    .toList();
            if (!open.isEmpty()) {
                problems.add("still open after the close: " + open);
            }
        }
    }

    private static String target(Path handle) {
        try {
            return Files.readSymbolicLink(handle).toString();
        } catch (IOException e) {
            return "";
        }
    }

    /** Another server sees each row once. */
    private void morning(ObjectStore store) throws Exception {
        try (ImageDataset table = open(store, "three")) {
            List<String> ids = Collections.synchronizedList(new ArrayList<>());
            table.forEachId(id -> ids.add(id.toString()));
            settle(table);
            Set<String> distinct = new HashSet<>(ids);
            out.accept("rows: %,d expected, %,d committed, %,d read, %,d distinct"
                    .formatted(expected.size(), table.state().committedRows(), ids.size(), distinct.size()));
            if (!distinct.equals(expected) || ids.size() != distinct.size()) {
                Set<String> lost = new HashSet<>(expected);
                lost.removeAll(distinct);
                problems.add(lost.size() + " rows are lost, " + (ids.size() - distinct.size()) + " are there twice, "
                        + (distinct.size() + lost.size() - expected.size()) + " should not be there");
            }
        }
    }

    private static void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("waited too long for " + what);
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }
}

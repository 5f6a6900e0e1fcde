package dev.glimpse.tools.bench;

import com.sun.management.ThreadMXBean;
import dev.glimpse.dataset.DuplicateGroups;
import dev.glimpse.dataset.DuplicateGroups.Group;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.Likeness.Kind;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.SceneFiles;
import dev.glimpse.testing.SceneFiles.SceneFile;
import dev.glimpse.testing.TestImages;
import dev.glimpse.vectors.Embedding;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;

/**
 * How many pictures are found that look the same, and how many that do not: {@code scripts/bench duplicates}. Then what that takes, in tables
 * of the numbers of rows that the arguments say.
 */
final class DuplicatesBench {
    private static final int SCENES = 300;
    private static final int ALL_SCENES = 500;
    private static final double LEAST_SAME = 0.99;
    private static final double LEAST_ALIKE = 0.95;
    private static final double MOST_FALSE = 0.001;
    private static final int[] LOOK_BITS = {4, 6, 8, 10, 12};
    private static final double[] DISTANCES = {0.01, 0.02, 0.03, 0.05, 0.08};
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** An index would be built at the same time. */
    private static final TableSettings NO_INDEX = Rows.settings(Duration.ofSeconds(30), Integer.MAX_VALUE);

    private final Report report = new Report();

    private DuplicatesBench() {}

    public static void main(String[] args) throws Exception {
        DuplicatesBench bench = new DuplicatesBench();
        bench.report.sayMachine();
        bench.quality();
        bench.fingerprints();
        for (String rows : args) {
            bench.cost(Integer.parseInt(rows));
        }
        System.exit(bench.report.status());
    }

    private void quality() throws Exception {
        List<SceneFile> files = new ArrayList<>();
        List<SceneFile> originals = new ArrayList<>();
        int dimension;
        try (SceneFiles scenes = new SceneFiles()) {
            dimension = scenes.dimension();
            IntStream.range(0, SCENES).forEach(scene -> files.addAll(scenes.all(scene)));
            IntStream.range(SCENES, ALL_SCENES).forEach(scene -> originals.add(scenes.original(scene)));
        }
        originals.addAll(
                0, files.stream().filter(file -> file.name().equals("original")).toList());

        report.say("scenes 1 to %d: pairs of files of a scene that are alike, by the largest differences", SCENES / 2);
        for (int bits : LOOK_BITS) {
            for (double distance : DISTANCES) {
                long[] alike = {0, 0};
                long[] different = {0, 0};
                forPairs(
                        files.stream().filter(file -> file.scene() < SCENES / 2).toList(), (one, other) -> {
                            if (one.scene() == other.scene() && !(one.same() && other.same())) {
                                count(alike, isWithin(one.row(), other.row(), bits, distance));
                            }
                        });
                forPairs(
                        originals.stream()
                                .filter(file -> file.scene() < SCENES / 2)
                                .toList(),
                        (one, other) -> count(different, isWithin(one.row(), other.row(), bits, distance)));
                report.say(
                        "  %2d bits, distance %.2f: %.4f of %d alike, %d of %d different",
                        bits, distance, share(alike), alike[1], different[0], different[1]);
            }
        }

        Path folder = Files.createTempDirectory("duplicates");
        ModelStamp model = new ModelStamp("bench", "f".repeat(64), dimension);
        try (ObjectStore store = TestStores.folder(folder);
                ImageDataset dataset = ImageDataset.open(store, folder.resolve(".glimpse"), model, Rows.AT_ONCE)) {
            add(
                    dataset,
                    Stream.concat(files.stream(), originals.stream().skip(SCENES))
                            .map(SceneFile::row)
                            .toList());
            Map<String, Integer> same = groupsOf(dataset, Kind.SAME);
            Map<String, Integer> all = groupsOf(dataset, null);
            report.say("chosen: %d bits, distance %.2f", Likeness.MOST_LOOK_BITS, Likeness.MOST_DISTANCE);
            found(
                    "scenes 151 to 300",
                    files.stream().filter(file -> file.scene() >= SCENES / 2).toList(),
                    same,
                    all);
            found("scenes 1 to 300", files, same, all);
            long[] rule = {0, 0};
            long[] grouped = {0, 0};
            forPairs(originals, (one, other) -> {
                count(rule, isWithin(one.row(), other.row(), Likeness.MOST_LOOK_BITS, Likeness.MOST_DISTANCE));
                count(grouped, areTogether(all, one, other));
            });
            report.say("different scenes, pair by pair: %d of %d taken for alike", rule[0], rule[1]);
            report.say("different scenes, in one group: %d of %d", grouped[0], grouped[1]);
            report.bar(
                    share(grouped) < MOST_FALSE,
                    "different scenes in one group: %.6f, less than %.3f",
                    share(grouped),
                    MOST_FALSE);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private void found(String which, List<SceneFile> files, Map<String, Integer> same, Map<String, Integer> all) {
        long[] samePairs = {0, 0};
        long[] alikePairs = {0, 0};
        Map<String, long[]> byName = new HashMap<>();
        forPairs(files, (one, other) -> {
            if (one.scene() == other.scene()) {
                if (one.same() && other.same()) {
                    count(samePairs, areTogether(same, one, other));
                } else {
                    boolean found = areTogether(all, one, other);
                    count(alikePairs, found);
                    Stream.of(one, other)
                            .filter(file -> !file.same())
                            .forEach(file -> count(byName.computeIfAbsent(file.name(), name -> new long[2]), found));
                }
            }
        });
        report.say("%s: %d of %d pairs with the same pixels", which, samePairs[0], samePairs[1]);
        report.say("%s: %d of %d alike pairs", which, alikePairs[0], alikePairs[1]);
        byName.forEach((name, pairs) -> report.say("  of them with a file of %s: %.4f", name, share(pairs)));
        report.bar(
                share(samePairs) >= LEAST_SAME,
                "%s, same pixels: %.4f found, at least %.2f",
                which,
                share(samePairs),
                LEAST_SAME);
        report.bar(
                share(alikePairs) >= LEAST_ALIKE,
                "%s, alike: %.4f found, at least %.2f",
                which,
                share(alikePairs),
                LEAST_ALIKE);
    }

    private static boolean isWithin(PictureRow one, PictureRow other, int bits, double distance) {
        Fingerprint first = one.fingerprint();
        Fingerprint second = other.fingerprint();
        return first != null
                && second != null
                && first.lookDistance(second) <= bits
                && PictureRow.distance(one.vector(), other.vector()) <= distance;
    }

    private interface Pairs {
        void pair(SceneFile one, SceneFile other);
    }

    private static void forPairs(List<SceneFile> files, Pairs pairs) {
        for (int i = 0; i < files.size(); i++) {
            for (int j = 0; j < i; j++) {
                pairs.pair(files.get(i), files.get(j));
            }
        }
    }

    private static void count(long[] counts, boolean met) {
        counts[0] += met ? 1 : 0;
        counts[1]++;
    }

    private static double share(long[] counts) {
        return counts[0] / (double) counts[1];
    }

    private static boolean areTogether(Map<String, Integer> groups, SceneFile one, SceneFile other) {
        Integer group = groups.get(one.id());
        return group != null && group.equals(groups.get(other.id()));
    }

    private static Map<String, Integer> groupsOf(ImageDataset dataset, @Nullable Kind kind) {
        Map<String, Integer> groups = new HashMap<>();
        int number = 0;
        for (Group group : dataset.duplicates(kind, null, Integer.MAX_VALUE, pictures -> true, true)
                .groups()) {
            for (Picture picture : group.pictures()) {
                groups.put(picture.id(), number);
            }
            number++;
        }
        return groups;
    }

    private static void add(ImageDataset dataset, List<PictureRow> rows) {
        List<CompletableFuture<Boolean>> added = new ArrayList<>();
        for (PictureRow row : rows) {
            added.add(dataset.add(row));
            if (added.size() == 8192) {
                added.forEach(CompletableFuture::join);
                added.clear();
            }
        }
        added.forEach(CompletableFuture::join);
        dataset.settled().join();
    }

    /** What the fingerprint takes of a processor, after the decode that every upload does. */
    private void fingerprints() {
        FairScheduler scheduler = new FairScheduler(Integer.MAX_VALUE);
        ImageDecoder decoder = new ImageDecoder(scheduler, 50_000_000);
        for (int[] size : new int[][] {{224, 224}, {1024, 768}, {4000, 3000}}) {
            byte[] jpeg = TestImages.jpeg(size[0], size[1], 1);
            double millis = decoder.decode(jpeg, scheduler.ticket(new Flow("bench", "", Purpose.UPLOAD)), image -> {
                for (int i = 0; i < 30; i++) {
                    image.fingerprint();
                }
                long start = THREADS.getCurrentThreadCpuTime();
                for (int i = 0; i < 50; i++) {
                    image.fingerprint();
                }
                return (THREADS.getCurrentThreadCpuTime() - start) / 1e6 / 50;
            });
            report.say("fingerprint of %d x %d pixels: %.2f ms of a processor", size[0], size[1], millis);
        }
    }

    /** A table as a server has it. Of ten pictures one looks like another one. */
    private void cost(int rows) throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        try (ObjectStore store = TestStores.folder(folder.resolve("store"))) {
            FilledTable.fill(store, folder.resolve("first"), Rows.MODEL, rows, DuplicatesBench::row);
            try (ImageDataset dataset = opened(store, folder.resolve("second"))) {
                alone(dataset, rows);
            }
            try (ImageDataset dataset = opened(store, folder.resolve("third"))) {
                besideSearches(dataset, rows);
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private static ImageDataset opened(ObjectStore store, Path work) {
        ImageDataset dataset = ImageDataset.open(store, work, Rows.MODEL, NO_INDEX);
        dataset.settled().join();
        return dataset;
    }

    private static DuplicateGroups page(ImageDataset dataset) {
        return dataset.duplicates(null, null, 20, pictures -> true, true);
    }

    private void alone(ImageDataset dataset, int rows) throws Exception {
        long cpu = cpuNanosOfGroups();
        long start = System.nanoTime();
        String said = awaitGroups(dataset, start);
        report.say(
                "%,d rows: all groups made in %.1f s, %.1f s of a processor; they take %.1f MB of the heap%s",
                rows,
                (System.nanoTime() - start) / 1e9,
                (cpuNanosOfGroups() - cpu) / 1e9,
                dataset.memory().duplicates() / 1e6,
                said);

        start = System.nanoTime();
        for (int i = 0; i < 100; i++) {
            page(dataset);
        }
        double page = (System.nanoTime() - start) / 1e6 / 100;
        for (int i = 0; i < 500; i++) {
            dataset.likenesses(Rows.id(i), 5);
        }
        cpu = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < 200; i++) {
            dataset.likenesses(Rows.id(i * 7 % rows), 5);
        }
        double likeness = (THREADS.getCurrentThreadCpuTime() - cpu) / 1e6 / 200;
        report.say(
                "%,d rows: a page of 20 groups in %.2f ms; similarTo takes %.2f ms of a processor",
                rows, page, likeness);

        for (int more : new int[] {1, 100, 1000}) {
            add(
                    dataset,
                    IntStream.range(rows + more, rows + 2 * more)
                            .mapToObj(DuplicatesBench::row)
                            .toList());
            current(dataset, "%,d rows and %,d more".formatted(rows, more));
        }
        for (int n = 0; n < 100; n++) {
            dataset.remove(Rows.id(n * 31)).join();
        }
        dataset.settled().join();
        current(dataset, "%,d rows and 100 fewer".formatted(rows));
    }

    /** Waits for the groups of the newest version, which a page is of when those before are no longer given again. */
    private void current(ImageDataset dataset, String what) throws Exception {
        long cpu = cpuNanosOfGroups();
        while (page(dataset).version() != dataset.state().version()) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        report.say("%s: %.3f s of a processor", what, (cpuNanosOfGroups() - cpu) / 1e9);
    }

    /** Asks until there are groups. Answers what was said first of how long they will take. */
    private static String awaitGroups(ImageDataset dataset, long start) throws Exception {
        String said = "";
        while (true) {
            try {
                page(dataset);
                return said;
            } catch (TableBusyException e) {
                if (said.isEmpty()) {
                    said = "; after %.1f s: %s".formatted((System.nanoTime() - start) / 1e9, e.getMessage());
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }

    private void besideSearches(ImageDataset dataset, int rows) throws Exception {
        FilledTable.awaitCodes(dataset);
        List<Double> idle = new ArrayList<>();
        for (int i = -50; i < 200; i++) {
            double millis = searchMillis(dataset, i);
            if (i >= 0) {
                idle.add(millis);
            }
        }
        List<Double> beside = new ArrayList<>();
        long start = System.nanoTime();
        CompletableFuture<Void> made = CompletableFuture.runAsync(() -> {
            try {
                awaitGroups(dataset, start);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        for (int i = 0; !made.isDone(); i++) {
            beside.add(searchMillis(dataset, i));
        }
        made.join();
        report.say(
                "%,d rows, searches one after another: p50 %.2f ms, p95 %.2f ms; while groups are made, for %.1f s: p50 %.2f ms, p95 %.2f ms of %,d",
                rows,
                Report.median(idle),
                Report.quantile(idle, 0.95),
                (System.nanoTime() - start) / 1e9,
                Report.median(beside),
                Report.quantile(beside, 0.95),
                beside.size());
    }

    private static double searchMillis(ImageDataset dataset, int n) {
        long start = System.nanoTime();
        dataset.nearest(vector(Math.abs(n)), 10, false);
        return (System.nanoTime() - start) / 1e6;
    }

    /** What the thread has taken that makes groups, as long as it lives. */
    private static long cpuNanosOfGroups() {
        return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
                .filter(thread -> thread != null && thread.getThreadName().startsWith("table-duplicates"))
                .mapToLong(thread -> THREADS.getThreadCpuTime(thread.getThreadId()))
                .max()
                .orElse(0);
    }

    private static PictureRow row(int n) {
        SplittableRandom random = new SplittableRandom(n);
        int source = n > 0 && random.nextInt(10) == 0 ? random.nextInt(n) : n;
        long look = new SplittableRandom(source).split().nextLong();
        PictureRow row = Rows.row(n, vector(source));
        return new PictureRow(
                row.id(),
                row.path(),
                row.vector(),
                row.bytes(),
                row.width(),
                row.height(),
                row.uploadedAt(),
                row.filename(),
                row.caption(),
                row.tags(),
                null,
                new Fingerprint(n, source == n ? look : look ^ (1L << random.nextInt(64))));
    }

    private static Embedding vector(int n) {
        return new Embedding(FilledTable.VECTORS.row(n));
    }
}

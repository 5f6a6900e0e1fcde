package dev.glimpse.dataset;

import dev.glimpse.dataset.Head.FragmentState;
import dev.glimpse.dataset.Head.Segment;
import dev.glimpse.dataset.Workshop.IndexChange;
import dev.glimpse.image.Embedding;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lance.compaction.RewriteResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the table in shape, one step at a time and only what is due: merges small fragments, builds the index and folds new
 * rows into it, removes old versions. Of several servers one does it at a time. Each step makes new files beside the old ones
 * and ends with a commit, so that searches and uploads do not wait for it. For one thread.
 *
 * <p>Fragments are merged when there are several of about the same size, so that a row is rewritten as often as the table has
 * orders of magnitude. Only fragments that the same part of the index has, or none, may become one.
 */
final class Maintenance {
    private static final Logger log = LoggerFactory.getLogger(Maintenance.class);

    /** Fragments of fewer rows are small. Searches by Lance pay for each, and each manifest lists it. */
    static final int SMALL_ROWS = 4_096;

    /** So many small fragments become one. At most twice as many are there under load. */
    static final int MANY_SMALL = 10;

    /** Of larger ones, of about the same size. */
    private static final int MANY = 8;

    /** Rows without an index, which searches by Lance scan. At most twice as many are there under load. */
    static final int MANY_UNINDEXED = 5_000;

    /** Parts of the index, each of which is searched. */
    private static final int MANY_PARTS = 8;

    /** An index of a quarter of the rows has too few partitions. */
    private static final int GROWTH = 4;

    /** A merge of one fragment leaves its deleted rows out: worth it when they are a tenth. */
    private static final int DELETED_SHARE = 10;

    private static final int MANY_DELETED = 256;

    /** A listing tells of 1,000 keys. */
    static final int MOST_VERSIONS = 900;

    private static final int VERSIONS_BETWEEN_CLEANUPS = 100;

    /** In the table's metadata: what the index was built of. */
    private static final String TRAINED = "glimpse.index.trained";

    private final LanceTable table;
    private final Committer committer;
    private final Lease lease;
    private final Cleanup cleanup;
    private final MaintenanceProperties settings;
    private final Duration betweenCleanups;
    private final BooleanSupplier writable;
    private final Callable<?> serve;
    private final PlanMeasure measure;
    private long cleanedVersion;
    private Stopwatch cleaned = Stopwatch.started();
    private volatile boolean stopped;
    private volatile @Nullable String working;
    private volatile @Nullable String failure;

    /**
     * @param betweenCleanups see {@link Timing}
     * @param writable whether the table is ours to change
     * @param serve makes the newest version the one that is read
     * @param recent what was searched for lately
     */
    Maintenance(
            LanceTable table,
            Committer committer,
            Lease lease,
            Cleanup cleanup,
            MaintenanceProperties settings,
            Duration betweenCleanups,
            BooleanSupplier writable,
            Callable<?> serve,
            Supplier<List<Embedding>> recent) {
        this.table = table;
        this.committer = committer;
        this.lease = lease;
        this.cleanup = cleanup;
        this.settings = settings;
        this.betweenCleanups = betweenCleanups;
        this.writable = writable;
        this.serve = serve;
        this.measure = new PlanMeasure(table, settings, recent);
    }

    /** A step, with the name that the log and {@code /stats} give it. */
    private record Step(String name, Callable<?> work) {}

    /** Does all that is due. */
    // Nobody else hears of a failure here; the next call tries again.
    @SuppressWarnings("CatchingUnchecked")
    void run() {
        boolean holds = false;
        try {
            measure.candidates();
            for (Optional<Step> due = due(table.head()); due.isPresent() && !stopped; due = due(table.head())) {
                holds = holds || lease.take();
                if (!holds) {
                    return;
                }
                perform(due.get());
            }
            failure = null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (OutdatedException e) {
            log.info("{} again, as the table has changed meanwhile: {}", working, e.getMessage());
        } catch (Exception e) {
            failure = working + ": " + e;
            log.warn("not done: {}", failure);
        } finally {
            working = null;
            release(holds);
        }
    }

    private void release(boolean holds) {
        try {
            if (holds) {
                lease.release();
            }
        } catch (RuntimeException e) {
            log.warn("the lease stays for a while: {}", e.toString());
        }
    }

    private void perform(Step step) throws Exception {
        working = step.name;
        long start = System.nanoTime();
        Object result = step.work.call();
        log.info("maintenance={} millis={} result={}", step.name, (System.nanoTime() - start) / 1_000_000, result);
    }

    /** Ends after the step that is being done. */
    void stop() {
        stopped = true;
    }

    @Nullable String working() {
        return working;
    }

    @Nullable String failure() {
        return failure;
    }

    private Optional<Step> due(Head head) {
        if (!writable.getAsBoolean() || !head.stableRowIds()) {
            return Optional.empty();
        }
        Optional<Set<Integer>> mergeable = mergeable(head);
        if (mergeable.isPresent()) {
            Set<Integer> fragments = mergeable.get();
            return Optional.of(new Step("merge " + fragments.size() + " fragments", () -> merge(fragments)));
        }
        Optional<IndexKind> untrained = untrained(head);
        if (untrained.isPresent()) {
            return Optional.of(new Step("build the index", () -> train(untrained.get())));
        }
        if (!head.segments().isEmpty() && Head.rows(head.unindexed()) >= MANY_UNINDEXED) {
            return Optional.of(new Step("index new rows", () -> fold(0)));
        }
        if (head.segments().size() > MANY_PARTS) {
            return Optional.of(
                    new Step("merge the index", () -> fold(head.segments().size() - 1)));
        }
        boolean old = head.version() - cleanedVersion >= VERSIONS_BETWEEN_CLEANUPS
                || (head.version() > cleanedVersion && cleaned.isOver(betweenCleanups));
        return old ? Optional.of(new Step("clean up", this::cleanUp)) : Optional.empty();
    }

    // ---- fragments

    /** Fragments that are to become one. */
    static Optional<Set<Integer>> mergeable(Head head) {
        List<FragmentState> unindexed = head.unindexed();
        List<FragmentState> small =
                unindexed.stream().filter(Maintenance::isSmall).toList();
        // Before new rows are indexed they become one fragment, as its part of the index cannot be merged with others.
        boolean beforeIndex = !head.segments().isEmpty() && small.size() > 1 && Head.rows(unindexed) >= MANY_UNINDEXED;
        if (small.size() >= MANY_SMALL || beforeIndex) {
            return Optional.of(ids(small));
        }
        Map<Object, List<FragmentState>> alike = new HashMap<>();
        for (FragmentState fragment : head.fragments()) {
            if (fragment.deletedRows() >= MANY_DELETED
                    && fragment.deletedRows() * DELETED_SHARE > fragment.rows() + fragment.deletedRows()) {
                return Optional.of(Set.of(fragment.id()));
            }
            if (fragment.rows() < Workshop.LARGEST_FRAGMENT / 2) {
                List<Object> key = List.of(
                        tier(fragment),
                        head.segmentOf(fragment)
                                .map(Segment::uuid)
                                .map(Object.class::cast)
                                .orElse(""));
                alike.computeIfAbsent(key, first -> new ArrayList<>()).add(fragment);
            }
        }
        return alike.values().stream()
                .filter(group -> group.size() >= MANY)
                .map(Maintenance::upToTheLargest)
                .filter(group -> group.size() > 1)
                .map(Maintenance::ids)
                .findFirst();
    }

    private static boolean isSmall(FragmentState fragment) {
        return fragment.rows() < SMALL_ROWS;
    }

    /** 0 for small ones, then one more for each eight times as many rows. */
    private static int tier(FragmentState fragment) {
        int tier = 0;
        for (long rows = fragment.rows(); rows >= SMALL_ROWS; rows /= MANY) {
            tier++;
        }
        return tier;
    }

    private static List<FragmentState> upToTheLargest(List<FragmentState> group) {
        long rows = 0;
        List<FragmentState> chosen = new ArrayList<>();
        for (FragmentState fragment : group.stream()
                .sorted(Comparator.comparingLong(FragmentState::rows))
                .toList()) {
            rows += fragment.rows();
            if (rows <= Workshop.LARGEST_FRAGMENT) {
                chosen.add(fragment);
            }
        }
        return chosen;
    }

    private static Set<Integer> ids(List<FragmentState> fragments) {
        return fragments.stream().map(FragmentState::id).collect(Collectors.toSet());
    }

    /** Fragments that are small, of all. */
    static long smallFragments(Head head) {
        return head.fragments().stream().filter(Maintenance::isSmall).count();
    }

    private String merge(Set<Integer> fragments) throws Exception {
        try (Scratch scratch = committer.onCommitThread(table::fullScratch)) {
            RewriteResult merged = Workshop.merge(scratch, fragments, table.allocator());
            committer.commitWork(() -> table.commitMerge(scratch, merged));
            return "fragments=" + table.head().fragments().size();
        }
    }

    // ---- the index

    /** Which index is to be built, if one is due: the kind that there is already stays. */
    private Optional<IndexKind> untrained(Head head) {
        if (head.segments().isEmpty()) {
            return head.rows() >= settings.indexRows() ? Optional.of(IndexKind.IVF_HNSW_SQ) : Optional.empty();
        }
        String[] trained = head.metadata().getOrDefault(TRAINED, "").split(" ", -1);
        if (trained.length != 2 || head.rows() < settings.indexRows()) {
            return Optional.empty();
        }
        return head.rows() >= GROWTH * Math.max(1, Long.parseLong(trained[1]))
                ? Optional.of(IndexKind.valueOf(trained[0]))
                : Optional.empty();
    }

    /** Builds an index of this kind over all rows, and measures how it is to be searched. */
    String train(IndexKind kind) throws Exception {
        long rows = table.head().rows();
        try (Scratch scratch = committer.onCommitThread(table::fullScratch)) {
            IndexChange built = Workshop.train(scratch, kind, table.allocator());
            committer.commitWork(() -> table.commitIndex(scratch, built));
        }
        serve.call();
        IndexTuning tuning = measure.index(kind);
        Map<String, String> notes = new TreeMap<>(tuning.toMetadata());
        notes.put(TRAINED, kind.name() + " " + rows);
        committer.commitWork(() -> table.describe(notes));
        return tuning.toString();
    }

    private String fold(int parts) throws Exception {
        try (Scratch scratch = committer.onCommitThread(table::fullScratch)) {
            IndexChange folded = Workshop.fold(scratch, parts, table.allocator());
            committer.commitWork(() -> table.commitIndex(scratch, folded));
            return "parts=" + table.head().segments().size();
        }
    }

    // ---- old versions

    private Cleanup.Removed cleanUp() throws IOException, ExecutionException, InterruptedException {
        long version = table.head().version();
        Cleanup.Removed removed = cleanup.run();
        cleanedVersion = version;
        cleaned = Stopwatch.started();
        return removed;
    }
}

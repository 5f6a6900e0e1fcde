package dev.glimpse.dataset;

import dev.glimpse.dataset.Head.FragmentState;
import dev.glimpse.dataset.Head.Segment;
import dev.glimpse.dataset.Workshop.IndexChange;
import dev.glimpse.vectors.Embedding;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lance.compaction.RewriteResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.task.AsyncTaskExecutor;

/**
 * Keeps the table in shape, one step at a time and only what is due: merges small fragments, builds the index and folds new
 * rows into it, removes old versions. Of several servers one does it at a time. Each step makes new files beside the old ones
 * and ends with a commit, so that searches and uploads do not wait for it. For one thread, and another one for work on the index,
 * which takes long: what comes meanwhile is merged all the same.
 *
 * <p>Fragments are merged when there are several of about the same size, so that a row is rewritten a few times for each order
 * of magnitude that the table has. Only fragments that the same part of the index has, or none, may become one.
 */
final class Maintenance {
    private static final Logger log = LoggerFactory.getLogger(Maintenance.class);

    /** Fragments of fewer rows are small. Searches by Lance pay for each, and each manifest lists it. */
    static final int SMALL_ROWS = 4_096;

    /** So many fragments of about the same size become one. Of small ones at most twice as many are there under load. */
    static final int MANY = 8;

    /** So much more than the smaller ones is too much to be rewritten with them. */
    private static final int OUTWEIGHS = 4;

    /** Urgency of what is to be done. */
    private static final double DUE = 1;

    /** Urgency of a merge that the index waits for: rows that come in meanwhile must not hold it up for long. */
    private static final double BEFORE_INDEX = 1.2;

    /** Urgency of what another server, whose turn it is, should have done by now. */
    private static final double URGENT = 1.5;

    /** Rows without an index, which searches by Lance scan. At most twice as many are there under load. */
    static final int MANY_UNINDEXED = 5_000;

    /** Parts of the index, each of which is searched; one more comes before some become one. See {@link LanceThreads}. */
    static final int MANY_PARTS = LanceThreads.NEEDED - 2;

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
    private final AsyncTaskExecutor indexing;
    private final PlanMeasure measure;
    private boolean holdsLease;
    private long cleanedVersion;
    private long oldestVersion;
    private Stopwatch cleaned = Stopwatch.started();
    private volatile boolean stopped;
    private volatile @Nullable Build build;
    private volatile @Nullable String working;
    private volatile @Nullable String failure;

    /**
     * @param betweenCleanups see {@link Timing}
     * @param writable whether the table is ours to change
     * @param serve makes the newest version the one that is read
     * @param indexing one thread, for work on the index
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
            AsyncTaskExecutor indexing,
            Supplier<List<Embedding>> recent) {
        this.table = table;
        this.committer = committer;
        this.lease = lease;
        this.cleanup = cleanup;
        this.settings = settings;
        this.betweenCleanups = betweenCleanups;
        this.writable = writable;
        this.serve = serve;
        this.indexing = indexing;
        this.measure = new PlanMeasure(table.reader(), settings, recent);
    }

    /**
     * A step, with the name that the log and {@code /stats} give it.
     *
     * @param urgency how many times as much has to be done as makes it due
     */
    private record Step(String name, double urgency, Callable<?> work) {}

    /**
     * Fragments that are to become one.
     *
     * @param urgency as for a step
     */
    record Merge(Set<Integer> fragments, double urgency) {}

    private interface IndexWork {
        String with(Scratch scratch) throws Exception;
    }

    /**
     * Work on the index that is under way.
     *
     * @param newestFragment that it reads; up to there no fragments may become others meanwhile
     */
    private record Build(String name, int newestFragment, CompletableFuture<String> end) {}

    /** Does all that is due; work on the index may go on when this returns. */
    // Nobody else hears of a failure here; the next call tries again.
    @SuppressWarnings("CatchingUnchecked")
    void run() {
        try {
            if (holdsLease) {
                lease.keep();
            }
            measure.candidates();
            boolean done = false;
            for (Optional<Step> due = due(table.head()); due.isPresent() && !stopped; due = due(table.head())) {
                Step step = due.get();
                holdsLease = holdsLease || lease.take(step.urgency >= URGENT);
                if (!holdsLease) {
                    return;
                }
                working = step.name;
                step.work.call();
                done = true;
            }
            if (done && build == null) {
                failure = null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failed(String.valueOf(working), e);
            if (!(e instanceof OutdatedException)) {
                lease.leaveToOthers();
            }
        } finally {
            working = null;
            releaseLease();
        }
    }

    private void failed(String step, Throwable e) {
        if (e instanceof OutdatedException) {
            log.info("{} again, as the table has changed meanwhile: {}", step, e.getMessage());
        } else {
            failure = step + ": " + e;
            log.warn("not done: {}", failure);
        }
    }

    private void releaseLease() {
        if (!holdsLease || build != null) {
            return;
        }
        holdsLease = false;
        try {
            lease.release();
        } catch (RuntimeException e) {
            log.warn("the lease stays for a while: {}", e.toString());
        }
    }

    private static <T> T timed(String name, Callable<T> work) throws Exception {
        long start = System.nanoTime();
        T result = work.call();
        log.info("maintenance={} millis={} result={}", name, (System.nanoTime() - start) / 1_000_000, result);
        return result;
    }

    /** Ends after the step that is being done. */
    void stop() {
        stopped = true;
    }

    @Nullable String working() {
        Build running = build;
        String step = working;
        return running == null || running.name.equals(step)
                ? step
                : step == null ? running.name : running.name + ", " + step;
    }

    @Nullable String failure() {
        return failure;
    }

    /** The most urgent: under such a load that one kind of work is always due again, the others have their turn as well. */
    private Optional<Step> due(Head head) {
        if (!writable.getAsBoolean() || !head.stableRowIds()) {
            return Optional.empty();
        }
        List<Step> due = new ArrayList<>();
        Build running = build;
        mergeable(head, running == null ? -1 : running.newestFragment)
                .ifPresent(merge -> due.add(step(
                        "merge " + merge.fragments.size() + " fragments",
                        merge.urgency,
                        () -> merge(merge.fragments))));
        if (running == null) {
            indexing(head).ifPresent(due::add);
        }
        double versions = (head.version() - cleanedVersion) / (double) VERSIONS_BETWEEN_CLEANUPS;
        if (versions >= DUE || (head.version() > oldestVersion && cleaned.isOver(betweenCleanups))) {
            due.add(step("clean up", Math.max(DUE, versions), this::cleanUp));
        }
        // Of equals the first, as the sort is stable.
        return due.stream()
                .sorted(Comparator.comparingDouble(Step::urgency).reversed())
                .findFirst();
    }

    private static Step step(String name, double urgency, Callable<?> work) {
        return new Step(name, urgency, () -> timed(name, work));
    }

    // ---- fragments

    /**
     * Fragments that are to become one.
     *
     * @param after only of those that came after this one
     */
    static Optional<Merge> mergeable(Head head, int after) {
        List<FragmentState> fragments = head.fragments().stream()
                .filter(fragment -> fragment.id() > after)
                .toList();
        List<FragmentState> unindexed = fragments.stream()
                .filter(fragment -> head.segmentOf(fragment).isEmpty())
                .toList();
        List<FragmentState> small =
                unindexed.stream().filter(Maintenance::isSmall).toList();
        // Before new rows are indexed they become one fragment, as its part of the index cannot be merged with others.
        if (!head.segments().isEmpty() && small.size() > 1 && Head.rows(unindexed) >= MANY_UNINDEXED) {
            return Optional.of(new Merge(ids(small), BEFORE_INDEX));
        }
        if (small.size() >= MANY) {
            return Optional.of(new Merge(ids(withoutTheHeaviest(small)), small.size() / (double) MANY));
        }
        Map<Object, List<FragmentState>> alike = new HashMap<>();
        for (FragmentState fragment : fragments) {
            if (fragment.deletedRows() >= MANY_DELETED
                    && fragment.deletedRows() * DELETED_SHARE > fragment.rows() + fragment.deletedRows()) {
                return Optional.of(new Merge(Set.of(fragment.id()), DUE));
            }
            if (fragment.rows() < Workshop.LARGEST_FRAGMENT / 2 && !small.contains(fragment)) {
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
                // Small ones of the index are what came while it was worked on: no others will join them.
                .filter(group -> group.size() >= MANY || (group.size() > 1 && isSmall(group.get(0))))
                .map(Maintenance::upToTheLargest)
                .filter(group -> group.size() > 1)
                .map(group -> new Merge(ids(group), Math.max(DUE, group.size() / (double) MANY)))
                .max(Comparator.comparingDouble(Merge::urgency));
    }

    /**
     * A fragment that outweighs all smaller ones together waits for more of them: else it would be rewritten each time that a
     * few rows came.
     */
    private static List<FragmentState> withoutTheHeaviest(List<FragmentState> small) {
        List<FragmentState> bySize = small.stream()
                .sorted(Comparator.comparingLong(FragmentState::rows))
                .toList();
        long rows = 0;
        int count = 0;
        for (FragmentState fragment : bySize) {
            if (count > 1 && fragment.rows() > OUTWEIGHS * rows) {
                break;
            }
            rows += fragment.rows();
            count++;
        }
        return bySize.subList(0, count);
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
            table.shipMerge(scratch);
            committer.commitWork(() -> table.commitMerge(scratch, merged));
            return "fragments=" + table.head().fragments().size();
        }
    }

    // ---- the index

    private Optional<Step> indexing(Head head) {
        int parts = head.segments().size();
        Optional<IndexKind> untrained = untrained(head);
        if (untrained.isPresent()) {
            return Optional.of(indexStep("build the index", DUE, scratch -> train(scratch, untrained.get())));
        }
        double unindexed = Head.rows(head.unindexed()) / (double) MANY_UNINDEXED;
        if (parts > 0 && unindexed >= DUE) {
            return Optional.of(indexStep("index new rows", unindexed, scratch -> fold(scratch, 0)));
        }
        return parts > MANY_PARTS
                ? Optional.of(indexStep("merge the index", DUE, scratch -> fold(scratch, parts - 1)))
                : Optional.empty();
    }

    private Step indexStep(String name, double urgency, IndexWork work) {
        return new Step(name, urgency, () -> {
            CompletableFuture<String> unused = begin(name, work).whenComplete((result, e) -> {
                if (e != null) {
                    failed(name, e);
                }
            });
            return true;
        });
    }

    /** Starts work on the index. To be called by the thread of {@link #run}, so that nothing is being merged. */
    private CompletableFuture<String> begin(String name, IndexWork work) throws Exception {
        CompletableFuture<String> end = new CompletableFuture<>();
        Scratch scratch = committer.onCommitThread(() -> {
            Scratch full = table.fullScratch();
            build = new Build(name, table.head().newestFragment(), end);
            return full;
        });
        Future<?> unused = indexing.submit(() -> {
            try (scratch) {
                String result = timed(name, () -> work.with(scratch));
                build = null;
                end.complete(result);
            } catch (Throwable e) {
                build = null;
                end.completeExceptionally(e);
            }
        });
        return end;
    }

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

    /**
     * Builds an index of this kind over all rows, whether or not one is due, and measures how it is to be searched. To be
     * called by the thread of {@link #run}; if work on the index is under way, waits for its end.
     */
    CompletableFuture<String> train(IndexKind kind) throws Exception {
        Build running = build;
        if (running != null) {
            running.end.handle((result, e) -> result).get();
        }
        return begin("build the index", scratch -> train(scratch, kind));
    }

    private String train(Scratch scratch, IndexKind kind) throws Exception {
        long rows = table.head().rows();
        IndexChange built = Workshop.train(scratch, kind, table.allocator());
        table.shipIndex(scratch, built);
        committer.commitWork(() -> table.commitIndex(scratch, built));
        serve.call();
        IndexTuning tuning = measure.index(kind);
        Map<String, String> notes = new TreeMap<>(tuning.toMetadata());
        notes.put(TRAINED, kind.name() + " " + rows);
        committer.commitWork(() -> table.describe(notes));
        return tuning.toString();
    }

    private String fold(Scratch scratch, int parts) throws Exception {
        IndexChange folded = Workshop.fold(scratch, parts, table.allocator());
        table.shipIndex(scratch, folded);
        committer.commitWork(() -> table.commitIndex(scratch, folded));
        return "parts=" + table.head().segments().size();
    }

    // ---- old versions

    private Cleanup.Removed cleanUp() throws IOException, ExecutionException, InterruptedException {
        long version = table.head().version();
        Cleanup.Removed removed = cleanup.run();
        cleanedVersion = version;
        oldestVersion = removed.oldest();
        cleaned = Stopwatch.started();
        return removed;
    }
}

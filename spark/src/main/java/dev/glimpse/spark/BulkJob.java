package dev.glimpse.spark;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.dataset.BulkBase;
import dev.glimpse.dataset.BulkFragment;
import dev.glimpse.dataset.BulkTable;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.image.IdSet;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.WorkingFolder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import java.util.function.UnaryOperator;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;

/**
 * A bulk job, as its driver runs it: sources without a row get one, in one commit. Safe to be run again, whatever happened to the run
 * before. For one thread.
 */
final class BulkJob {
    /** How long a job has the table after it has said last that it is alive. */
    static final Duration LEASE = Duration.ofMinutes(2);

    private static final int TELL_SECONDS = 5;

    private final JavaSparkContext spark;
    private final Settings settings;
    private final boolean anyAddress;
    private final Duration lease;
    private final Consumer<String> told;
    private final UnaryOperator<FlatMapFunction<Iterator<Source>, TaskReport>> around;
    private boolean begun;

    /**
     * @param anyAddress whether URLs may be of any address, also of the executors' own network
     * @param told gets lines about the progress
     */
    BulkJob(JavaSparkContext spark, Settings settings, boolean anyAddress, Consumer<String> told) {
        this(spark, settings, anyAddress, LEASE, told, task -> task);
    }

    /** @param around is put around what a task does, so that tests can let tasks fail */
    BulkJob(
            JavaSparkContext spark,
            Settings settings,
            boolean anyAddress,
            Duration lease,
            Consumer<String> told,
            UnaryOperator<FlatMapFunction<Iterator<Source>, TaskReport>> around) {
        this.spark = spark;
        this.settings = settings;
        this.anyAddress = anyAddress;
        this.lease = lease;
        this.told = told;
        this.around = around;
    }

    /** Whether the job has the table: before that, nothing was done. */
    boolean hasBegun() {
        return begun;
    }

    /**
     * Runs the job. After its commit nothing is thrown any more.
     *
     * @throws TableBusyException if another job has the table, or takes it
     * @throws ExecutionException if a task has failed for good; what others have written stays for the next job
     */
    Report run(JavaRDD<Source> sources) throws Exception {
        long start = System.nanoTime();
        Workshop workshop = Workshop.of(settings);
        RequestMeter requests = new RequestMeter();
        // A folder store has one writer, and this is its lock. Beside a bucket, servers on this machine have their own.
        Path data = settings.isBucket() ? settings.data().resolve("spark") : settings.data();
        try (WorkingFolder folder = WorkingFolder.open(data)) {
            return RequestMeter.measure(requests, () -> {
                try (BulkTable table = BulkTable.open(
                        workshop.store(),
                        folder.path().resolve("bulk"),
                        workshop.stamp(),
                        lease,
                        new DeleteMarks(workshop.store()))) {
                    return run(sources, table, requests, start);
                }
            });
        }
    }

    private Report run(JavaRDD<Source> sources, BulkTable table, RequestMeter requests, long start) throws Exception {
        begun = true;
        List<BulkFragment> left = table.left();
        IdSet lefts = new IdSet();
        left.forEach(fragment -> fragment.addTo(lefts));
        told.accept(String.format(
                Locale.ROOT,
                "The table has %,d rows in version %d.%s",
                table.rows(),
                table.version(),
                left.isEmpty()
                        ? ""
                        : String.format(Locale.ROOT, " A job that was stopped has left %,d rows.", lefts.size())));
        Broadcast<BulkBase> base = spark.broadcast(table.base());
        Broadcast<IdSet> known = spark.broadcast(table.ids());
        Broadcast<IdSet> waiting = spark.broadcast(lefts);
        Broadcast<IdSet> deleted =
                spark.broadcast(DeletedPictures.in(Workshop.of(settings).store()));
        LongAccumulator progress = spark.sc().longAccumulator("sources");
        List<TaskReport> reports = await(
                sources.mapPartitions(around.apply(
                                new WriteRows(settings, base, known, waiting, deleted, progress, anyAddress)))
                        .collectAsync(),
                table,
                progress,
                start);
        List<BulkFragment> written = new ArrayList<>(left);
        reports.forEach(report -> written.addAll(report.fragments()));
        told.accept(String.format(
                Locale.ROOT,
                "Committing %,d rows in %,d files.",
                written.stream().mapToLong(BulkFragment::rows).sum(),
                written.size()));
        BulkTable.Committed committed = table.commit(written);
        RequestMeter.Totals own = requests.totals();
        return new Report(
                sum(reports, TaskReport::looked),
                committed.rows(),
                sum(reports, TaskReport::left),
                sum(reports, TaskReport::known) + committed.already(),
                sum(reports, TaskReport::deleted),
                sum(reports, TaskReport::refused),
                sum(reports, TaskReport::failed),
                committed.gone(),
                committed.version(),
                committed.unfinished(),
                sum(reports, TaskReport::classA) + own.classA(),
                sum(reports, TaskReport::classB) + own.classB(),
                (System.nanoTime() - start) / 1e9,
                reports.stream().flatMap(report -> report.problems().stream()).toList());
    }

    private static long sum(List<TaskReport> reports, ToLongFunction<TaskReport> of) {
        return reports.stream().mapToLong(of).sum();
    }

    /** Waits for the tasks, tells how far they are, and follows the table. */
    private List<TaskReport> await(
            JavaFutureAction<List<TaskReport>> running, BulkTable table, LongAccumulator progress, long start)
            throws Exception {
        long seconds = Math.max(1, Math.min(TELL_SECONDS, lease.toSeconds() / 4));
        try {
            while (true) {
                try {
                    return running.get(seconds, TimeUnit.SECONDS);
                } catch (TimeoutException e) {
                    double took = (System.nanoTime() - start) / 1e9;
                    told.accept(String.format(
                            Locale.ROOT, "%,d looked at, %.1f a second", progress.value(), progress.value() / took));
                    if (!table.keep()) {
                        throw new TableBusyException("another bulk job has taken the table");
                    }
                }
            }
        } finally {
            if (!running.isDone()) {
                running.cancel(true);
            }
        }
    }

    /** What a failure says, of all that Spark wraps it in. */
    static String cause(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        String said = String.valueOf(cause.getMessage());
        return said.lines().findFirst().orElse(cause.toString());
    }
}

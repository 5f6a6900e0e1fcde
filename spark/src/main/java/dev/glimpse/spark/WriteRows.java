package dev.glimpse.spark;

import dev.glimpse.dataset.BulkBase;
import dev.glimpse.dataset.BulkFragment;
import dev.glimpse.dataset.BulkWriter;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.image.IdSet;
import dev.glimpse.storage.RequestMeter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.LongAccumulator;

/** One task: takes the pictures of a partition in, and writes their rows. May run several times, also at the same time: each run writes files of its own. */
final class WriteRows implements FlatMapFunction<Iterator<Source>, TaskReport> {
    private static final long serialVersionUID = 1;

    /** Of the refused and failed sources of one task, so many are told. */
    private static final int MOST_PROBLEMS = 1_000;

    private final Settings settings;
    private final Broadcast<BulkBase> base;
    private final Broadcast<IdSet> known;
    private final Broadcast<IdSet> left;
    private final Broadcast<IdSet> deleted;
    private final LongAccumulator progress;
    private final boolean anyAddress;

    WriteRows(
            Settings settings,
            Broadcast<BulkBase> base,
            Broadcast<IdSet> known,
            Broadcast<IdSet> left,
            Broadcast<IdSet> deleted,
            LongAccumulator progress,
            boolean anyAddress) {
        this.settings = settings;
        this.base = base;
        this.known = known;
        this.left = left;
        this.deleted = deleted;
        this.progress = progress;
        this.anyAddress = anyAddress;
    }

    @Override
    public Iterator<TaskReport> call(Iterator<Source> sources) throws Exception {
        TaskContext context = TaskContext.get();
        Workshop workshop = Workshop.of(settings);
        TableModels table = base.value().models();
        requireModel(workshop.stamp(), table.active().model());
        RequestMeter requests = new RequestMeter();
        Tally tally = new Tally();
        Path work = Files.createTempDirectory("glimpse-rows");
        try (UrlFetcher fetcher = Workshop.fetcher(anyAddress);
                RowIterator rows = new RowIterator(
                        sources,
                        new PictureIntake(
                                workshop,
                                table,
                                fetcher,
                                known.value(),
                                left.value(),
                                deleted.value(),
                                isAgain(context)),
                        tally,
                        requests,
                        context::isInterrupted)) {
            BulkWriter writer = new BulkWriter(workshop.store(), base.value(), work.resolve("rows"));
            List<BulkFragment> fragments = RequestMeter.measure(requests, () -> writer.write(rows));
            return List.of(tally.report(fragments, requests.totals())).iterator();
        } finally {
            Files.deleteIfExists(work);
        }
    }

    /** Attempts are counted anew when Spark begins the whole stage again, because it has lost an executor with what that had sent. */
    private static boolean isAgain(TaskContext context) {
        return context.attemptNumber() > 0 || context.stageAttemptNumber() > 0;
    }

    private static void requireModel(ModelStamp ours, ModelStamp tables) throws IOException {
        if (!ours.fingerprint().equals(tables.fingerprint())) {
            throw new ModelMismatchException(
                    "the table has vectors of the model " + tables.name() + " (" + tables.fingerprint()
                            + ") and this executor has " + ours.name() + " (" + ours.fingerprint() + ")");
        }
    }

    private final class Tally implements BiConsumer<Source, Outcome> {
        private final Map<Outcome.Kind, Long> counts = new EnumMap<>(Outcome.Kind.class);
        private final List<TaskReport.Problem> problems = new ArrayList<>();

        @Override
        public void accept(Source source, Outcome outcome) {
            counts.merge(outcome.kind(), 1L, Long::sum);
            progress.add(1);
            boolean isRefused = outcome.kind() == Outcome.Kind.REFUSED;
            if ((isRefused || outcome.kind() == Outcome.Kind.FAILED) && problems.size() < MOST_PROBLEMS) {
                problems.add(new TaskReport.Problem(source.shown(), isRefused, outcome.reason()));
            }
        }

        private long count(Outcome.Kind kind) {
            return counts.getOrDefault(kind, 0L);
        }

        TaskReport report(List<BulkFragment> fragments, RequestMeter.Totals requests) {
            return new TaskReport(
                    fragments,
                    counts.values().stream().mapToLong(Long::longValue).sum(),
                    count(Outcome.Kind.KNOWN),
                    count(Outcome.Kind.LEFT),
                    count(Outcome.Kind.DELETED),
                    count(Outcome.Kind.REFUSED),
                    count(Outcome.Kind.FAILED),
                    problems,
                    requests.classA(),
                    requests.classB());
        }
    }
}

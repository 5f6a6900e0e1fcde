package dev.glimpse.migration;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ModelColumns;
import dev.glimpse.dataset.ModelColumns.Batch;
import dev.glimpse.dataset.ModelColumns.Filling;
import dev.glimpse.dataset.OutdatedException;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.InvalidModelException;
import dev.glimpse.embedding.Models;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.vectors.Embedding;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

/**
 * Follows what the table says of its models: loads those that it has vectors of, and fills what is empty in their columns. One server of a bucket
 * fills at a time. Nothing but the table says what is left, so that each server can go on where another one stopped. Safe for use by several
 * threads. Owns a thread; close it after the last use.
 */
final class Migration implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Migration.class);

    /** Reading the table's models takes memory alone. */
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** After a failure, and before a model that was missing is looked for again. */
    private static final Duration PAUSE = Duration.ofSeconds(15);

    /** Time for what runs when the server stops: the pictures that are being embedded, or the file of a column. */
    private static final int CLOSE_SECONDS = 10;

    private final Models models;
    private final ModelColumns columns;
    private final VectorMaker maker;
    private final ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();

    /** Rows without a vector, as far as they have been counted. */
    private final Map<VectorColumn, Long> left = new ConcurrentHashMap<>();

    private volatile @Nullable Run run;
    private volatile @Nullable String failure;
    private volatile boolean elsewhere;

    // Of the thread alone.
    private final Map<VectorColumn, Filling> fillings = new HashMap<>();
    private final Map<ImageId, Embedding> made = new ConcurrentHashMap<>();
    private @Nullable VectorColumn madeOf;
    private final Set<String> missing = ConcurrentHashMap.newKeySet();
    private final Set<String> told = new HashSet<>();
    private Instant restsUntil = Instant.MIN;
    private boolean onceMore;

    /**
     * A column that is filled here.
     *
     * @param before rows that lacked a vector when it was begun
     * @param meter what the bucket was asked since
     */
    record Run(VectorColumn column, Instant started, long before, RequestMeter meter) {}

    Migration(Models models, ImageDataset dataset, VectorMaker maker) {
        this.models = models;
        this.columns = dataset.models();
        this.maker = maker;
        thread.setThreadFactory(StoreThreads.factory("migration-", StoreUse.UPKEEP));
        thread.setPoolSize(1);
        // Nothing may read the table when it is closed.
        thread.setAwaitTerminationSeconds(CLOSE_SECONDS);
        thread.initialize();
        try {
            follow();
        } catch (RuntimeException e) {
            // The server starts with the model that it has; the next step tries again.
            log.warn("the other model of the table is not here yet: {}", e.toString());
        }
        Future<?> unused =
                thread.scheduleWithFixedDelay(this::step, Instant.now().plus(LOOK), LOOK);
    }

    /** Rows without a vector in a column; null if they have not been counted yet. */
    @Nullable Long left(VectorColumn column) {
        return left.get(column);
    }

    /** What is being filled here; null if nothing is. */
    @Nullable Run run() {
        return run;
    }

    /** What went wrong last; null if nothing has since. */
    @Nullable String failure() {
        return failure;
    }

    /** Whether another server fills. */
    boolean isElsewhere() {
        return elsewhere;
    }

    /** Pictures that have got no vector, and why. */
    Map<ImageId, String> skipped() {
        return maker.skipped();
    }

    // Nobody else hears of a failure here; the next step tries again.
    @SuppressWarnings("CatchingUnchecked")
    private void step() {
        try {
            follow();
            if (Instant.now().isAfter(restsUntil)) {
                fill();
                failure = null;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (Exception e) {
            failure = String.valueOf(e.getMessage());
            restsUntil = Instant.now().plus(PAUSE);
            log.warn("the column of the other model is filled later: {}", e.toString());
        }
    }

    // ---- models

    /** Does this while no model is freed: one that was just loaded, and that the table does not name yet. */
    synchronized void undisturbed(Runnable change) {
        change.run();
    }

    /** Loads models that the table has vectors of, and frees others. */
    private synchronized void follow() {
        Optional<TableModels> table = columns.models();
        if (table.isEmpty()) {
            return;
        }
        Set<String> wanted = new HashSet<>();
        for (VectorColumn column : table.get().columns()) {
            String fingerprint = column.model().fingerprint();
            wanted.add(fingerprint);
            if (!columns.knows(fingerprint) && !missing.contains(fingerprint)) {
                load(column, fingerprint);
            }
        }
        missing.retainAll(wanted);
        told.retainAll(wanted);
        if (wanted.stream().anyMatch(columns::knows)) {
            for (String fingerprint : models.beside()) {
                if (!wanted.contains(fingerprint)) {
                    columns.set(fingerprint, false);
                    models.unload(fingerprint);
                }
            }
        }
    }

    private void load(VectorColumn column, String fingerprint) {
        try {
            Optional<Models.Here> here = models.find(fingerprint);
            if (here.isPresent()) {
                models.load(here.get());
                columns.set(fingerprint, true);
                return;
            }
            tell(
                    fingerprint,
                    "the table has vectors of the model " + column.model().name() + " (" + fingerprint
                            + "), which is not on this machine");
        } catch (InvalidModelException e) {
            tell(fingerprint, "the model " + column.model().name() + " cannot be used: " + e.getMessage());
        }
        missing.add(fingerprint);
        // It may be put there later.
        Future<?> unused = StoreThreads.scheduleUnlessShutDown(thread, PAUSE, () -> missing.remove(fingerprint));
    }

    /** Once, however often it is looked for. */
    private void tell(String fingerprint, String what) {
        if (told.add(fingerprint)) {
            log.warn("{}", what);
        }
    }

    // ---- vectors

    private void fill() throws Exception {
        TableModels table = columns.models().orElse(null);
        if (table == null || (table.other() == null && !onceMore)) {
            rest();
            return;
        }
        fillings.keySet().retainAll(table.columns());
        left.keySet().retainAll(table.columns());
        boolean all = true;
        for (VectorColumn column : table.columns()) {
            Filling filling = fillings.get(column);
            if (filling == null) {
                filling = columns.filling(column);
                fillings.put(column, filling);
                maker.forget();
            }
            long lacking = filling.left();
            left.put(column, lacking);
            Optional<ClipModel> model = models.of(column.model().fingerprint());
            // Those that get no vector are not tried again and again.
            if (model.isPresent() && lacking > 0) {
                all &= fill(column, filling, model.get());
            }
        }
        if (all) {
            // When one column has gone, rows of servers that lack the other's model may have come at the last moment.
            onceMore = table.other() != null;
            rest();
        }
    }

    private void rest() {
        if (run != null) {
            log.info(
                    "rows have their vectors, but for {} whose pictures cannot be embedded",
                    maker.skipped().size());
            columns.leaveFilling();
        }
        run = null;
        elsewhere = false;
        made.clear();
    }

    /** Fills until nothing is left, or another server does it. Says whether nothing is left. */
    private boolean fill(VectorColumn column, Filling filling, ClipModel model) throws Exception {
        for (Optional<Batch> next = filling.next(maker::wants); next.isPresent(); next = filling.next(maker::wants)) {
            if (!columns.mayFill()) {
                elsewhere = true;
                run = null;
                return false;
            }
            elsewhere = false;
            Run now = run;
            if (now == null || !now.column.equals(column)) {
                now = new Run(column, Instant.now(), left.getOrDefault(column, 0L), new RequestMeter());
                run = now;
                log.info(
                        "rows={} lack a vector of model={}",
                        now.before,
                        column.model().name());
            }
            Batch batch = next.get();
            if (!column.equals(madeOf)) {
                made.clear();
                madeOf = column;
            }
            try {
                boolean all = RequestMeter.measure(now.meter, () -> {
                    boolean each = maker.make(batch.ids(), model, made, columns::mayFill);
                    columns.fill(batch, made);
                    return each;
                });
                // Not if another server goes on, as the next turn of this loop finds out.
                boolean isStuck = all && made.isEmpty() && batch.ids().stream().allMatch(maker::wants);
                made.clear();
                if (isStuck) {
                    throw new IllegalStateException(
                            "no picture of " + batch.ids().size() + " can be decoded for now");
                }
            } catch (OutdatedException e) {
                // What was made counts for the next batch, which has the rows where they are by now.
                log.debug("the rows have moved meanwhile", e);
            }
            left.put(column, filling.left());
            if (!isWanted(column)) {
                return true;
            }
        }
        return true;
    }

    private boolean isWanted(VectorColumn column) {
        return columns.models().map(TableModels::columns).orElse(List.of()).contains(column);
    }

    /** Ends what runs, within a moment. Twice is fine. */
    @Override
    public void close() {
        thread.shutdown();
        maker.close();
    }
}

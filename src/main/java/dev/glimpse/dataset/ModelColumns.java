package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.LackingVectors;
import dev.glimpse.dataset.lance.LackingVectors.Lacking;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.VectorFill;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.table.OpenTable;
import dev.glimpse.dataset.table.TableSupervisor;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The columns of vectors that a table has, one for each of at most two models: what comes, is filled, becomes the active one and goes. Every
 * change is one commit, which all servers of the bucket follow. Safe for use by several threads. The changes wait for the bucket.
 */
public final class ModelColumns {
    /** A fill whose fragment changes this often meanwhile is left for later. */
    private static final int FILL_ATTEMPTS = 5;

    /** A batch is this share of a fragment, so that each row's neighbours are written again a bounded number of times. */
    private static final int BATCHES = 16;

    private static final int LEAST_BATCH = 256;
    private static final int LARGEST_BATCH = 8_192;

    private final TableSupervisor supervisor;
    private final KnownModels known;

    /** The table whose lease this server has to fill it; null if it has none. Of the thread that fills. */
    private @Nullable OpenTable filled;

    ModelColumns(TableSupervisor supervisor, KnownModels known) {
        this.supervisor = supervisor;
        this.known = known;
    }

    /** The models that the table says it has vectors of. Empty if the table is not open, or was not made by Glimpse. Reads memory alone. */
    public Optional<TableModels> models() {
        return supervisor.table().flatMap(table -> table.table().manifest().models());
    }

    /** The column that searches of this server use now. Empty if the table is not open. Reads memory alone. */
    public Optional<VectorColumn> served() {
        return supervisor.table().map(OpenTable::served);
    }

    /** Whether this server has the model with this fingerprint. */
    public boolean knows(String fingerprint) {
        return known.knows(fingerprint);
    }

    /** This server has a model from now on, or has it no more. Returns when searches use the column that follows from that. */
    public void set(String fingerprint, boolean here) {
        if (known.knows(fingerprint) != here) {
            known.set(fingerprint, here);
            supervisor.table().ifPresent(table -> table.modelsChanged().join());
        }
    }

    /**
     * Changes the models that the table has vectors of, on top of the newest version. Returns when that is committed and searches of this
     * server use it.
     *
     * @param next what they become, made from what the newest version says; what it throws is thrown, and nothing changes
     * @throws TableBusyException if other writers were faster each time
     * @throws TableUnavailableException if the table is not open
     */
    public void change(UnaryOperator<TableModels> next) {
        OpenTable table = supervisor.require();
        table.guard().requireWritable();
        work(() -> {
            table.commitLoop().commitWork(() -> table.table().changeModels(next));
            return table.refreshLoop().refreshed().get();
        });
    }

    /** The most rows that are filled at once, in a fragment of so many rows. */
    public static int batch(long rows) {
        return (int) Math.min(LARGEST_BATCH, Math.max(LEAST_BATCH, rows / BATCHES));
    }

    /** About how many commits it takes to fill a column. */
    public long fillCommits() {
        return supervisor
                .table()
                .map(table -> table.table().manifest().fragments().stream()
                        .mapToLong(fragment -> (fragment.rows() + batch(fragment.rows()) - 1) / batch(fragment.rows()))
                        .sum())
                .orElse(0L);
    }

    /**
     * Whether a column for a model can be filled on this server: the table with it must not be too large for the local copy.
     *
     * @throws TableUnavailableException if the table is not open
     */
    public boolean isRoomFor(ModelStamp model) {
        LanceTable table = supervisor.require().table();
        return work(() -> table.canStageAllFiles(table.manifest().rows() * model.dimension() * Float.BYTES));
    }

    /** What is left to be filled in a column. For one thread. */
    public final class Filling {
        private final VectorColumn column;
        private final LackingVectors lacking;

        private Filling(VectorColumn column) {
            this.column = column;
            this.lacking = new LackingVectors(column);
        }

        /**
         * Some pictures whose rows have no vector in the column, all of one fragment. Empty if there is none.
         *
         * @param wanted the pictures whose rows may be filled
         */
        public Optional<Batch> next(Predicate<ImageId> wanted) {
            LanceTable table = supervisor.require().table();
            return work(() -> table.nextLacking(lacking, wanted)).map(found -> Batch.of(column, found));
        }

        /** How many rows have no vector in the column. */
        public long left() {
            LanceTable table = supervisor.require().table();
            return work(() -> table.lackingRows(lacking));
        }
    }

    /**
     * Pictures whose rows are filled together.
     *
     * @param fragment that has the rows
     */
    public record Batch(VectorColumn column, int fragment, List<ImageId> ids) {
        private static Batch of(VectorColumn column, Lacking found) {
            int most = batch(found.rows());
            return new Batch(
                    column, found.fragment(), found.ids().stream().limit(most).toList());
        }
    }

    /** Begins to fill a column. Nothing is read before it is asked. */
    public Filling filling(VectorColumn column) {
        return new Filling(column);
    }

    /**
     * Commits vectors of a batch. Rows that were deleted or moved to another fragment meanwhile are left out: they are in no batch any more,
     * or in a later one.
     *
     * @throws OutdatedException if the fragment or the column is gone, or the fragment has changed each time
     * @throws TableBusyException if other writers were faster each time
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public void fill(Batch batch, Map<ImageId, Embedding> vectors) {
        OpenTable table = supervisor.require();
        @Nullable OutdatedException outdated = null;
        for (int i = 0; i < FILL_ATTEMPTS; i++) {
            try {
                work(() -> fillOnce(table, batch, vectors));
                return;
            } catch (OutdatedException e) {
                outdated = e;
            }
        }
        if (outdated != null) {
            throw outdated;
        }
    }

    private static boolean fillOnce(OpenTable table, Batch batch, Map<ImageId, Embedding> vectors) throws Exception {
        LanceTable lance = table.table();
        try (StagedVersion staged = table.commitLoop().onCommitThread(lance::stageAllFiles)) {
            Optional<VectorFill.Filled> filled =
                    VectorFill.fill(staged, batch.column(), batch.fragment(), vectors, lance.datasets());
            if (filled.isPresent()) {
                lance.shipFill(staged);
                table.commitLoop().commitWork(() -> lance.commitFill(staged, filled.get()));
            }
            return filled.isPresent();
        }
    }

    /** Whether this server may fill, and no other one does. To be asked before each batch and in the middle of it, on one thread. */
    public boolean mayFill() {
        OpenTable table = supervisor.require();
        if (!table.equals(filled)) {
            filled = table.fillLease().take(false) ? table : null;
        } else {
            filled = table.fillLease().keep() ? table : null;
        }
        return filled != null;
    }

    /** Lets other servers fill. On the thread of {@link #mayFill}. */
    public void leaveFilling() {
        OpenTable table = filled;
        filled = null;
        if (table != null) {
            table.fillLease().release();
        }
    }

    private interface Work<T> {
        T get() throws Exception;
    }

    private static <T> T work(Work<T> work) {
        try {
            return work.get();
        } catch (RuntimeException e) {
            throw e;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TableBusyException("interrupted while waiting for the table");
        } catch (IOException e) {
            throw new DamagedTableException(
                    "the rows cannot be read or written: " + DamagedTableException.sentence(e), e);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}

package dev.glimpse.dataset.table;

import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.dataset.commit.GroupCommit;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.Manifest;
import org.jspecify.annotations.Nullable;

/** Says whether an open table may be written and searched by this server, and why not. Reads memory alone; any thread. */
public final class TableGuard {
    private final String address;
    private final KnownModels known;
    private final LanceTable table;
    private final GroupCommit groupCommit;

    /**
     * @param address how an operator names the table
     * @param known the models that this server has
     */
    TableGuard(String address, KnownModels known, LanceTable table, GroupCommit groupCommit) {
        this.address = address;
        this.known = known;
        this.table = table;
        this.groupCommit = groupCommit;
    }

    /** The model that the table says it was made with; null if it says nothing. */
    @Nullable ModelStamp stamp() {
        return ModelStamp.of(table.manifest().metadata()).orElse(null);
    }

    /**
     * Makes sure that the table has embeddings of this server's model.
     *
     * @throws ModelMismatchException if the table was made with another model
     */
    void requireSameModel() {
        ModelStamp stamp = stamp();
        if (stamp != null && !isOurs(stamp)) {
            throw new ModelMismatchException(otherModel(stamp));
        }
    }

    /**
     * Makes sure that rows can be added.
     *
     * @throws ModelMismatchException if the table was made with another model
     * @throws TableUnavailableException if rows cannot be committed for now
     * @throws ForeignTableException if no row of ours fits into the table
     */
    public void requireWritable() {
        requireSameModel();
        String problem = problem();
        if (problem != null && groupCommit.failure() != null) {
            throw new TableUnavailableException(problem);
        }
        if (problem != null) {
            throw new ForeignTableException(problem);
        }
    }

    /**
     * Makes sure that the table can be searched.
     *
     * @throws ModelMismatchException if the table was made with another model
     * @throws ForeignTableException if the table has no vectors of the model's dimension
     */
    void requireSearchable() {
        requireSameModel();
        if (table.manifest().unsearchable() != null) {
            throw new ForeignTableException(String.valueOf(problem()));
        }
    }

    /** Why no row can be added, in a sentence; null if one can. */
    @Nullable String problem() {
        Manifest manifest = table.manifest();
        ModelStamp stamp = stamp();
        if (stamp == null) {
            return "the table " + address + " lacks the metadata " + ModelStamp.KEYS
                    + ": it was not made by Glimpse, so it is "
                    + (manifest.unsearchable() == null
                            ? "searched and not written"
                            : "not written; nor can it be searched, as " + manifest.unsearchable());
        }
        if (!isOurs(stamp)) {
            return otherModel(stamp);
        }
        if (manifest.unwritable() != null) {
            return "no picture can be added to the table " + address + ": " + manifest.unwritable()
                    + ". Undo that change with the client that made it, or restore an older version of the table";
        }
        String failure = groupCommit.failure();
        return failure == null ? null : "rows wait and cannot be committed to the table " + address + ": " + failure;
    }

    private boolean isOurs(ModelStamp stamp) {
        return known.knows(stamp.fingerprint())
                || table.manifest()
                        .models()
                        .flatMap(models -> models.servedBy(known::knows))
                        .isPresent();
    }

    private String otherModel(ModelStamp stamp) {
        ModelStamp model = known.configured();
        return "the table " + address + " was made with the model " + stamp.name() + " (" + stamp.fingerprint()
                + ") and this server has " + model.name() + " (" + model.fingerprint()
                + "): start it with the table's model, or with another bucket or folder";
    }
}

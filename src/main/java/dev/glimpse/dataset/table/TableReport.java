package dev.glimpse.dataset.table;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableStamp;
import dev.glimpse.dataset.TableState;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.lance.LocalRows;
import dev.glimpse.dataset.lance.Manifest;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.dataset.lance.TableSchema;
import dev.glimpse.dataset.upkeep.MergePolicy;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes the {@link TableState} of whichever table is open, or of none. Reads memory alone; any thread. */
public final class TableReport {
    private final TableSupervisor supervisor;
    private final String address;
    private final ModelStamp model;

    /**
     * @param address how an operator names the table
     * @param model of this server
     */
    public TableReport(TableSupervisor supervisor, String address, ModelStamp model) {
        this.supervisor = supervisor;
        this.address = address;
        this.model = model;
    }

    /** What {@code /stats} shows. */
    public TableState state() {
        return supervisor.table().map(this::stateOf).orElseGet(this::stateOfNone);
    }

    /** Why no row can be added, in a sentence; null if one can. */
    @Nullable String problem() {
        String trouble = supervisor.trouble();
        if (trouble != null) {
            return trouble;
        }
        OpenTable table = supervisor.table().orElse(null);
        return table == null
                ? "the table " + address + " is closed"
                : table.guard().problem();
    }

    private TableState stateOf(OpenTable table) {
        Manifest manifest = table.manifest();
        Snapshot served = table.table().snapshots().current();
        LocalRows local = served.rows();
        return new TableState(
                address,
                manifest.rows(),
                table.ledger().pendingRows(),
                manifest.version(),
                manifest.fragments().size(),
                manifest.bytes(),
                manifest.columns(),
                served.indices().stream()
                        .map(index -> index.of(manifest.rows()))
                        .toList(),
                served.isLocal() ? TableState.Reading.LOCAL : TableState.Reading.BUCKET,
                table.reader().searchState(),
                new TableState.MaintenanceState(
                        MergePolicy.smallFragments(manifest),
                        manifest.segments().isEmpty() ? 0 : Manifest.rows(manifest.unindexed()),
                        manifest.fragments().stream()
                                .mapToLong(Manifest.FragmentState::deletedRows)
                                .sum(),
                        table.maintenance().working(),
                        table.maintenance().failure()),
                table.guard().stamp(),
                local == null ? 0 : local.skipped(),
                local == null ? null : local.pictureBytes(),
                problem(),
                warning(table));
    }

    private TableState stateOfNone() {
        return new TableState(
                address,
                0,
                0,
                0,
                0,
                0,
                TableSchema.describe(TableSchema.schema(model.dimension())),
                List.of(),
                TableState.Reading.LOCAL,
                TableState.SearchState.NONE,
                TableState.MaintenanceState.NONE,
                null,
                0,
                null,
                problem(),
                null);
    }

    /** That searches use another model than those of other servers; null if they do not. */
    private static @Nullable String otherModel(OpenTable table) {
        VectorColumn served = table.served();
        return table.manifest()
                .models()
                .map(TableModels::active)
                .filter(active -> !active.equals(served) && table.manifest().unsearchable() == null)
                .map(active ->
                        "this server lacks the model " + active.model().name() + ", which is the active one of the"
                                + " table, and searches with " + served.model().name()
                                + ": put its folder beside the one of GLIMPSE_MODEL")
                .orElse(null);
    }

    /** What is not as it should be, though rows can be added; null if nothing is. */
    private @Nullable String warning(OpenTable table) {
        if (TableStamp.of(table.manifest().metadata())
                .map(TableStamp::incomplete)
                .orElse(false)) {
            return "the table " + address
                    + " was made when there were pictures already, and those without a row are not found:"
                    + " scripts/verify --repair adds their rows";
        }
        String failure = table.refreshLoop().failure();
        return failure == null ? otherModel(table) : failure;
    }
}

package dev.glimpse.dataset;

import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * What a table says of itself, in its metadata, beside its model.
 *
 * @param id tells this table from all others, at whatever place: made by chance when the table is
 * @param incomplete whether pictures were in the store before the table, and some of them may have no row
 */
public record TableStamp(String id, boolean incomplete) {
    private static final String ID = "glimpse.table.id";
    private static final String INCOMPLETE = "glimpse.table.incomplete";

    public static TableStamp fresh(boolean incomplete) {
        return new TableStamp(UUID.randomUUID().toString(), incomplete);
    }

    public Map<String, String> toMetadata() {
        return Map.of(ID, id, INCOMPLETE, Boolean.toString(incomplete));
    }

    /** Empty for a table of other software, or of a Glimpse before tables had an id. */
    public static Optional<TableStamp> of(Map<String, String> metadata) {
        return Optional.ofNullable(metadata.get(ID))
                .map(id -> new TableStamp(id, Boolean.parseBoolean(metadata.get(INCOMPLETE))));
    }

    /** What this table says of itself when every picture has its row. */
    public TableStamp complete() {
        return new TableStamp(id, false);
    }
}

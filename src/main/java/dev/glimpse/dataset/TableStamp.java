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
record TableStamp(String id, boolean incomplete) {
    private static final String ID = "glimpse.table.id";
    private static final String INCOMPLETE = "glimpse.table.incomplete";

    static TableStamp fresh(boolean incomplete) {
        return new TableStamp(UUID.randomUUID().toString(), incomplete);
    }

    Map<String, String> toMetadata() {
        return Map.of(ID, id, INCOMPLETE, Boolean.toString(incomplete));
    }

    /** Empty for a table of other software, or of a Glimpse before tables had an id. */
    static Optional<TableStamp> of(Map<String, String> metadata) {
        return Optional.ofNullable(metadata.get(ID))
                .map(id -> new TableStamp(id, Boolean.parseBoolean(metadata.get(INCOMPLETE))));
    }

    /** What this table says of itself when every picture has its row. */
    TableStamp complete() {
        return new TableStamp(id, false);
    }
}

package dev.glimpse.dataset;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a table says of itself, in its metadata, beside its model.
 *
 * @param id tells this table from all others, at whatever place: made by chance when the table is
 * @param incomplete whether pictures were in the store before the table, and some of them may have no row
 */
public record TableStamp(String id, boolean incomplete) {
    private static final String ID = "glimpse.table.id";
    private static final Pattern ID_IN_MANIFEST = Pattern.compile("glimpse\\.table\\.id\\x12\\x24([0-9a-f-]{36})");

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

    /**
     * The id of the table that these bytes are a manifest of. A manifest is a message of Protocol Buffers, which keeps an entry of a map as
     * the key, and after two bytes the value.
     */
    public static Optional<String> idIn(byte[] manifest) {
        Matcher found = ID_IN_MANIFEST.matcher(new String(manifest, StandardCharsets.ISO_8859_1));
        return found.find() ? Optional.of(found.group(1)) : Optional.empty();
    }

    /** What this table says of itself when every picture has its row. */
    public TableStamp complete() {
        return new TableStamp(id, false);
    }
}

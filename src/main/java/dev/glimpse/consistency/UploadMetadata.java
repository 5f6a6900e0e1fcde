package dev.glimpse.consistency;

import dev.glimpse.dataset.RowNotes;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an uploader says of a picture. It travels with the object, so that the row can be derived again from the bucket
 * alone.
 *
 * @param filename cut to 200 bytes; directories that some clients send are left out
 * @param caption null if none was given
 * @param tags without blanks around them; empty ones are left out
 */
public record UploadMetadata(
        @Nullable String filename, @Nullable String caption, List<String> tags) {
    private static final String ENTRY = "glimpse";

    /** S3 allows 2 KB of metadata in all. */
    private static final int METADATA_BYTES = 2_000;

    private static final int FILENAME_BYTES = 200;
    private static final JsonMapper JSON = JsonMapper.shared();

    public UploadMetadata {
        filename = blankToNull(filename == null ? null : cut(filename.substring(lastSeparator(filename) + 1)));
        caption = blankToNull(caption);
        tags = tags.stream()
                .map(tag -> wellFormed(tag).strip())
                .filter(tag -> !tag.isEmpty())
                .toList();
    }

    /** The same, with this caption; none if it is null or blank. */
    public UploadMetadata withCaption(@Nullable String other) {
        return new UploadMetadata(filename, other, tags);
    }

    /** The same, with these tags and no others. */
    public UploadMetadata withTags(List<String> others) {
        return new UploadMetadata(filename, caption, others);
    }

    public String displayName() {
        return filename == null ? "(no name)" : "\"" + filename + "\"";
    }

    /**
     * What an object in the store says of itself.
     *
     * @param group of uploads that it came in with, null if it does not say
     * @param uploadedAt null if it does not say
     */
    public record Stored(@Nullable String group, @Nullable Instant uploadedAt, UploadMetadata notes) {
        /** The same upload, of which something else is said. */
        Stored with(UploadMetadata other) {
            return new Stored(group, uploadedAt, other);
        }

        /**
         * What an object says that says all of this. See {@link UploadMetadata#toMetadata}.
         *
         * @throws MetadataTooLongException if it is too long
         */
        Map<String, String> toMetadata() {
            return notes.toMetadata(group, uploadedAt);
        }

        /** What the row of the picture has to say. */
        RowNotes rowNotes() {
            return new RowNotes(notes.filename(), notes.caption(), notes.tags(), uploadedAt);
        }
    }

    /** Whether an object says something that we have written, or an uploader in our way. */
    static boolean isSaid(Map<String, String> metadata) {
        return metadata.containsKey(ENTRY);
    }

    /** Reads what {@link #toMetadata} has written. Objects of other software say nothing that we understand. */
    public static Stored fromMetadata(Map<String, String> metadata) {
        try {
            byte[] encoded = metadata.getOrDefault(ENTRY, "").getBytes(StandardCharsets.US_ASCII);
            JsonNode notes = JSON.readTree(Base64.getUrlDecoder().decode(encoded));
            return new Stored(
                    notes.path("group").asStringOpt().orElse(null),
                    notes.path("uploadedAt").asStringOpt().map(Instant::parse).orElse(null),
                    new UploadMetadata(
                            notes.path("filename").asStringOpt().orElse(null),
                            notes.path("caption").asStringOpt().orElse(null),
                            notes.path("tags")
                                    .valueStream()
                                    .map(JsonNode::asString)
                                    .toList()));
        } catch (IllegalArgumentException | DateTimeException | JacksonException e) {
            return new Stored(null, null, new UploadMetadata(null, null, List.of()));
        }
    }

    /**
     * One entry, {@code glimpse}: base64url of a JSON object.
     *
     * @param group of uploads that the picture comes in with; null if none is known
     * @param uploadedAt null if it is not known
     * @throws MetadataTooLongException if it is longer than 2,000 bytes
     */
    public Map<String, String> toMetadata(@Nullable String group, @Nullable Instant uploadedAt) {
        Map<String, Object> notes = new LinkedHashMap<>();
        if (group != null) {
            notes.put("group", group);
        }
        if (uploadedAt != null) {
            notes.put("uploadedAt", uploadedAt.toString());
        }
        if (filename != null) {
            notes.put("filename", filename);
        }
        int without = JSON.writeValueAsBytes(notes).length;
        if (caption != null) {
            notes.put("caption", caption);
        }
        if (!tags.isEmpty()) {
            notes.put("tags", tags);
        }
        byte[] json = JSON.writeValueAsBytes(notes);
        String encoded = Base64.getUrlEncoder().withoutPadding().encodeToString(json);
        if (encoded.length() > METADATA_BYTES) {
            // Base64 makes four characters of three bytes.
            int room = METADATA_BYTES / 4 * 3 - without;
            throw new MetadataTooLongException("caption and tags take " + (json.length - without)
                    + " bytes as JSON in UTF-8, and at most " + room + " fit beside the file name of this picture");
        }
        return Map.of(ENTRY, encoded);
    }

    private static int lastSeparator(String name) {
        return Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\'));
    }

    private static String cut(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= FILENAME_BYTES) {
            return name;
        }
        int end = FILENAME_BYTES;
        while ((bytes[end] & 0xC0) == 0x80) {
            end--; // within a character
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }

    /** Half a character cannot be written down, and becomes a question mark. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static @Nullable String blankToNull(@Nullable String text) {
        return text == null || text.isBlank() ? null : wellFormed(text).strip();
    }
}

package dev.glimpse.consistency;

import dev.glimpse.dataset.RowNotes;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an uploader says of a picture. It travels with the object, so that the row can be derived again from the bucket
 * alone.
 *
 * @param filename cut to 255 characters, before its extension; directories that some clients send are left out
 * @param caption null if none was given
 * @param tags without blanks around them; empty ones are left out
 */
public record UploadMetadata(
        @Nullable String filename, @Nullable String caption, List<String> tags) {
    /** No file name, no caption and no tags. */
    public static final UploadMetadata NOTHING = new UploadMetadata(null, null, List.of());

    private static final String ENTRY = "glimpse";

    /** S3 allows 2 KB of metadata in all. */
    private static final int METADATA_BYTES = 2_000;

    /** Of JSON, which base64 makes into so many bytes of metadata. */
    private static final int JSON_BYTES = METADATA_BYTES / 4 * 3;

    /** What the JSON has besides the characters of file name, caption and tags, at most: names, a group and a time. */
    private static final int FRAME_BYTES = 120;

    /** As file systems have it; Windows and macOS count no bytes. */
    private static final int FILENAME_CHARACTERS = 255;

    /** So much of a long file name stays, in bytes, however long caption and tags are. */
    private static final int FILENAME_BYTES = 200;

    /** Longer ones are no extensions but sentences with a dot. */
    private static final int EXTENSION_CHARACTERS = 16;

    private static final JsonMapper JSON = JsonMapper.shared();

    public UploadMetadata {
        filename = blankToNull(
                filename == null ? null : cut(filename.substring(lastSeparator(filename) + 1), FILENAME_CHARACTERS));
        caption = blankToNull(caption);
        tags = tags.stream()
                .map(tag -> wellFormed(tag).strip())
                .filter(tag -> !tag.isEmpty())
                .toList();
    }

    /**
     * Gives these notes a file name that fits into an object's metadata beside caption and tags, cut before its extension if it has to
     * be. The first 200 bytes of it fit in any case.
     *
     * @throws MetadataTooLongException if caption and tags are too long; the message says it in characters
     */
    public UploadMetadata fitted() {
        int room = JSON_BYTES - FRAME_BYTES - bytes(caption) - bytes(tags);
        int name = bytes(filename);
        if (room < Math.min(name, FILENAME_BYTES)) {
            throw new MetadataTooLongException(tooLong(JSON_BYTES - FRAME_BYTES - Math.min(name, FILENAME_BYTES)));
        }
        String cut = filename;
        while (cut != null && bytes(cut) > room) {
            cut = cut(cut, cut.codePointCount(0, cut.length()) - 1);
        }
        return name <= room ? this : new UploadMetadata(cut, caption, tags);
    }

    /** @param room of caption and tags together, in bytes */
    private String tooLong(int room) {
        if (caption != null && bytes(tags) < room) {
            return String.format(
                    Locale.ROOT,
                    "the caption has %,d characters; at most %,d of these fit%s",
                    characters(caption),
                    charactersThatFit(caption, room - bytes(tags)),
                    tags.isEmpty() ? "" : " beside the tags");
        }
        int most = most(tags.size(), count -> bytes(tags.subList(0, count)) <= room);
        if (most == 0) {
            String tag = tags.get(0);
            return String.format(
                    Locale.ROOT,
                    "a tag has %,d characters; at most %,d of these fit",
                    characters(tag),
                    charactersThatFit(tag, room - 2));
        }
        int all = tags.stream().mapToInt(UploadMetadata::characters).sum();
        return String.format(
                Locale.ROOT,
                "there are %,d tags with %,d characters in all; the first %,d tags fit",
                tags.size(),
                all,
                most);
    }

    private static int charactersThatFit(String text, int room) {
        return most(characters(text), count -> bytes(text.substring(0, text.offsetByCodePoints(0, count))) <= room);
    }

    /** The largest number up to a limit that still fits, when all smaller ones do; 0 if none does. */
    private static int most(int limit, IntPredicate fits) {
        int fitting = 0;
        int tooMany = limit + 1;
        while (tooMany - fitting > 1) {
            int middle = (fitting + tooMany) >>> 1;
            if (fits.test(middle)) {
                fitting = middle;
            } else {
                tooMany = middle;
            }
        }
        return fitting;
    }

    private static int characters(String text) {
        return text.codePointCount(0, text.length());
    }

    /** What the text takes in JSON, between its quotes. */
    private static int bytes(@Nullable String text) {
        return text == null ? 0 : JSON.writeValueAsBytes(text).length - 2;
    }

    /** What the tags take in JSON, between the brackets. */
    private static int bytes(List<String> tags) {
        return JSON.writeValueAsBytes(tags).length - 2;
    }

    /** Copies these notes, with another caption; without one if it is null or blank. */
    public UploadMetadata withCaption(@Nullable String other) {
        return new UploadMetadata(filename, other, tags);
    }

    /** Copies these notes, with other tags in place of all that there are. */
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
        /** Copies what the object says, with other notes. */
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
            return new Stored(null, null, NOTHING);
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

    /** Leaves out whole characters before the extension, as it says what the file is. */
    private static String cut(String name, int characters) {
        if (name.codePointCount(0, name.length()) <= characters) {
            return name;
        }
        int dot = name.lastIndexOf('.');
        boolean hasExtension = dot > 0 && name.codePointCount(dot, name.length()) <= EXTENSION_CHARACTERS;
        String extension = hasExtension ? name.substring(dot) : "";
        int kept = characters - extension.codePointCount(0, extension.length());
        return name.substring(0, name.offsetByCodePoints(0, Math.max(0, kept))) + extension;
    }

    /** Half a character cannot be written down, and becomes a question mark. */
    private static String wellFormed(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static @Nullable String blankToNull(@Nullable String text) {
        return text == null || text.isBlank() ? null : wellFormed(text).strip();
    }
}

package dev.glimpse.bulk;

import dev.glimpse.bulk.source.Sink;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/**
 * Finds caption and tags of a picture: in a table of captions, else in files beside it, else in its own metadata. Caption and tags may
 * come from different places. For all threads.
 */
final class NotesFinder {
    private final @Nullable CaptionTable table;
    private final boolean hasSidecars;
    private final boolean hasMetadata;

    /** Reads a picture again from its first byte. */
    interface Opening {
        InputStream open() throws IOException;
    }

    /**
     * @param table null if there is none
     * @param hasSidecars whether files beside the picture are read
     * @param hasMetadata whether the picture's own metadata is read
     */
    NotesFinder(@Nullable CaptionTable table, boolean hasSidecars, boolean hasMetadata) {
        this.table = table;
        this.hasSidecars = hasSidecars;
        this.hasMetadata = hasMetadata;
    }

    /** Whether a file is one that is read with the picture beside it. */
    boolean isSidecar(String name) {
        String small = name.toLowerCase(Locale.ROOT);
        return hasSidecars && (small.endsWith(".txt") || small.endsWith(".json"));
    }

    /**
     * What is said of a picture.
     *
     * @throws IOException if something is said that cannot be read
     */
    Notes find(String name, Opening picture, Sink.Beside beside) throws IOException {
        Notes notes = table == null ? Notes.NONE : table.find(name);
        if (hasSidecars) {
            notes = notes.or(beside(name, beside));
        }
        if (hasMetadata && (notes.caption() == null || notes.tags().isEmpty())) {
            try (InputStream in = picture.open()) {
                notes = notes.or(EmbeddedNotes.of(in));
            }
        }
        return notes;
    }

    /** {@code cat.jpg.json}, {@code cat.json}, {@code cat.jpg.txt} and {@code cat.txt} of {@code cat.jpg}. */
    private static Notes beside(String name, Sink.Beside beside) throws IOException {
        Set<String> starts = new LinkedHashSet<>(List.of(name));
        int dot = name.lastIndexOf('.');
        if (dot > name.lastIndexOf('/') + 1) {
            starts.add(name.substring(0, dot));
        }
        Notes notes = Notes.NONE;
        for (String start : starts) {
            byte[] bytes = beside.read(start + ".json");
            if (bytes != null) {
                notes = notes.or(ofJson(start + ".json", bytes));
            }
        }
        for (String start : starts) {
            byte[] bytes = beside.read(start + ".txt");
            if (bytes != null) {
                notes = notes.or(new Notes(new String(bytes, StandardCharsets.UTF_8), List.of()));
            }
        }
        return notes;
    }

    private static Notes ofJson(String name, byte[] bytes) throws IOException {
        try {
            Json said = Json.of(bytes);
            Json tags = said.at("tags");
            List<String> list = new ArrayList<>();
            if (tags.isArray()) {
                tags.items().forEach(tag -> list.add(tag.text()));
            } else {
                list.addAll(List.of(tags.text().split(",", -1)));
            }
            return new Notes(said.at("caption").text(), list);
        } catch (JacksonException e) {
            throw new IOException(name + " is no JSON", e);
        }
    }
}

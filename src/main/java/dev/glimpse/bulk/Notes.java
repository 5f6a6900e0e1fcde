package dev.glimpse.bulk;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is said of a picture.
 *
 * @param caption null if there is none
 * @param tags without commas
 */
record Notes(@Nullable String caption, List<String> tags) {
    static final Notes NONE = new Notes(null, List.of());

    Notes {
        caption = caption == null || caption.isBlank() ? null : caption.strip();
        // The server parts tags at commas.
        tags = tags.stream()
                .map(tag -> tag.replace(',', ' ').strip())
                .filter(tag -> !tag.isEmpty())
                .distinct()
                .toList();
    }

    boolean isEmpty() {
        return caption == null && tags.isEmpty();
    }

    /** These, and of the others what these do not say. */
    Notes or(Notes others) {
        return new Notes(caption == null ? others.caption : caption, tags.isEmpty() ? others.tags : tags);
    }

    /** Tags as the server takes them. */
    String tagsText() {
        return String.join(",", tags);
    }
}

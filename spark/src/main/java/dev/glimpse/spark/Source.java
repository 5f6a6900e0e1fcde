package dev.glimpse.spark;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where one picture comes from.
 *
 * @param place a key of the store, or a URL
 * @param isUrl whether it is a URL
 * @param bytes size of the object, as a listing says it; -1 if that is not known
 * @param caption null if there is none
 */
record Source(
        String place, boolean isUrl, long bytes, @Nullable String caption, List<String> tags) implements Serializable {
    static Source key(String key, long bytes) {
        return new Source(key, false, bytes, null, List.of());
    }

    static Source url(String url, @Nullable String caption, List<String> tags) {
        return new Source(url, true, -1, caption, tags);
    }

    /** The place as people and reports get it: of a URL without user name and query, which may have keys in them. */
    String shown() {
        return isUrl ? place.replaceFirst("(?s)[?#].*$", "").replaceFirst("//[^/]*@", "//") : place;
    }

    /** What comes after the last slash, without the query of a URL: the file name of the picture. */
    String name() {
        String path = shown();
        return path.substring(path.lastIndexOf('/') + 1);
    }
}

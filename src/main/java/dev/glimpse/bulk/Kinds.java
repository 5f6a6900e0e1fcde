package dev.glimpse.bulk;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names kinds of files that are left out: by extension and reason. */
final class Kinds {
    private static final Pattern EXTENSION = Pattern.compile(".+\\.([A-Za-z0-9_-]{1,10})");

    /** Names that others have chosen could be all different. */
    private static final int MOST = 500;

    private Kinds() {}

    /**
     * The kind of a file; one without an extension is called so, or by its name if it is a hidden one.
     *
     * @param known kinds that there are already
     */
    static String of(String name, String reason, Set<String> known) {
        String kind = kind(name) + " (" + reason + ")";
        return known.contains(kind) || known.size() < MOST ? kind : "others";
    }

    private static String kind(String name) {
        if (name.endsWith("/")) {
            return "folder";
        }
        String path = name.contains("://") ? name.replaceAll("[?#].*", "") : name;
        String last = path.substring(path.lastIndexOf('/') + 1);
        Matcher extension = EXTENSION.matcher(last);
        if (last.equals("Thumbs.db")) {
            return last;
        }
        if (extension.matches()) {
            return "." + extension.group(1).toLowerCase(Locale.ROOT);
        }
        return last.startsWith(".") ? last : "without an extension";
    }
}

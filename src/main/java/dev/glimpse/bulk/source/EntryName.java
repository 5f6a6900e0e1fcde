package dev.glimpse.bulk.source;

import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a file inside an archive. Nothing is ever written under it; still, an archive that names places outside of itself was made
 * to do harm.
 *
 * @param text with slashes between folders
 */
record EntryName(String text) {
    private static final Pattern ABSOLUTE = Pattern.compile("^(?:[/\\\\]|[A-Za-z]:)");
    private static final Pattern PARTS = Pattern.compile("[/\\\\]");

    /** Why it is refused; null if it is not. */
    @Nullable String harm() {
        if (ABSOLUTE.matcher(text).find()) {
            return "an absolute name in an archive";
        }
        if (Arrays.asList(PARTS.split(text)).contains("..")) {
            return "a name that leads out of the archive";
        }
        return text.isEmpty() || text.indexOf('\0') >= 0 ? "no name" : null;
    }

    boolean isHidden() {
        return Arrays.stream(PARTS.split(text)).anyMatch(part -> part.startsWith(".") && !part.equals("."));
    }
}

package dev.glimpse.dataset;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The table's files cannot be read: one is missing, cut off, or no file of Lance's. The message names it. */
public final class DamagedTableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DamagedTableException(String message) {
        super(message);
    }

    public DamagedTableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** What Lance adds for its own developers: kinds of errors that wrap each other, and places in its source. */
    private static final Pattern NOISE = Pattern.compile("\\[errno \\d+] CDataJniException\\{errno=\\d+, message="
            + "|(External|Wrapped|Cloned|Generic [\\w/]+) error: |LanceError\\(\\w+\\): |,? ?/\\S+\\.rs:\\d+:\\d+");

    /** A failure of Lance, which is several lines of text, in one sentence: the first line, without what does not help an operator. */
    public static String sentence(Throwable failure) {
        String message = String.valueOf(failure.getMessage()).strip();
        int end = message.indexOf('\n');
        return NOISE.matcher(end < 0 ? message : message.substring(0, end))
                .replaceAll("")
                .strip();
    }
}

package dev.glimpse.bulk.source;

import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Why something cannot be read, in a few words for people. */
public final class Reasons {
    private static final int LONGEST = 200;

    private Reasons() {}

    public static String of(Throwable failure) {
        if (failure instanceof NoSuchFileException) {
            return "no such file";
        }
        if (failure instanceof AccessDeniedException) {
            return "not a readable file";
        }
        String message = failure.getMessage();
        String reason =
                message == null || message.isBlank() ? failure.getClass().getSimpleName() : message;
        return reason.length() <= LONGEST ? reason : reason.substring(0, LONGEST) + "...";
    }
}

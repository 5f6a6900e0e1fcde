package dev.glimpse.image;

import java.time.Duration;

/** The picture takes more of a processor's time to decode than we grant. Hostile files do; others hardly can. */
public final class ImageTooSlowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param limit of a processor's time */
    public ImageTooSlowException(Duration limit) {
        super("the picture takes more than " + limit.toMillis() + " ms of a processor's time to decode");
    }

    public ImageTooSlowException(String message) {
        super(message);
    }
}

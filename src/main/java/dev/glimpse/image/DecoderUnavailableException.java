package dev.glimpse.image;

/** A program that decodes pictures was there when the server started, and cannot be run now. The picture is not at fault. */
public final class DecoderUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DecoderUnavailableException(String message) {
        super(message);
    }
}

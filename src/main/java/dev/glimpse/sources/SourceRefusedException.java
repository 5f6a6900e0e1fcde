package dev.glimpse.sources;

/** A change of the sources that cannot be made as they are now. Nothing has changed. */
public class SourceRefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SourceRefusedException(String message) {
        super(message);
    }
}

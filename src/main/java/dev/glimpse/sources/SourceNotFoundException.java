package dev.glimpse.sources;

/** There is no source with this prefix. */
public class SourceNotFoundException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SourceNotFoundException(String prefix) {
        super("no source has the prefix " + prefix);
    }
}

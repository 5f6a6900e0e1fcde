package dev.glimpse.vectors;

/** The searching thread was interrupted. Its interrupt flag is set again, and the index is unharmed. */
public class SearchInterruptedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SearchInterruptedException(Throwable cause) {
        super("interrupted while reading vectors", cause);
    }
}

package dev.glimpse.dataset;

/** Words cannot be searched: the rows are not in memory yet, or do not fit there. */
public final class WordsUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public WordsUnavailableException(String message) {
        super(message);
    }
}

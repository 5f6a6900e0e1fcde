package dev.glimpse.dataset;

/** One index is built at a time, and one is being built. */
public class IndexBuildRunningException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public IndexBuildRunningException(String message) {
        super(message);
    }
}

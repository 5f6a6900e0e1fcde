package dev.glimpse.storage;

import org.jspecify.annotations.Nullable;

/**
 * The object store could not be reached, or does not serve this request. Trying again later may help, unless it is a {@link
 * StoreRefusedException}.
 */
public class StoreUnavailableException extends RuntimeException {
    static final String PUBLICLY = "the store does not answer; try again in a moment";

    private static final long serialVersionUID = 1L;
    private static final String CURE = "Look whether the store is up, and at what the log said before.";

    private final StoreProblem problem;

    /**
     * A failure whose message is for the log and for administrators. Others are told that the store does not answer.
     */
    public StoreUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause);
        this.problem = new StoreProblem(message, CURE, PUBLICLY);
    }

    StoreUnavailableException(StoreProblem problem, @Nullable Throwable cause) {
        super(problem.message(), cause);
        this.problem = problem;
    }

    /**
     * A failure that clients are told as it is.
     *
     * @param message names no bucket, no endpoint and no path
     */
    public static StoreUnavailableException openly(String message) {
        return new StoreUnavailableException(new StoreProblem(message, CURE, message), message);
    }

    private StoreUnavailableException(StoreProblem problem, String message) {
        super(message);
        this.problem = problem;
    }

    public StoreProblem problem() {
        return problem;
    }

    /** What anyone may be told: names no bucket, no endpoint and no path. */
    public String publicMessage() {
        return problem.publicly();
    }
}

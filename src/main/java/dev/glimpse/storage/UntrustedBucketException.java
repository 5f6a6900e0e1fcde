package dev.glimpse.storage;

/** The bucket does not refuse a second put of a key, on which everything rests that is kept once. */
public class UntrustedBucketException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final StoreProblem problem;

    UntrustedBucketException(StoreProblem problem) {
        super(problem.message());
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

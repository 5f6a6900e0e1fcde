package dev.glimpse.fairness;

/**
 * Work that needs a processor.
 *
 * @param <T> the result
 * @param <E> the checked exception that the work may throw
 */
public interface Work<T, E extends Exception> {
    /**
     * Does the work.
     *
     * @param slice valid during this call and on this thread only
     */
    T run(Slice slice) throws E;
}

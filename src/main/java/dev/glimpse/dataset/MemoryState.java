package dev.glimpse.dataset;

/**
 * Native memory of the table and what bounds it, in bytes. The codes are on the Java heap.
 *
 * @param arrow rows on their way in, hits on their way out
 * @param lanceCaches what Lance remembers of files that it has read
 * @param codes of the vectors in memory
 */
public record MemoryState(long arrow, long arrowLimit, long lanceCaches, long lanceCachesLimit, long codes) {
    static final MemoryState NONE = new MemoryState(0, 0, 0, 0, 0);
}

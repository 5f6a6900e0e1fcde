package dev.glimpse.dataset;

/**
 * Native memory of the table and what bounds it, in bytes. Codes and columns are in files that are mapped into memory; the system keeps of
 * them in memory what is used, as long as there is room.
 *
 * @param arrow rows on their way in, hits on their way out
 * @param lanceCaches what Lance remembers of files that it has read
 * @param codes of the vectors, ids, and what else is kept for each row, but for the columns; nearly all of it in mapped files
 * @param columns that filters look at, with tags; nearly all of it in mapped files
 * @param words that are not in files yet
 * @param duplicates groups of pictures that look the same; while they are made, what that takes as well
 * @param wordFiles bytes of the files of words, which the system keeps in memory where there is room
 */
public record MemoryState(
        long arrow,
        long arrowLimit,
        long lanceCaches,
        long lanceCachesLimit,
        long codes,
        long columns,
        long words,
        long duplicates,
        long wordFiles) {
    static final MemoryState NONE = new MemoryState(0, 0, 0, 0, 0, 0, 0, 0, 0);

    MemoryState withDuplicates(long bytes) {
        return new MemoryState(
                arrow, arrowLimit, lanceCaches, lanceCachesLimit, codes, columns, words, bytes, wordFiles);
    }

    MemoryState withIds(long bytes) {
        return new MemoryState(
                arrow, arrowLimit, lanceCaches, lanceCachesLimit, codes + bytes, columns, words, duplicates, wordFiles);
    }
}

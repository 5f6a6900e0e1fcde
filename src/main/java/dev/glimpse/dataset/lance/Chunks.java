package dev.glimpse.dataset.lance;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What is kept of rows, by row id, in arrays of {@link #ROWS} rows each. */
final class Chunks {
    /** An array of so many longs is small enough that G1 does not give it a whole region of 1 MB. */
    static final int ROWS = 1 << 15;

    private Chunks() {}

    /**
     * These chunks, and as many empty ones as it takes to have this row. The list that is given does not change, so views of it may be
     * read meanwhile.
     */
    static <T> List<T> reaching(int row, List<T> chunks, Supplier<T> empty) {
        if (row / ROWS < chunks.size()) {
            return chunks;
        }
        List<T> more = new ArrayList<>(chunks);
        while (row / ROWS >= more.size()) {
            more.add(empty.get());
        }
        return List.copyOf(more);
    }
}

package dev.glimpse.dataset.lance;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/** What is kept of rows, by row id, in chunks of {@link #ROWS} rows each. The columns of a chunk lie one after another. */
final class Chunks {
    static final int ROWS = 1 << 15;

    private Chunks() {}

    /**
     * These chunks, and as many more as it takes to have this row. The list that is given does not change, so views of it may be read
     * meanwhile.
     *
     * @param next makes the chunk of this number
     */
    static <T> List<T> reaching(int row, List<T> chunks, IntFunction<T> next) {
        if (row / ROWS < chunks.size()) {
            return chunks;
        }
        List<T> more = new ArrayList<>(chunks);
        while (row / ROWS >= more.size()) {
            more.add(next.apply(more.size()));
        }
        return List.copyOf(more);
    }

    /** The column of longs that begins at the position of a chunk. The position moves to the end of it. */
    static LongBuffer longs(ByteBuffer chunk) {
        return column(chunk, Long.BYTES).asLongBuffer();
    }

    /** The column of ints that begins at the position of a chunk. The position moves to the end of it. */
    static IntBuffer ints(ByteBuffer chunk) {
        return column(chunk, Integer.BYTES).asIntBuffer();
    }

    /** The column of bytes that begins at the position of a chunk. The position moves to the end of it. */
    static ByteBuffer bytes(ByteBuffer chunk) {
        return column(chunk, Byte.BYTES);
    }

    private static ByteBuffer column(ByteBuffer chunk, int bytes) {
        int start = chunk.position();
        chunk.position(start + ROWS * bytes);
        return chunk.slice(start, ROWS * bytes).order(ByteOrder.nativeOrder());
    }
}

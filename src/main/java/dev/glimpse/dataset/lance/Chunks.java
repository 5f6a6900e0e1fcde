package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.MappedFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** What is kept of rows, by row id, in chunks of {@link #ROWS} rows each. The columns of a chunk lie one after another. */
final class Chunks {
    static final int ROWS = 1 << 15;

    /**
     * Rows whose values are copied onto the heap at once, where all of a column are looked at: a loop over an array takes less time than one over
     * a buffer, and the copy fits into the first-level cache. Chunks have whole blocks.
     */
    static final int BLOCK = 1 << 10;

    private Chunks() {}

    /**
     * These chunks, and the one that has this row. Chunks without rows are null. The list that is given does not change, so views of it may be
     * read meanwhile.
     *
     * @param next makes the chunk of this number
     */
    static <T> List<@Nullable T> reaching(int row, List<@Nullable T> chunks, IntFunction<T> next) {
        int number = row / ROWS;
        if (number < chunks.size() && chunks.get(number) != null) {
            return chunks;
        }
        List<@Nullable T> more = new ArrayList<>(chunks);
        while (number >= more.size()) {
            more.add(null);
        }
        more.set(number, next.apply(number));
        return Collections.unmodifiableList(more);
    }

    /**
     * The chunks of a file that was kept.
     *
     * @param chunk makes one of its memory
     */
    static <T> List<@Nullable T> all(MappedFile file, Function<ByteBuffer, T> chunk) {
        List<@Nullable T> chunks = new ArrayList<>();
        file.chunks().stream().forEach(number -> {
            while (number > chunks.size()) {
                chunks.add(null);
            }
            chunks.add(chunk.apply(file.chunk(number)));
        });
        return Collections.unmodifiableList(chunks);
    }

    /** The chunk of a row that was put. */
    static <T> T of(int row, List<@Nullable T> chunks) {
        return Objects.requireNonNull(chunks.get(row / ROWS));
    }

    /** Where the block of this row begins. */
    static int block(int row) {
        return row - row % BLOCK;
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

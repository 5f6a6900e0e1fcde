package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Likeness;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.MappedFile;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the {@link Fingerprint} of each row in a mapped file, and when it was put, in 20 bytes.
 *
 * <p>A row is known by its row id. One thread puts rows; any number of threads may look at the rows that had been put when they got the
 * {@link View}.
 */
final class RowLooks implements AutoCloseable {
    static final int BYTES_PER_ROW = 2 * Long.BYTES + Integer.BYTES;

    private static final int CHUNK_ROWS = Chunks.ROWS;

    private final MappedFile file;
    private List<@Nullable Chunk> chunks = List.of();

    /** Rows that have a fingerprint. */
    private final BitSet known = new BitSet();

    /** Number of views that were made. */
    private int views;

    private static final class Chunk {
        private static final int BYTES = CHUNK_ROWS * BYTES_PER_ROW;

        private final LongBuffer pixels;
        private final LongBuffer looks;

        /** How many views there were when a row was put. */
        private final IntBuffer views;

        private Chunk(ByteBuffer memory) {
            pixels = Chunks.longs(memory);
            looks = Chunks.longs(memory);
            views = Chunks.ints(memory);
        }
    }

    /** @param folder on a local disk */
    RowLooks(Path folder) {
        file = new MappedFile(folder, "looks", Chunk.BYTES);
    }

    /**
     * Goes on with a file that was kept.
     *
     * @throws IOException if it is missing or too short
     */
    RowLooks(KeptInput from) throws IOException {
        known.or(from.readBits());
        views = from.readInt();
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(Chunk.BYTES, from));
        chunks = files.also(() -> Chunks.all(file, Chunk::new));
    }

    /** Brings the file to the disk, and says how another process can go on with it. It stays from now on. */
    void keep(KeptOutput to) throws IOException {
        to.writeBits(known);
        to.writeInt(views);
        file.keep(to);
    }

    /** Adds a row, or replaces what is known of it, also for views that exist. */
    void put(int row, @Nullable Fingerprint fingerprint) {
        known.set(row, fingerprint != null);
        if (fingerprint == null) {
            return;
        }
        chunks = Chunks.reaching(row, chunks, number -> new Chunk(file.chunk(number)));
        Chunk chunk = Chunks.of(row, chunks);
        chunk.pixels.put(row % CHUNK_ROWS, fingerprint.pixels());
        chunk.looks.put(row % CHUNK_ROWS, fingerprint.look());
        chunk.views.put(row % CHUNK_ROWS, views);
    }

    /** @param live rows that were put; those without a fingerprint are not in the view */
    View view(BitSet live) {
        BitSet rows = (BitSet) live.clone();
        rows.and(known);
        return new View(this, rows, chunks, ++views);
    }

    /** Bytes of the mapped file. Any thread may ask. */
    long mappedBytes() {
        return file.bytes();
    }

    /** Closes the file, and deletes it unless it was kept. Views can be used further. */
    @Override
    public void close() {
        file.close();
    }

    /** A fixed set of rows. Safe for use by several threads. */
    static final class View {
        private final RowLooks all;
        private final BitSet rows;
        private final List<@Nullable Chunk> chunks;
        private final int number;

        /** @param number of this view and of those before it */
        private View(RowLooks all, BitSet rows, List<@Nullable Chunk> chunks, int number) {
            this.all = all;
            this.rows = rows;
            this.chunks = chunks;
            this.number = number;
        }

        /** The rows that have a fingerprint. Not to be changed. */
        BitSet rows() {
            return rows;
        }

        /** Whether both are views of the same rows, so that {@link #putSince} tells what is new. */
        boolean isOfSameRows(View other) {
            return all == other.all;
        }

        /** The rows of this view that were put, or put again, after an earlier view of the same rows was made. */
        BitSet putSince(View earlier) {
            BitSet later = new BitSet();
            int[] views = new int[Chunks.BLOCK];
            for (int row = rows.nextSetBit(0); row >= 0; ) {
                int start = Chunks.block(row);
                Chunks.of(row, chunks).views.get(start % CHUNK_ROWS, views);
                for (; row >= 0 && row - start < Chunks.BLOCK; row = rows.nextSetBit(row + 1)) {
                    if (views[row - start] >= earlier.number) {
                        later.set(row);
                    }
                }
            }
            return later;
        }

        /** The rows with the nearest looks, of those that may be alike or have the same pixels. */
        List<Integer> near(Fingerprint fingerprint, int most) {
            List<Integer> near = new ArrayList<>();
            long[] looks = new long[Chunks.BLOCK];
            for (int row = rows.nextSetBit(0); row >= 0; ) {
                int start = Chunks.block(row);
                Chunks.of(row, chunks).looks.get(start % CHUNK_ROWS, looks);
                for (; row >= 0 && row - start < Chunks.BLOCK; row = rows.nextSetBit(row + 1)) {
                    if (Long.bitCount(looks[row - start] ^ fingerprint.look()) <= Likeness.MOST_LOOK_BITS) {
                        near.add(row);
                    }
                }
            }
            near.sort(Comparator.comparingInt(row -> distance(fingerprint, row)));
            return near.subList(0, Math.min(most, near.size()));
        }

        private int distance(Fingerprint fingerprint, int row) {
            return Long.bitCount(look(row) ^ fingerprint.look());
        }

        long pixels(int row) {
            return Chunks.of(row, chunks).pixels.get(row % CHUNK_ROWS);
        }

        long look(int row) {
            return Chunks.of(row, chunks).looks.get(row % CHUNK_ROWS);
        }
    }
}

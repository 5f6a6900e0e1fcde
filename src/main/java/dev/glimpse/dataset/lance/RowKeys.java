package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.MappedFile;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the {@link ListPosition} of each row in a mapped file, in 12 bytes: the time, and the first bits of the id. It is not
 * sorted: looking at all of a million rows takes about a millisecond, and nothing has to be made when rows come and go.
 *
 * <p>A row is known by its row id. One thread puts rows; any number of threads may look at the rows that had been put when they got the
 * {@link View}.
 */
final class RowKeys implements AutoCloseable {
    static final int BYTES_PER_ROW = Long.BYTES + Integer.BYTES;

    private static final int CHUNK_ROWS = Chunks.ROWS;

    private final MappedFile file;
    private List<@Nullable Chunk> chunks = List.of();

    private static final class Chunk {
        private static final int BYTES = CHUNK_ROWS * BYTES_PER_ROW;

        private final LongBuffer micros;
        private final IntBuffer beginnings;

        private Chunk(ByteBuffer memory) {
            micros = Chunks.longs(memory);
            beginnings = Chunks.ints(memory);
        }
    }

    /** @param folder on a local disk */
    RowKeys(Path folder) {
        file = new MappedFile(folder, "keys", Chunk.BYTES);
    }

    /**
     * Goes on with a file that was kept.
     *
     * @throws IOException if it is missing or too short
     */
    RowKeys(KeptInput from) throws IOException {
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(Chunk.BYTES, from));
        chunks = files.also(() -> Chunks.all(file, Chunk::new));
    }

    /** Brings the file to the disk, and says how another process can go on with it. It stays from now on. */
    void keep(KeptOutput to) throws IOException {
        file.keep(to);
    }

    /** Adds a row, or replaces what is known of it, also for views that exist. */
    void put(int row, ListPosition position) {
        chunks = Chunks.reaching(row, chunks, number -> new Chunk(file.chunk(number)));
        Chunk chunk = Chunks.of(row, chunks);
        chunk.micros.put(row % CHUNK_ROWS, position.micros());
        chunk.beginnings.put(row % CHUNK_ROWS, ListPosition.beginning(position.id()));
    }

    /** @param live rows that were put; not copied, and must not change */
    View view(BitSet live) {
        return new View(live, chunks);
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
        private final BitSet live;
        private final List<@Nullable Chunk> chunks;

        private View(BitSet live, List<@Nullable Chunk> chunks) {
            this.live = live;
            this.chunks = chunks;
        }

        /** A row that may be among the first. Its id is in a file, and is read only where the rest is not enough. */
        private record Candidate(int row, long micros, int beginning) {}

        /**
         * Finds the first {@code k} rows after this position, in their order. Of rows at the same position, one is found.
         *
         * @param after null for the first rows of all
         * @param ids gives the id of a row
         */
        List<Integer> first(@Nullable ListPosition after, int k, IntFunction<String> ids) {
            NavigableSet<Candidate> found = new TreeSet<>((a, b) -> compare(a, b, ids));
            long newest = after == null ? Long.MAX_VALUE : after.micros();
            long oldest = ListPosition.UNKNOWN;
            long[] times = new long[Chunks.BLOCK];
            // Backwards, because rows that came later are newer, nearly always: then most rows are older than k others.
            for (int c = chunks.size() - 1; c >= 0; c--) {
                Chunk chunk = chunks.get(c);
                for (int i = CHUNK_ROWS - 1; chunk != null && i >= 0; i--) {
                    if (i % Chunks.BLOCK == Chunks.BLOCK - 1) {
                        chunk.micros.get(Chunks.block(i), times);
                    }
                    long micros = times[i % Chunks.BLOCK];
                    int row = c * CHUNK_ROWS + i;
                    if (micros > newest || micros < oldest || !live.get(row)) {
                        continue;
                    }
                    Candidate candidate = new Candidate(row, micros, chunk.beginnings.get(i));
                    if (after != null && micros == newest && !isAfter(candidate, after, ids)) {
                        continue;
                    }
                    if (found.add(candidate) && found.size() > k) {
                        found.pollLast();
                    }
                    if (found.size() == k) {
                        oldest = found.last().micros;
                    }
                }
            }
            return found.stream().map(Candidate::row).toList();
        }

        /** Of two rows of the same time. */
        private static boolean isAfter(Candidate candidate, ListPosition other, IntFunction<String> ids) {
            int order = Integer.compareUnsigned(candidate.beginning, ListPosition.beginning(other.id()));
            return order < 0 || (order == 0 && ids.apply(candidate.row).compareTo(other.id()) < 0);
        }

        private static int compare(Candidate a, Candidate b, IntFunction<String> ids) {
            if (a.row == b.row) {
                return 0;
            }
            int order = Long.compare(b.micros, a.micros);
            if (order == 0) {
                order = Integer.compareUnsigned(b.beginning, a.beginning);
            }
            return order == 0 ? ids.apply(b.row).compareTo(ids.apply(a.row)) : order;
        }

        /**
         * Orders rows of this view as their positions are ordered.
         *
         * @param ids gives the id of a row
         */
        Comparator<Integer> order(IntFunction<String> ids) {
            return (a, b) -> compare(candidate(a), candidate(b), ids);
        }

        private Candidate candidate(int row) {
            Chunk chunk = Chunks.of(row, chunks);
            return new Candidate(row, chunk.micros.get(row % CHUNK_ROWS), chunk.beginnings.get(row % CHUNK_ROWS));
        }

        /** Whether the row comes after this position. */
        boolean isAfter(int row, ListPosition position, IntFunction<String> ids) {
            Candidate candidate = candidate(row);
            return candidate.micros < position.micros()
                    || (candidate.micros == position.micros() && isAfter(candidate, position, ids));
        }

        /** When a row of this view was uploaded, in microseconds since 1970; or {@link ListPosition#UNKNOWN}. */
        long micros(int row) {
            return Chunks.of(row, chunks).micros.get(row % CHUNK_ROWS);
        }

        /** The times of {@link Chunks#ROWS} rows, of which some may not be of this view, and one is. Not to be changed. */
        LongBuffer microsOf(int chunk) {
            return Objects.requireNonNull(chunks.get(chunk)).micros;
        }

        /** Hands over the rows that may have this id. Nearly always these are one or none. */
        void mayHave(String id, IntConsumer rows) {
            int beginning = ListPosition.beginning(id);
            int[] beginnings = new int[Chunks.BLOCK];
            for (int c = 0; c < chunks.size(); c++) {
                Chunk chunk = chunks.get(c);
                for (int from = 0; chunk != null && from < CHUNK_ROWS; from += Chunks.BLOCK) {
                    chunk.beginnings.get(from, beginnings);
                    for (int i = 0; i < Chunks.BLOCK; i++) {
                        if (beginnings[i] == beginning && live.get(c * CHUNK_ROWS + from + i)) {
                            rows.accept(c * CHUNK_ROWS + from + i);
                        }
                    }
                }
            }
        }

        /** Hands over those of these rows that may have one of these ids. Nearly all of them have. */
        void mayHave(Set<String> ids, BitSet among, IntConsumer rows) {
            if (ids.isEmpty()) {
                return;
            }
            Set<Integer> wanted = ids.stream().map(ListPosition::beginning).collect(Collectors.toSet());
            BitSet upper = new BitSet(1 << 16);
            wanted.forEach(beginning -> upper.set(beginning >>> 16));
            for (int row = among.nextSetBit(0); row >= 0; row = among.nextSetBit(row + 1)) {
                int beginning = Chunks.of(row, chunks).beginnings.get(row % CHUNK_ROWS);
                // The set alone would take longer.
                if (upper.get(beginning >>> 16) && wanted.contains(beginning)) {
                    rows.accept(row);
                }
            }
        }
    }
}

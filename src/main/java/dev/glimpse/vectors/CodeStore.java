package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.io.IOException;
import java.nio.LongBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the codes of all rows are: the binary ones that the partitions have are there, and all others in chunks by row id. Immutable but for the codes in it;
 * any thread may read it.
 */
final class CodeStore {
    private static final int CHUNK_ROWS = VectorIndex.CHUNK_ROWS;

    /** The first chunks are on the heap, 4.7 MB each: a small table has no more, and its searches take most of their time for codes. */
    private static final int HEAP_CHUNKS = 2;

    private final Rotation rotation;
    private final BinaryCodes codes;
    private final FinerCodes finer;

    /** Of {@link #CHUNK_ROWS} row ids each; null where no row needs it. Not changed. */
    private final @Nullable Rows[] chunks;

    /** The finer codes, of {@link #CHUNK_ROWS} row ids each; null where no row needs it. Not changed. */
    private final @Nullable LongBuffer[] finerChunks;

    private final @Nullable Partitions partitions;

    /** A store of no rows. */
    CodeStore(Rotation rotation) {
        this(
                rotation,
                new BinaryCodes(rotation),
                new FinerCodes(rotation.dimension()),
                new Rows[0],
                new LongBuffer[0],
                null);
    }

    private CodeStore(
            Rotation rotation,
            BinaryCodes codes,
            FinerCodes finer,
            @Nullable Rows[] chunks,
            @Nullable LongBuffer[] finerChunks,
            @Nullable Partitions partitions) {
        this.rotation = rotation;
        this.codes = codes;
        this.finer = finer;
        this.chunks = chunks;
        this.finerChunks = finerChunks;
        this.partitions = partitions;
    }

    /**
     * Opens a store that was kept.
     *
     * @param file of chunks of {@link #CHUNK_ROWS} rows each
     * @param finerFile of finer codes, in such chunks too
     */
    static CodeStore open(MappedFile file, MappedFile finerFile, KeptInput from) throws IOException {
        CodeStore empty = new CodeStore(new Rotation(from.readFloats()));
        int dimension = empty.rotation.dimension();
        BitSet numbers = from.readBits();
        @Nullable Rows[] chunks = new Rows[numbers.length()];
        numbers.stream().forEach(number -> {
            Rows mapped = new Rows(file.chunk(number), CHUNK_ROWS, dimension);
            chunks[number] = number < HEAP_CHUNKS ? mapped.copyOnHeap(dimension) : mapped;
        });
        @Nullable LongBuffer[] finerChunks = new LongBuffer[finerFile.chunks().length()];
        finerFile.chunks().stream()
                .forEach(number -> finerChunks[number] = finerFile.chunk(number).asLongBuffer());
        Partitions partitions = from.readBoolean() ? Partitions.open(empty.codes, dimension, from) : null;
        return new CodeStore(empty.rotation, empty.codes, empty.finer, chunks, finerChunks, partitions);
    }

    /**
     * Copies into the file what is on the heap, and stays on it. To be called before {@link #keep}, and before the file is kept.
     *
     * @param held all rows that have a code
     */
    void copyHeap(BitSet held, MappedFile file, int dimension) {
        for (int chunk = 0; chunk < Math.min(HEAP_CHUNKS, chunks.length); chunk++) {
            Rows onHeap = chunks[chunk];
            if (onHeap != null) {
                Rows copy = new Rows(file.chunk(chunk), CHUNK_ROWS, dimension);
                int end = (chunk + 1) * CHUNK_ROWS;
                for (int row = held.nextSetBit(chunk * CHUNK_ROWS);
                        row >= 0 && row < end;
                        row = held.nextSetBit(row + 1)) {
                    // The code of a row of the partitions is not on the heap. The file may have it for an earlier
                    // process,
                    // should what is being kept not come to its end.
                    if (position(row) < 0) {
                        codes.copy(onHeap, row % CHUNK_ROWS, copy, row % CHUNK_ROWS);
                    }
                }
            }
        }
    }

    /** Brings the partitions to the disk, and says how another process can open the store. The files of chunks are to be kept apart. */
    void keep(KeptOutput to) throws IOException {
        to.writeFloats(rotation.common());
        BitSet numbers = new BitSet();
        for (int chunk = 0; chunk < chunks.length; chunk++) {
            numbers.set(chunk, chunks[chunk] != null);
        }
        to.writeBits(numbers);
        to.writeBoolean(partitions != null);
        if (partitions != null) {
            partitions.keep(to);
        }
    }

    BinaryCodes codes() {
        return codes;
    }

    /** Null as long as there are none. */
    @Nullable Partitions partitions() {
        return partitions;
    }

    /**
     * A store with these partitions in the place of earlier ones.
     *
     * @param held all rows that have a code
     */
    CodeStore with(Partitions built, BitSet held) {
        @Nullable Rows[] needed = chunks.clone();
        for (int chunk = 0; chunk < needed.length; chunk++) {
            if (hasAll(built, held, chunk)) {
                needed[chunk] = null;
            }
        }
        return new CodeStore(rotation, codes, finer, needed, finerChunks, built);
    }

    private static boolean hasAll(Partitions partitions, BitSet held, int chunk) {
        int end = (chunk + 1) * CHUNK_ROWS;
        for (int row = held.nextSetBit(chunk * CHUNK_ROWS); row >= 0 && row < end; row = held.nextSetBit(row + 1)) {
            if (partitions.position(row) < 0) {
                return false;
            }
        }
        return true;
    }

    /**
     * A store of these codes that has room for this row.
     *
     * @param file of chunks of {@link #CHUNK_ROWS} rows each
     * @param finerFile of finer codes, in such chunks too
     */
    CodeStore withRoomFor(int row, MappedFile file, MappedFile finerFile) {
        int chunk = row / CHUNK_ROWS;
        if (position(row) >= 0 || (chunk < chunks.length && chunks[chunk] != null)) {
            return this;
        }
        @Nullable Rows[] more = Arrays.copyOf(chunks, Math.max(chunks.length, chunk + 1));
        int dimension = rotation.dimension();
        more[chunk] = chunk < HEAP_CHUNKS
                ? Rows.onHeap(CHUNK_ROWS, dimension)
                : new Rows(file.chunk(chunk), CHUNK_ROWS, dimension);
        @Nullable LongBuffer[] moreFiner = Arrays.copyOf(finerChunks, Math.max(finerChunks.length, chunk + 1));
        if (moreFiner[chunk] == null) {
            moreFiner[chunk] = finerFile.chunk(chunk).asLongBuffer();
        }
        return new CodeStore(rotation, codes, finer, more, moreFiner, partitions);
    }

    /** Stores the codes of a row that there is room for. Only the writing thread may call it. */
    void encode(int row, float[] vector) {
        SplitVector split = rotation.split(vector);
        finer.encode(split, finerChunk(row), row % CHUNK_ROWS);
        if (partitions != null && partitions.position(row) >= 0) {
            partitions.replace(codes, row, split);
        } else {
            codes.encode(split, chunk(row), row % CHUNK_ROWS);
        }
    }

    /** Stores the code of a row in partitions that are not this store's yet and have it. */
    void encode(int row, float[] vector, Partitions built) {
        built.replace(codes, row, rotation.split(vector));
    }

    /** How many chunks are on the heap. */
    int heapChunks() {
        return (int) Arrays.stream(chunks)
                .limit(HEAP_CHUNKS)
                .filter(Objects::nonNull)
                .count();
    }

    /** The chunk of these row ids, which must be there. */
    Rows chunk(int row) {
        int number = row / CHUNK_ROWS;
        Rows chunk = number < chunks.length ? chunks[number] : null;
        if (chunk == null) {
            throw new IllegalStateException("no code of row " + row);
        }
        return chunk;
    }

    private LongBuffer finerChunk(int row) {
        int number = row / CHUNK_ROWS;
        LongBuffer chunk = number < finerChunks.length ? finerChunks[number] : null;
        if (chunk == null) {
            throw new IllegalStateException("no finer code of row " + row);
        }
        return chunk;
    }

    /** The position of this row in the partitions; negative if it is not there. */
    int position(int row) {
        return partitions == null ? -1 : partitions.position(row);
    }

    /**
     * Reads some of the code of a row, which brings it into the processor's cache, and returns a number made of that.
     *
     * @param place a row, or the complement of a position of the partitions
     */
    long touch(int place) {
        if (place < 0) {
            return Objects.requireNonNull(partitions).codes(~place).touch(~place % CHUNK_ROWS);
        }
        return position(place) < 0 ? chunk(place).touch(place % CHUNK_ROWS) : 0;
    }

    /** As {@link #touch} does with the code, with the finer code of a row. */
    long touchFiner(int row) {
        return finer.touch(finerChunk(row), row % CHUNK_ROWS);
    }

    /** The row at this position of the partitions. */
    int rowAt(int position) {
        return Objects.requireNonNull(partitions).row(position);
    }

    /** The Hamming distance of one row. */
    int distance(BinaryCodes.Query query, int row) {
        int position = position(row);
        return position < 0 || partitions == null
                ? query.distance(chunk(row), row % CHUNK_ROWS)
                : query.distance(partitions.codes(position), position % CHUNK_ROWS);
    }

    /** The estimated cosine of one row. */
    float cosine(BinaryCodes.Query query, int row) {
        int position = position(row);
        return position < 0 ? query.cosine(chunk(row), row % CHUNK_ROWS) : cosineAt(query, position);
    }

    /** The estimated cosine of the row at this position of the partitions. */
    float cosineAt(BinaryCodes.Query query, int position) {
        return query.cosine(Objects.requireNonNull(partitions).codes(position), position % CHUNK_ROWS);
    }

    /** The cosine of one row, estimated by its finer code. */
    float finerCosine(BinaryCodes.Query query, int row, long[] code) {
        return finer.cosine(query.sums(), finerChunk(row), row % CHUNK_ROWS, code);
    }

    /** Memory for the finer code of one row, to be used again for the next. */
    long[] newFinerCode() {
        return finer.newCode();
    }

    /** Copies the code of a row. */
    void copy(int row, Rows to, int as) {
        int position = position(row);
        if (position < 0 || partitions == null) {
            codes.copy(chunk(row), row % CHUNK_ROWS, to, as);
        } else {
            codes.copy(partitions.codes(position), position % CHUNK_ROWS, to, as);
        }
    }

    /** Copies the bits of the code of a row. */
    long[] bits(int row) {
        int position = position(row);
        return position < 0 || partitions == null
                ? codes.bits(chunk(row), row % CHUNK_ROWS)
                : codes.bits(partitions.codes(position), position % CHUNK_ROWS);
    }
}

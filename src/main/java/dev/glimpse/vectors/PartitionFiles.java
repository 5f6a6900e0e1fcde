package dev.glimpse.vectors;

import dev.glimpse.vectors.BinaryCodes.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.function.Supplier;

/**
 * The mapped files of {@link Partitions}: which row is at which position, where each row is, and the codes in the order of the positions. There are
 * as many positions as rows. One thread writes; several threads may read.
 */
final class PartitionFiles implements AutoCloseable {
    private static final int CHUNK_ROWS = Partitions.CHUNK_ROWS;

    /** The rows, until room was made for them. */
    private final BitSet members;

    private final int dimension;
    private final MappedInts rows;

    /** By row id; -1 for those that are not in it. */
    private final MappedInts positions;

    private final MappedFile file;

    /** The chunks of that file. */
    private final Rows[] codes;

    /**
     * Creates empty files; {@link #open} makes room in them.
     *
     * @param members the rows; not copied
     */
    PartitionFiles(Path folder, BitSet members, int dimension) {
        this(
                folder,
                members,
                dimension,
                () -> new MappedFile(folder, "partition-codes", CHUNK_ROWS * Rows.bytesPerRow(dimension)));
    }

    /** @param codes makes the file of codes */
    PartitionFiles(Path folder, BitSet members, int dimension, Supplier<MappedFile> codes) {
        this.members = members;
        this.dimension = dimension;
        int size = members.cardinality();
        OpenFiles files = new OpenFiles();
        rows = files.add(() -> new MappedInts(folder, "partition-rows", size, 0));
        positions = files.add(() -> new MappedInts(folder, "partition-positions", members.length(), -1));
        file = files.add(codes::get);
        this.codes = new Rows[(size + CHUNK_ROWS - 1) / CHUNK_ROWS];
    }

    /** Opens files that were kept. */
    PartitionFiles(int dimension, KeptInput from) throws IOException {
        this.members = new BitSet();
        this.dimension = dimension;
        OpenFiles files = new OpenFiles();
        rows = files.add(() -> new MappedInts(0, from));
        positions = files.add(() -> new MappedInts(-1, from));
        file = files.add(() -> new MappedFile(CHUNK_ROWS * Rows.bytesPerRow(dimension), from));
        codes = new Rows[(rows.size() + CHUNK_ROWS - 1) / CHUNK_ROWS];
        files.also(() -> {
            mapCodes(() -> {});
            return codes;
        });
    }

    /** See {@link MappedFile#keep}. */
    void keep(KeptOutput to) throws IOException {
        rows.keep(to);
        positions.keep(to);
        file.keep(to);
    }

    private void mapCodes(Runnable between) {
        for (int chunk = 0; chunk < codes.length; chunk++) {
            codes[chunk] = new Rows(file.chunk(chunk), CHUNK_ROWS, dimension);
            between.run();
        }
    }

    /**
     * Makes room for all positions. Must be called first, then {@link #set} for each position. After a failure, as of a full disk, this can only be
     * closed.
     *
     * @param between is run from time to time, and may throw
     */
    void open(Runnable between) {
        mapCodes(between);
        BitSet all = new BitSet();
        all.set(0, rows.size());
        rows.open(all, between);
        positions.open(members, between);
    }

    /** Says that this row is at this position, and copies its code there. */
    void set(int position, int row, CodeStore from) {
        rows.set(position, row);
        positions.set(row, position);
        from.copy(row, codes(position), position % CHUNK_ROWS);
    }

    /** The number of positions. */
    int size() {
        return rows.size();
    }

    int row(int position) {
        return rows.get(position);
    }

    /** Where this row is; negative if it is not here. */
    int position(int row) {
        return row < positions.size() ? positions.get(row) : -1;
    }

    /** The chunk with the code at this position. */
    Rows codes(int position) {
        return codes[position / CHUNK_ROWS];
    }

    /** Bytes on the disk. */
    long bytes() {
        return rows.bytes() + positions.bytes() + file.bytes();
    }

    /** Deletes the files, also if they were kept. What reads them meanwhile can go on. */
    void delete() {
        rows.delete();
        positions.delete();
        file.delete();
    }

    /** Closes the files, and deletes them unless they were kept. What reads them meanwhile can go on. */
    @Override
    public void close() {
        try (rows;
                positions) {
            file.close();
        }
    }
}

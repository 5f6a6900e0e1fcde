package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.storage.DurableFiles;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * The file beside served rows that says how a later process can go on with them. It is there as a whole, or not at all: it is written under
 * another name first. A checksum tells whether it is as it was written.
 */
final class Checkpoint {
    static final String NAME = "checkpoint";

    /**
     * Number of the format of all files of served rows. To be raised whenever a change of Glimpse gives any of them another content: what a row
     * shows, how words and texts are folded, how codes are made, and of course where a value is. {@code KeptFormatTest} notices some changes.
     */
    static final int FORMAT = 3;

    private static final int BUFFER = 1 << 16;

    private Checkpoint() {}

    /**
     * Whose rows they are.
     *
     * @param table its id
     * @param column of the vectors
     */
    record Owner(String table, VectorColumn column) {}

    /** Writes what served rows say of themselves. */
    interface Content {
        void writeTo(KeptOutput out) throws IOException;
    }

    static boolean isIn(Path folder) {
        return Files.exists(folder.resolve(NAME));
    }

    /** Writes the file to the disk, in the place of an earlier one. If this throws, that one is still there. */
    static void write(Path folder, Owner owner, Content content) throws IOException {
        new DurableFiles(folder).replace(folder.resolve(NAME), file -> {
            CRC32C sum = new CRC32C();
            KeptOutput out = new KeptOutput(new BufferedOutputStream(new CheckedOutputStream(file, sum), BUFFER));
            out.writeText(format());
            out.writeText(owner.table);
            out.writeText(owner.column.name());
            out.writeText(owner.column.model().fingerprint());
            out.writeInt(owner.column.model().dimension());
            content.writeTo(out);
            out.flush();
            file.write(ByteBuffer.allocate(Long.BYTES).putLong(sum.getValue()).array());
        });
    }

    private static String format() {
        return FORMAT + ", " + ByteOrder.nativeOrder() + ", " + WordIndex.FORMAT;
    }

    /** Whether there is a whole one, of this owner. */
    static boolean isOf(Path folder, Owner owner) {
        try {
            open(folder, owner).close();
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /**
     * Opens the file, to read what {@link Content} has written.
     *
     * @throws IOException if it is damaged, or of others
     */
    static KeptInput open(Path folder, Owner owner) throws IOException {
        Path path = folder.resolve(NAME);
        requireWhole(path);
        KeptInput in = new KeptInput(new BufferedInputStream(Files.newInputStream(path), BUFFER), folder);
        try {
            require("of the format", in.readText(), format());
            require("of the table", in.readText(), owner.table);
            require("of the column", in.readText(), owner.column.name());
            require("of the model", in.readText(), owner.column.model().fingerprint());
            require(
                    "of the dimension",
                    Integer.toString(in.readInt()),
                    Integer.toString(owner.column.model().dimension()));
            return in;
        } catch (IOException | RuntimeException e) {
            in.close();
            throw e;
        }
    }

    private static void require(String what, String found, String ours) throws IOException {
        if (!found.equals(ours)) {
            throw new IOException("they are " + what + " " + found + " instead of " + ours);
        }
    }

    private static void requireWhole(Path path) throws IOException {
        CRC32C sum = new CRC32C();
        long left = Files.size(path) - Long.BYTES;
        try (InputStream in = Files.newInputStream(path)) {
            byte[] block = new byte[BUFFER];
            while (left > 0) {
                int count = in.read(block, 0, (int) Math.min(left, block.length));
                if (count < 0) {
                    throw new EOFException(path + " ends too early");
                }
                sum.update(block, 0, count);
                left -= count;
            }
            byte[] written = in.readNBytes(Long.BYTES);
            if (written.length < Long.BYTES || ByteBuffer.wrap(written).getLong() != sum.getValue()) {
                throw new IOException(path + " is damaged");
            }
        }
    }
}

package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.MappedFile;
import dev.glimpse.vectors.OpenFiles;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.IntConsumer;

/**
 * Keeps lists of numbers one after another in a mapped file. A list is known by its place, and nothing of it changes. The empty list
 * is at place 0 and takes no room.
 *
 * <p>One thread adds; any number of threads may read. A thread that learns of a place by a race with the thread that adds may find the list
 * empty or some of its numbers 0.
 */
final class NumberLists implements AutoCloseable {
    private static final int CHUNK_BITS = 16;
    private static final int CHUNK = 1 << CHUNK_BITS;

    private final MappedFile file;

    /** Not changed: when there are more, it is another array. */
    private volatile IntBuffer[] chunks = {};

    /** Where the next list begins. */
    private int end = 1;

    /** @param folder on a local disk */
    NumberLists(Path folder) {
        file = new MappedFile(folder, "tags", CHUNK * Integer.BYTES);
    }

    /**
     * Goes on with a file that was kept.
     *
     * @throws IOException if it is missing or too short
     */
    NumberLists(KeptInput from) throws IOException {
        end = from.readInt();
        OpenFiles files = new OpenFiles();
        file = files.add(() -> new MappedFile(CHUNK * Integer.BYTES, from));
        chunks = files.also(() -> file.chunks().stream()
                .mapToObj(number -> file.chunk(number).asIntBuffer())
                .toArray(IntBuffer[]::new));
    }

    /** Brings the file to the disk, and says how another process can go on with it. It stays from now on. */
    void keep(KeptOutput to) throws IOException {
        to.writeInt(end);
        file.keep(to);
    }

    /**
     * Adds a list.
     *
     * @return its place
     * @throws IllegalStateException if there are 2^31 numbers
     */
    int add(int[] numbers) {
        if (numbers.length == 0) {
            return 0;
        }
        long next = (long) end + 1 + numbers.length;
        if (next > Integer.MAX_VALUE) {
            throw new IllegalStateException("more tags of rows than there are places: " + next);
        }
        int needed = (int) ((next + CHUNK - 1) / CHUNK);
        if (needed > chunks.length) {
            IntBuffer[] more = Arrays.copyOf(chunks, needed);
            for (int i = chunks.length; i < needed; i++) {
                more[i] = file.chunk(i).asIntBuffer();
            }
            chunks = more;
        }
        int place = end;
        put(place, numbers.length);
        for (int i = 0; i < numbers.length; i++) {
            put(place + 1 + i, numbers[i]);
        }
        end = (int) next;
        return place;
    }

    private void put(int at, int number) {
        chunks[at >>> CHUNK_BITS].put(at & CHUNK - 1, number);
    }

    /** How many numbers of the list at this place are among the wanted. */
    int count(int place, BitSet wanted) {
        if (place == 0) {
            return 0;
        }
        IntBuffer[] now = chunks;
        int count = 0;
        for (int at = place + 1, last = place + number(now, place); at <= last; at++) {
            count += wanted.get(number(now, at)) ? 1 : 0;
        }
        return count;
    }

    /** Hands over the numbers of the list at this place. */
    void forEach(int place, IntConsumer to) {
        if (place == 0) {
            return;
        }
        IntBuffer[] now = chunks;
        for (int at = place + 1, last = place + number(now, place); at <= last; at++) {
            to.accept(number(now, at));
        }
    }

    /** 0 where another thread is just adding. */
    private static int number(IntBuffer[] chunks, int at) {
        int chunk = at >>> CHUNK_BITS;
        return chunk < chunks.length ? chunks[chunk].get(at & CHUNK - 1) : 0;
    }

    /** Bytes of the file. */
    long bytes() {
        return file.bytes();
    }

    /** Closes the file, and deletes it unless it was kept. What reads lists meanwhile can go on. */
    @Override
    public void close() {
        file.close();
    }
}

package dev.glimpse.image;

import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.nio.LongBuffer;
import java.util.HexFormat;
import java.util.stream.IntStream;

/**
 * A set of pictures, in 32 to 64 bytes each, so that it may hold all that there are. A large set can be outside the heap: see {@link Memory}.
 * The first 128 bits stand for the whole: that two of a billion pictures share them by chance has odds of 1 in 10^20. Pictures whose names
 * differ in their format alone are two. Not safe between threads.
 */
public final class IdSet implements Serializable {
    private static final long serialVersionUID = 1;

    /** Slots of a part; a set with no more is on the heap. */
    static final int PART_SLOTS = 1 << 17;

    private static final int FIRST_SLOTS = 1024;

    /** The most pictures of a set. */
    public static final long MOST = 1 << 29;

    /** Where a large set is kept. */
    public interface Memory {
        /** Each part is an array. */
        Memory HEAP = (parts, longs) -> new Parts(
                IntStream.range(0, parts)
                        .mapToObj(part -> LongBuffer.allocate(longs))
                        .toArray(LongBuffer[]::new),
                () -> {});

        /** So many parts of so many longs each, all of them zero. */
        Parts allocate(int parts, int longs);
    }

    /** Parts of memory, for one set. */
    public static final class Parts {
        private final LongBuffer[] buffers;
        private final Runnable release;

        /**
         * @param buffers not copied
         * @param release is run when a set does not need them any more, at most once; never if nobody says that
         */
        public Parts(LongBuffer[] buffers, Runnable release) {
            this.buffers = buffers;
            this.release = release;
        }

        /** Not to be changed. */
        public LongBuffer[] buffers() {
            return buffers;
        }
    }

    private final transient Memory memory;

    private transient Parts memoryOfParts;

    /** Two longs for each slot. */
    private transient LongBuffer[] parts;

    /** A power of two. */
    private int slots;

    private int size;

    /** An empty set that stays on the heap. */
    public IdSet() {
        this(Memory.HEAP);
    }

    /** An empty set that is in this memory from about 65,000 pictures on. */
    public IdSet(Memory memory) {
        this(memory, 0);
    }

    /**
     * An empty set with room for so many pictures, so that it need not grow as long as it has no more. It is in this memory if these are more
     * than about 65,000, or when it has grown so large.
     *
     * @throws IllegalArgumentException if they are more than {@link #MOST}
     */
    public IdSet(Memory memory, long pictures) {
        if (pictures < 0 || pictures > MOST) {
            throw new IllegalArgumentException("not a number of pictures from 0 to " + MOST + ": " + pictures);
        }
        this.memory = memory;
        slots = FIRST_SLOTS;
        while (slots < 2 * pictures) {
            slots *= 2;
        }
        int count = Math.max(1, slots / PART_SLOTS);
        memoryOfParts = (count == 1 ? Memory.HEAP : memory).allocate(count, 2 * Math.min(slots, PART_SLOTS));
        parts = memoryOfParts.buffers;
    }

    /** Whether it can take so many more without growing, which takes long. */
    public boolean hasRoomFor(int more) {
        return 2L * (size + (long) more) <= slots;
    }

    /** Bytes of memory that it has. */
    public long bytes() {
        return 2L * Long.BYTES * slots;
    }

    /** Gives the memory back. The set must not be used any more. */
    public void release() {
        memoryOfParts.release.run();
    }

    /** False if it was there already. */
    public boolean add(ImageId id) {
        return add(high(id), low(id));
    }

    private boolean add(long high, long low) {
        if (!hasRoomFor(1)) {
            grow();
        }
        return insert(high, low);
    }

    private long high(int slot) {
        return parts[slot / PART_SLOTS].get(slot % PART_SLOTS * 2);
    }

    private long low(int slot) {
        return parts[slot / PART_SLOTS].get(slot % PART_SLOTS * 2 + 1);
    }

    private boolean isFree(int slot) {
        return high(slot) == 0 && low(slot) == 0;
    }

    private void put(int slot, long high, long low) {
        parts[slot / PART_SLOTS].put(slot % PART_SLOTS * 2, high);
        parts[slot / PART_SLOTS].put(slot % PART_SLOTS * 2 + 1, low);
    }

    public void addAll(IdSet others) {
        others.forEach(this::add);
    }

    private interface Keys {
        void of(long high, long low);
    }

    private void forEach(Keys keys) {
        for (int slot = 0; slot < slots; slot++) {
            if (!isFree(slot)) {
                keys.of(high(slot), low(slot));
            }
        }
    }

    /** The pictures that are in both sets. A set on the heap. */
    public IdSet common(IdSet others) {
        IdSet few = size < others.size ? this : others;
        IdSet many = few == this ? others : this;
        IdSet both = new IdSet();
        few.forEach((high, low) -> {
            if (!many.isFree(many.find(high, low))) {
                both.add(high, low);
            }
        });
        return both;
    }

    /** Removes what is in the other set as well. */
    public void removeAll(IdSet others) {
        others.forEach(this::remove);
    }

    /** Nothing happens if it is not there. */
    public void remove(ImageId id) {
        remove(high(id), low(id));
    }

    private void remove(long removedHigh, long removedLow) {
        int slot = find(removedHigh, removedLow);
        if (isFree(slot)) {
            return;
        }
        put(slot, 0, 0);
        size--;
        // A search ends at a free slot, so what follows up to the next one may have to move.
        int next = slot + 1 & slots - 1;
        while (!isFree(next)) {
            long high = high(next);
            long low = low(next);
            put(next, 0, 0);
            size--;
            insert(high, low);
            next = next + 1 & slots - 1;
        }
    }

    public boolean contains(ImageId id) {
        return !isFree(find(high(id), low(id)));
    }

    public int size() {
        return size;
    }

    private boolean insert(long high, long low) {
        int slot = find(high, low);
        if (!isFree(slot)) {
            return false;
        }
        put(slot, high, low);
        size++;
        return true;
    }

    /** The slot that holds the key or, as zeros, would. The key is random already, so its bits serve as the hash. */
    private int find(long high, long low) {
        int mask = slots - 1;
        int slot = (int) high & mask;
        while (true) {
            long there = high(slot);
            long thereLow = low(slot);
            if ((there == high && thereLow == low) || (there == 0 && thereLow == 0)) {
                return slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    private void grow() {
        IdSet larger = new IdSet(memory, slots);
        forEach(larger::insert);
        release();
        memoryOfParts = larger.memoryOfParts;
        parts = larger.parts;
        slots = larger.slots;
    }

    /** What is written of a set: two longs for each picture, in no order. A set that is read is on the heap. */
    private static final class Written implements Serializable {
        private static final long serialVersionUID = 1;

        private final long[] keys;

        private Written(long[] keys) {
            this.keys = keys;
        }

        private Object readResolve() {
            IdSet set = new IdSet(Memory.HEAP, keys.length / 2);
            for (int i = 0; i < keys.length; i += 2) {
                set.insert(keys[i], keys[i + 1]);
            }
            return set;
        }
    }

    private Object writeReplace() {
        long[] keys = new long[Math.multiplyExact(2, size)];
        int[] next = {0};
        forEach((high, low) -> {
            keys[next[0]++] = high;
            keys[next[0]++] = low;
        });
        return new Written(keys);
    }

    private void readObject(ObjectInputStream in) throws InvalidObjectException {
        throw new InvalidObjectException("a set is written as its pictures");
    }

    /** The first 64 of the bits that stand for a picture. */
    public static long high(ImageId id) {
        return HexFormat.fromHexDigitsToLong(id.sha256(), 0, 16);
    }

    /** The other 64 of the bits that stand for a picture. */
    public static long low(ImageId id) {
        return HexFormat.fromHexDigitsToLong(id.sha256(), 16, 32)
                ^ id.format().extension().hashCode();
    }
}

package dev.glimpse.image;

import java.nio.LongBuffer;
import java.util.HexFormat;
import java.util.stream.IntStream;

/**
 * A set of pictures, in 32 to 64 bytes each, so that it may hold all that there are. A large set can be outside the heap: see {@link Memory}.
 * The first 128 bits stand for the whole: that two of a billion pictures share them by chance has odds of 1 in 10^20. Pictures whose names
 * differ in their format alone are two. Not safe between threads.
 */
public final class IdSet {
    /** Slots of a part; a set with no more is on the heap. */
    static final int PART_SLOTS = 1 << 17;

    private static final int FIRST_SLOTS = 1024;

    /** Where a large set is kept. */
    public interface Memory {
        /** Each part is an array. */
        Memory HEAP = (parts, longs) -> IntStream.range(0, parts)
                .mapToObj(part -> LongBuffer.allocate(longs))
                .toArray(LongBuffer[]::new);

        /** So many parts of so many longs each, all of them zero. Nobody says when they are used no more. */
        LongBuffer[] allocate(int parts, int longs);
    }

    private final Memory memory;

    /** Two longs for each slot. */
    private LongBuffer[] parts = Memory.HEAP.allocate(1, 2 * FIRST_SLOTS);

    /** A power of two. */
    private int slots = FIRST_SLOTS;

    private int size;

    /** An empty set that stays on the heap. */
    public IdSet() {
        this(Memory.HEAP);
    }

    /** An empty set that is in this memory from about 65,000 pictures on. */
    public IdSet(Memory memory) {
        this.memory = memory;
    }

    /** False if it was there already. */
    public boolean add(ImageId id) {
        return add(high(id), low(id));
    }

    private boolean add(long high, long low) {
        if (size * 2L > slots) {
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

    /** Nothing happens if it is not there. */
    public void remove(ImageId id) {
        int slot = find(high(id), low(id));
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
        IdSet larger = new IdSet(memory);
        larger.slots = 2 * slots;
        int count = Math.max(1, larger.slots / PART_SLOTS);
        larger.parts = (count == 1 ? Memory.HEAP : memory).allocate(count, 2 * Math.min(larger.slots, PART_SLOTS));
        forEach(larger::insert);
        parts = larger.parts;
        slots = larger.slots;
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

package dev.glimpse.image;

import java.io.Serializable;
import java.util.HexFormat;

/**
 * A set of pictures, in some 32 bytes each, so that it may hold all that there are. The first
 * 128 bits stand for the whole: that two of a billion pictures share them by chance has odds of 1 in 10^20. Pictures
 * whose names differ in their format alone are two. Not safe between threads.
 */
public final class IdSet implements Serializable {
    private static final long serialVersionUID = 1;

    private long[] slots = new long[2 * 1024];
    private int size;

    /** False if it was there already. */
    public boolean add(ImageId id) {
        return add(high(id), low(id));
    }

    private boolean add(long high, long low) {
        if (size * 2 > slots.length / 2) {
            grow();
        }
        return insert(high, low);
    }

    public void addAll(IdSet others) {
        others.forEach(this::add);
    }

    private interface Keys {
        void of(long high, long low);
    }

    private void forEach(Keys keys) {
        for (int i = 0; i < slots.length; i += 2) {
            if (slots[i] != 0 || slots[i + 1] != 0) {
                keys.of(slots[i], slots[i + 1]);
            }
        }
    }

    /** Nothing happens if it is not there. */
    public void remove(ImageId id) {
        int slot = find(high(id), low(id));
        if (slots[slot] == 0 && slots[slot + 1] == 0) {
            return;
        }
        slots[slot] = 0;
        slots[slot + 1] = 0;
        size--;
        // A search ends at a free slot, so what follows up to the next one may have to move.
        int next = (slot + 2) % slots.length;
        while (slots[next] != 0 || slots[next + 1] != 0) {
            long high = slots[next];
            long low = slots[next + 1];
            slots[next] = 0;
            slots[next + 1] = 0;
            size--;
            insert(high, low);
            next = (next + 2) % slots.length;
        }
    }

    public boolean contains(ImageId id) {
        int slot = find(high(id), low(id));
        return slots[slot] != 0 || slots[slot + 1] != 0;
    }

    public int size() {
        return size;
    }

    private boolean insert(long high, long low) {
        int slot = find(high, low);
        if (slots[slot] != 0 || slots[slot + 1] != 0) {
            return false;
        }
        slots[slot] = high;
        slots[slot + 1] = low;
        size++;
        return true;
    }

    /** The slot that holds the key or, as zeros, would. The key is random already, so its bits serve as the hash. */
    private int find(long high, long low) {
        int mask = slots.length / 2 - 1;
        int slot = (int) high & mask;
        while (true) {
            long there = slots[2 * slot];
            long thereLow = slots[2 * slot + 1];
            if ((there == high && thereLow == low) || (there == 0 && thereLow == 0)) {
                return 2 * slot;
            }
            slot = (slot + 1) & mask;
        }
    }

    private void grow() {
        IdSet larger = new IdSet();
        larger.slots = new long[slots.length * 2];
        forEach(larger::insert);
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

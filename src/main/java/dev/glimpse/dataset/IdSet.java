package dev.glimpse.dataset;

import java.util.HexFormat;

/**
 * The SHA-256 prefixes of all rows, in some 32 bytes a row: who has a row is known without reading the table. The first
 * 128 bits stand for the whole: that two of a billion pictures share them by chance has odds of 1 in 10^20. Not safe
 * between threads.
 */
final class IdSet {
    private long[] slots = new long[2 * 1024];
    private int size;

    /** False if it was there already. */
    boolean add(String sha256) {
        if (size * 2 > slots.length / 2) {
            grow();
        }
        return insert(high(sha256), low(sha256));
    }

    /** Nothing happens if it is not there. */
    void remove(String sha256) {
        int slot = find(high(sha256), low(sha256));
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

    boolean contains(String sha256) {
        int slot = find(high(sha256), low(sha256));
        return slots[slot] != 0 || slots[slot + 1] != 0;
    }

    int size() {
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
        long[] old = slots;
        slots = new long[old.length * 2];
        size = 0;
        for (int i = 0; i < old.length; i += 2) {
            if (old[i] != 0 || old[i + 1] != 0) {
                insert(old[i], old[i + 1]);
            }
        }
    }

    private static long high(String sha256) {
        return HexFormat.fromHexDigitsToLong(sha256, 0, 16);
    }

    private static long low(String sha256) {
        return HexFormat.fromHexDigitsToLong(sha256, 16, 32);
    }
}

package dev.glimpse.sources;

import dev.glimpse.dataset.SourceRows.Place;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.BitSet;

/**
 * The places that rows name, in eight bytes each, so that a million take eight megabytes. Two different places are taken for the same with
 * a chance of 1 in 10^19 for each pair. First all are added, then they are looked for. For one thread.
 */
final class KnownPlaces {
    private final MessageDigest digest;
    private long[] places = new long[1024];
    private int size;
    private final BitSet seen = new BitSet();

    KnownPlaces() {
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    void add(Place place) {
        if (size == places.length) {
            places = Arrays.copyOf(places, size * 2);
        }
        places[size++] = hash(place);
    }

    /** All are added. */
    void complete() {
        Arrays.sort(places, 0, size);
    }

    /** Whether a row names this place; from now on it has been seen. */
    boolean see(Place place) {
        int found = Arrays.binarySearch(places, 0, size, hash(place));
        if (found >= 0) {
            seen.set(found);
        }
        return found >= 0;
    }

    /** Whether this is one of the places, and was not seen. */
    boolean isUnseen(Place place) {
        int found = Arrays.binarySearch(places, 0, size, hash(place));
        return found >= 0 && !seen.get(found);
    }

    /** Whether there are places that were not seen. */
    boolean anyUnseen() {
        return seen.cardinality() < size;
    }

    private long hash(Place place) {
        String text = place.bytes() + " " + place.modified().getEpochSecond() + " " + place.key();
        byte[] hash = digest.digest(text.getBytes(StandardCharsets.UTF_8));
        long first = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            first = first << Byte.SIZE | (hash[i] & 0xFF);
        }
        return first;
    }
}

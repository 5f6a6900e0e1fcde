package dev.glimpse.move;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import java.util.Locale;
import java.util.Map;

/**
 * What a copy takes, told before it begins. Requests to a folder cost nothing.
 *
 * @param objects that have to be copied
 * @param bytes of these objects
 * @param there objects that the target has already
 * @param classA requests to buckets that change something or list
 * @param classB requests to buckets that read
 * @param dollars for the requests, at R2's prices
 * @param seconds about how long it takes
 */
record Quote(long objects, long bytes, long there, long classA, long classB, double dollars, double seconds) {
    /** Larger objects are put in parts of this size. */
    private static final long PART_BYTES = 8 << 20;

    private static final int KEYS_OF_A_LISTING = 1000;
    private static final double BUCKET_SECONDS = 0.1;
    private static final double BUCKET_BYTES_PER_SECOND = 50e6;
    private static final double FOLDER_BYTES_PER_SECOND = 200e6;

    /**
     * Counts the listings that the copy needs, too.
     *
     * @param jobs objects that are copied at the same time
     */
    static Quote of(ObjectStore from, ObjectStore to, Map<Part, Difference> parts, int jobs) {
        boolean fromBucket = from.directAccess().isPresent();
        boolean toBucket = to.directAccess().isPresent();
        long objects = 0;
        long bytes = 0;
        long there = 0;
        long puts = 0;
        long heads = 0;
        long lists = 0;
        for (Map.Entry<Part, Difference> part : parts.entrySet()) {
            Difference difference = part.getValue();
            objects += difference.toCopy().size();
            bytes += difference.bytes();
            there += difference.common().size();
            puts += difference.toCopy().stream()
                    .mapToLong(object -> 1 + object.bytes() / PART_BYTES)
                    .sum();
            int known = difference.common().size() + difference.differing().size();
            long listed = (fromBucket ? pages(known + difference.missing().size()) : 0)
                    + (toBucket ? pages(known + difference.extra().size()) : 0);
            lists += listed * part.getKey().listings();
            heads += part.getKey().hasMetadata() ? difference.common().size() : 0;
        }
        long classA = lists + (toBucket ? puts : 0);
        long classB = (fromBucket ? 2 * objects + heads : 0) + (toBucket ? objects + heads : 0);
        boolean isFast = !fromBucket && !toBucket;
        double seconds = (classA + classB) * BUCKET_SECONDS / jobs
                + bytes / (isFast ? FOLDER_BYTES_PER_SECOND : BUCKET_BYTES_PER_SECOND);
        return new Quote(
                objects, bytes, there, classA, classB, RequestMeter.dollars(classA, classB), Math.ceil(seconds));
    }

    private static long pages(long keys) {
        return Math.max(1, (keys + KEYS_OF_A_LISTING - 1) / KEYS_OF_A_LISTING);
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d objects of %,d bytes to copy, %,d are there; %,d class A and %,d class B requests, $%.4f; about %,.0f s",
                objects,
                bytes,
                there,
                classA,
                classB,
                dollars,
                seconds);
    }
}

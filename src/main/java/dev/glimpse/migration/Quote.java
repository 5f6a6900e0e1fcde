package dev.glimpse.migration;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.storage.RequestMeter;
import org.jspecify.annotations.Nullable;

/**
 * What it takes to fill the column of another model, as the table is now.
 *
 * @param rows whose pictures are read and embedded
 * @param commits about how many versions of the table are made
 * @param classA about how many puts and listings of the bucket; 0 in a folder
 * @param classB about how many gets of the bucket; 0 in a folder
 * @param dollars for these requests
 * @param bytesRead of pictures; null if the table does not say how large they are
 * @param bytesStored of vectors that the table has in addition, as long as it has both columns
 * @param dollarsPerMonth for these bytes; 0 in a folder
 */
record Quote(
        String model,
        int dimension,
        long rows,
        long commits,
        long classA,
        long classB,
        double dollars,
        @Nullable Long bytesRead,
        long bytesStored,
        double dollarsPerMonth) {
    /** A version is two files and a manifest. */
    private static final long PUTS_PER_COMMIT = 3;

    /** The column, the lease, and what is merged afterwards. */
    private static final long OTHER_PUTS = 20;

    /** Dollars for a byte and a month, of R2's standard storage, as published in 2026. */
    private static final double STORAGE_DOLLARS = 0.015 / 1_000_000_000;

    static Quote of(ModelStamp model, long rows, long commits, @Nullable Long bytesRead, boolean inBucket) {
        long classA = inBucket ? PUTS_PER_COMMIT * commits + OTHER_PUTS : 0;
        long classB = inBucket ? rows : 0;
        long stored = rows * model.dimension() * Float.BYTES;
        return new Quote(
                model.name(),
                model.dimension(),
                rows,
                commits,
                classA,
                classB,
                RequestMeter.dollars(classA, classB),
                bytesRead,
                stored,
                inBucket ? stored * STORAGE_DOLLARS : 0);
    }
}

package dev.glimpse.sources;

import dev.glimpse.storage.RequestMeter;

/**
 * What a look takes, known before anything is read. What the table takes afterwards, as its versions are merged and cleaned up, comes on
 * top, as it does after uploads.
 *
 * @param listed objects that the listing has named
 * @param unchanged of these, that are known as they are
 * @param leftOut of these, whose names are not those of pictures
 * @param toRead of these, that are new or were written since; each is a get
 * @param bytesToRead their size in all
 * @param toRemove rows whose objects are gone or were written since; each may be a head and a put
 * @param lists listings; one has a thousand keys
 * @param commits versions of the table, at most
 * @param classA puts and listings in all; 0 in a folder
 * @param classB gets and heads in all; 0 in a folder
 * @param dollars for these requests
 * @param dollarsToFollow for a look that finds nothing new
 */
record Price(
        long listed,
        long unchanged,
        long leftOut,
        long toRead,
        long bytesToRead,
        long toRemove,
        long lists,
        long commits,
        long classA,
        long classB,
        double dollars,
        double dollarsToFollow) {
    /** A version is two files and a manifest. */
    private static final long PUTS_PER_COMMIT = 3;

    /** The lease, the listing of what is remembered, and what is remembered afterwards. */
    private static final long OTHER_PUTS = 3;

    /** The lease when it is given back. */
    private static final long OTHER_GETS = 1;

    static final int KEYS_PER_LIST = 1_000;

    /**
     * @param batch rows of one version
     * @param again whether there is something that an earlier look has left, which is read
     */
    static Price of(
            boolean inBucket,
            int batch,
            boolean again,
            long listed,
            long unchanged,
            long leftOut,
            long toRead,
            long bytesToRead,
            long toRemove) {
        long lists = inBucket ? Math.max(1, parts(listed, KEYS_PER_LIST)) : 0;
        long commits = parts(toRead, batch) + parts(toRemove, batch);
        // Deletes that have come meanwhile are looked for at the end.
        long atEnd = toRead > 0 ? 1 : 0;
        // Of a row that goes, what was said may be kept.
        long classA = inBucket ? lists + PUTS_PER_COMMIT * commits + toRemove + OTHER_PUTS + atEnd : 0;
        long classB = inBucket ? toRead + toRemove + OTHER_GETS + (again ? 1 : 0) : 0;
        return new Price(
                listed,
                unchanged,
                leftOut,
                toRead,
                bytesToRead,
                toRemove,
                lists,
                commits,
                classA,
                classB,
                RequestMeter.dollars(classA, classB),
                inBucket ? RequestMeter.dollars(lists + OTHER_PUTS, OTHER_GETS + 1) : 0);
    }

    private static long parts(long all, long part) {
        return (all + part - 1) / part;
    }
}

package dev.glimpse.storage;

import java.util.Locale;

/** What requests to the bucket are for. */
public enum StoreUse {
    /** Pictures that come, and their markers. */
    UPLOADS,
    /** Versions of the table. */
    COMMITS,
    /** Merges, indexes, old versions, recovery, verification, the trash. */
    UPKEEP,
    /** Whether others have committed, and what. */
    POLLS,
    /** Searches, where the table is not in memory. */
    SEARCHES,
    /** Pictures that are looked at. */
    VIEWS,
    /** Deletes, restores and edits. */
    CHANGES,
    /** The start, checks of the bucket, and the rest. */
    OTHER;

    /** As in metrics and in JSON. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}

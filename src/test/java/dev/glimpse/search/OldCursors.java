package dev.glimpse.search;

import java.time.Instant;
import java.util.Set;

/** Cursors as a server gave them long ago. */
public final class OldCursors {
    private OldCursors() {}

    /** The cursor of a search whose first page was made so long ago that its time is over. */
    public static String expired() {
        Instant made = Instant.now().minus(SearchCursor.LIFE).minusSeconds(2);
        return new SearchCursor(1, 2, made.getEpochSecond(), 10, 0.5f, Set.of()).inText();
    }
}

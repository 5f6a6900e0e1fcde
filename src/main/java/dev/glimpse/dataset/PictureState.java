package dev.glimpse.dataset;

/**
 * What one server knows of the row of a picture. A row is in memory until it is committed, and in the table afterwards. A row that is
 * leaving is hidden, because its picture is being deleted.
 */
public enum PictureState {
    /** No row is known, or only one that has been removed. */
    ABSENT(false, false, false),

    /** The row waits in memory to be committed. Searches find it there. */
    PENDING(true, false, true),

    /**
     * The table has the row, in a version that is not read yet. Another server has committed it, so it is not in memory here, and
     * searches find it when that version is read.
     */
    UNREAD(true, true, false),

    /** The table has the row, and searches find it: in the version that is read, or in memory. */
    COMMITTED(true, true, true),

    /** The row waits in memory to be committed, and is hidden. */
    LEAVING_PENDING(false, false, false),

    /** The table has the row, and it is hidden. */
    LEAVING_COMMITTED(false, true, false);

    private final boolean shown;
    private final boolean inTable;
    private final boolean found;

    PictureState(boolean shown, boolean inTable, boolean found) {
        this.shown = shown;
        this.inTable = inTable;
        this.found = found;
    }

    /** Whether there is a row, in memory or in the table, and it is not hidden. */
    public boolean isShown() {
        return shown;
    }

    /** Whether the table has a row, hidden or not. */
    public boolean isInTable() {
        return inTable;
    }

    /** Whether searches find the row now. False for {@link #UNREAD}, though its row is shown. */
    public boolean isFound() {
        return found;
    }
}

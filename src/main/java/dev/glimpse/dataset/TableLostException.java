package dev.glimpse.dataset;

/** The table that was opened is not the store's table any more, so nothing may be written on top of what is known of it. */
public final class TableLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What became of it. */
    public enum Fate {
        /** The store has no version of a table. */
        GONE,
        /** The store has other bytes under the name of the version that was read, or only older versions. */
        REPLACED,
        /** The version that was read is not kept any more, so nobody can tell whether the newer ones came from it. */
        MOVED_ON
    }

    private final Fate fate;

    public TableLostException(Fate fate, String message) {
        super(message);
        this.fate = fate;
    }

    public Fate fate() {
        return fate;
    }
}

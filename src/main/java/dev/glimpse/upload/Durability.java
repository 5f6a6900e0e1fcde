package dev.glimpse.upload;

/** When an upload is answered. */
public enum Durability {
    /** The picture is in the store, searches find it, and a crash does not lose its row. */
    RECOVERABLE,
    /** The row is in the table as well, where other servers and other programs find it. */
    COMMITTED
}

package dev.glimpse.dataset;

/** What became of a change of a row. */
public enum RowChange {
    /** The table has no row of the picture. */
    NO_ROW,

    /** The row had been as it was to be. Nothing was committed. */
    UNCHANGED,

    /** The change is committed. */
    CHANGED
}

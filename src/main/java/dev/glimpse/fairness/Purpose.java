package dev.glimpse.fairness;

/**
 * What work is for. The constants are in the order of their urgency. Where work of several purposes waits in one queue, the more urgent
 * purpose goes first, however much time its client has used. Processor time is shared among the work of one purpose, and counted for
 * each purpose separately.
 */
public enum Purpose {
    /** Encoding the text of a search. It takes some milliseconds, and somebody waits for it. */
    SEARCH,
    /** Decoding a picture that somebody looks at. */
    VIEW,
    /** Decoding and encoding a picture to store it, or to make its row again. */
    UPLOAD
}

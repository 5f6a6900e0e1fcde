package dev.glimpse.image;

/**
 * What work is for. Where work of several classes waits in one queue, an earlier class comes first, whatever its caller has used.
 * Turns of one class wait for turns of that class only, and what a caller has used is counted for each class by itself.
 */
public enum WorkClass {
    /** Encoding the words of a search: some milliseconds, for which somebody waits. */
    SEARCH,
    /** Decoding a picture that somebody looks at. */
    VIEW,
    /** Decoding and encoding a picture to store it, or to make its row again. */
    UPLOAD
}

package dev.glimpse.pictures;

/** A request asks for bytes that a picture does not have. */
public final class RangeNotSatisfiableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final long size;

    RangeNotSatisfiableException(String range, long size) {
        super("the picture has " + size + " bytes, and none of these: " + range);
        this.size = size;
    }

    /** The bytes that there are. */
    public long size() {
        return size;
    }
}

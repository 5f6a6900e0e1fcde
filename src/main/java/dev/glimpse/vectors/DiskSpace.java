package dev.glimpse.vectors;

import java.io.File;
import java.nio.file.Path;

/**
 * How much space a file system has. Immutable.
 *
 * @param free bytes that this process may write
 * @param total bytes of the file system; 0 if it does not know them
 */
public record DiskSpace(long free, long total) {
    private static final long LARGEST_RESERVE = 1L << 30;

    /** One of so many parts of a small file system is left to others. */
    private static final int SHARES = 20;

    /** As of now. A folder that is not there is on a file system that does not know its size. */
    public static DiskSpace of(Path folder) {
        File file = folder.toFile();
        return new DiskSpace(file.getUsableSpace(), file.getTotalSpace());
    }

    /** What others need, such as the copy of a table: 1 GB, or a twentieth of a file system of less than 20 GB. */
    private long reserve() {
        return Math.min(LARGEST_RESERVE, total / SHARES);
    }

    /** Whether so many bytes would take what others need, of which they leave as much again or the reserve. False if the size is not known. */
    public boolean lacks(long bytes) {
        return total > 0 && free < bytes + Math.min(bytes, reserve());
    }

    /** Whether less is free than others need. False if the size is not known. */
    public boolean isNearlyFull() {
        return free < reserve();
    }
}

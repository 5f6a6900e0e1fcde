package dev.glimpse.storage;

import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.util.Optional;

/**
 * What a failure says of the disk, in words for the operator. Native libraries have the operating system's texts alone, so
 * the texts decide.
 *
 * @param what follows the name of the file or folder, as in "is on a full disk"
 * @param cure what the operator can do, a sentence
 */
public record DiskProblem(String what, String cure) {
    /** Empty if nothing in the chain of causes speaks of a disk. */
    public static Optional<DiskProblem> of(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < 32; cause = cause.getCause(), depth++) {
            String text = String.valueOf(cause.getMessage());
            if (text.contains("No space left on device") || text.contains("Disk quota exceeded")) {
                return problem(
                        "is on a full disk", "Free some space, or set GLIMPSE_DATA to a folder on another disk.");
            }
            if (text.contains("Read-only file system")) {
                return problem(
                        "is on a read-only file system",
                        "Mount it writable, or set GLIMPSE_DATA to a folder that can be written.");
            }
            if (cause instanceof FileAlreadyExistsException
                    || text.contains("Not a directory")
                    || text.contains("is not a folder")) {
                return problem("is a file, or below one", "Set GLIMPSE_DATA to a folder.");
            }
            if (cause instanceof AccessDeniedException
                    || text.contains("Permission denied")
                    || text.contains("Operation not permitted")) {
                return problem(
                        "cannot be written by this user",
                        "Give the folder to the user that runs Glimpse (chown), or set GLIMPSE_DATA to another one.");
            }
        }
        return Optional.empty();
    }

    private static Optional<DiskProblem> problem(String what, String cure) {
        return Optional.of(new DiskProblem(what, cure));
    }
}

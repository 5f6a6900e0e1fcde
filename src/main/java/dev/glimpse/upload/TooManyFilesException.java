package dev.glimpse.upload;

/** More files in one request than we take. */
public class TooManyFilesException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooManyFilesException(String message) {
        super(message);
    }
}

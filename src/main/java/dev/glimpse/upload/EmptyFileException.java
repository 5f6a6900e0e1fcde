package dev.glimpse.upload;

/** A file without bytes, or a request without a file. */
public class EmptyFileException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    EmptyFileException(String message) {
        super(message);
    }
}

package dev.glimpse.web;

/** A parameter has several values where one is taken, or an empty one. The message names it. */
final class UnusableParameterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableParameterException(String message) {
        super(message);
    }
}

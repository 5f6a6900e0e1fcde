package dev.glimpse.web;

/** The request has a parameter that its endpoint does not have. The message names it, and those that there are. */
final class UnknownParameterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownParameterException(String message) {
        super(message);
    }
}

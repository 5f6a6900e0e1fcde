package dev.glimpse.web;

/** A part of a form is a file, and has the name of a parameter that is text. */
final class FileForTextException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    FileForTextException(String name) {
        super(name + " is a file and must be text");
    }
}

package dev.glimpse.web;

import dev.glimpse.request.Spelling;

/** There is no type of problem of this name. */
final class UnknownProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnknownProblemException(String type) {
        super("there is no type of problem of this name"
                + Spelling.nearest(type, ProblemTypes.names())
                        .map(meant -> "; did you mean /problems/" + meant + "?")
                        .orElse("; /problems lists all"));
    }
}

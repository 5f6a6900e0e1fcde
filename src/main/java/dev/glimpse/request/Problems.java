package dev.glimpse.request;

import org.springframework.http.ProblemDetail;

/** Says what a failure looks like to the client. So one file of many that fails has the problem that it has alone. */
@FunctionalInterface
public interface Problems {
    /** The problem of a failure, with its HTTP status. Never throws. Safe for use by several threads. */
    ProblemDetail of(Throwable failure);
}

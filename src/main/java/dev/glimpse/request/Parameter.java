package dev.glimpse.request;

/** A parameter of an endpoint that reads its parameters itself. Implemented by an enum of all of them. */
public interface Parameter {
    /** As it stands in a request. */
    String parameterName();

    /** Whether it may be there several times. */
    boolean isList();
}

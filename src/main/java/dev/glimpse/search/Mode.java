package dev.glimpse.search;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** By what pictures are found. */
public enum Mode {
    /** By what they show. */
    VECTOR,

    /** By the words of their captions, tags and file names. */
    TEXT,

    /** By both. */
    HYBRID;

    @JsonValue
    public String parameterValue() {
        return name().toLowerCase(Locale.ROOT);
    }
}

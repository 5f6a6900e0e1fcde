package dev.glimpse.request;

import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.databind.DatabindException;

/** Says in plain words why a text is no JSON that can be read. Jackson's own words name its classes and settings. */
public final class JsonProblem {
    /** Jackson has no type of its own for it. */
    private static final String TWICE = "Duplicate Object property \"";

    private JsonProblem() {}

    /**
     * What is wrong, for example "it ends too early: line 1, column 2". Lines and columns are counted from 1 on; Jackson does not tell
     * them of a text that is beyond its bounds.
     */
    public static String of(JacksonException failure) {
        TokenStreamLocation place = failure.getLocation();
        return what(failure)
                + (place == null || place.getLineNr() < 1
                        ? ""
                        : ": line " + place.getLineNr() + ", column " + place.getColumnNr());
    }

    private static String what(JacksonException failure) {
        if (failure instanceof UnexpectedEndOfInputException) {
            return "it ends too early";
        }
        if (failure instanceof StreamConstraintsException) {
            return "it has too many levels, or a number or a name that is too long";
        }
        if (failure instanceof DatabindException) {
            return "something follows its end";
        }
        return String.valueOf(failure.getOriginalMessage()).startsWith(TWICE)
                ? "a field is there twice"
                : "something is there that JSON does not have at this place";
    }

    /** Whether a text is Unicode: an escape such as {@code \ud800}, which is half a character, is none. */
    public static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }
}

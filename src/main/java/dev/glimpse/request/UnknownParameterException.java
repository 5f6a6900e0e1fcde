package dev.glimpse.request;

import java.util.Collection;
import java.util.Optional;

/** The request has a parameter, a part or a field that its endpoint does not have. The message names it, and those that there are. */
public final class UnknownParameterException extends InvalidQueryException {
    private static final long serialVersionUID = 1L;

    private UnknownParameterException(String message) {
        super(message);
    }

    /**
     * Names what is unknown, and what was probably meant.
     *
     * @param kind of what is unknown, for example "parameter"
     * @param name as it was sent
     * @param meant empty if none of the known names is near
     * @param known the names that there are; empty if there are none
     */
    public static UnknownParameterException of(
            String kind, String name, Optional<String> meant, Collection<String> known) {
        return new UnknownParameterException("there is no " + kind + " \"" + ParameterValues.shortened(name) + "\" here"
                + meant.map(near -> "; did you mean " + near + "?").orElse("")
                + (known.isEmpty() ? "; this call takes none" : "; there are " + String.join(", ", known)));
    }
}

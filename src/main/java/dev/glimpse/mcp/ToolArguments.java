package dev.glimpse.mcp;

import dev.glimpse.request.InvalidQueryException;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The arguments that a tool takes. Says in plain words which one does not fit, and what it may be: the SDK would hand on the words of
 * its validator, which are for programmers.
 *
 * @param schema of the tool; types, bounds and descriptions are those that {@link #described} knows
 */
record ToolArguments(Map<String, Object> schema, JsonSchemaValidator validator) {
    /**
     * Checks what a call has.
     *
     * @throws InvalidQueryException if an argument is missing, not known, or not as the schema has it
     */
    void check(Map<String, Object> arguments) {
        Map<String, Object> known = properties();
        for (Map.Entry<String, Object> argument : arguments.entrySet()) {
            String name = argument.getKey();
            if (!known.containsKey(name)) {
                throw new InvalidQueryException("there is no argument " + name
                        + (known.isEmpty()
                                ? "; this tool takes none"
                                : "; there are " + String.join(", ", known.keySet())));
            }
            if (!fits(name, argument.getValue())) {
                throw new InvalidQueryException(name + " must be " + described(object(known.get(name))));
            }
        }
        for (Object name : list(schema.get("required"))) {
            if (!arguments.containsKey(String.valueOf(name))) {
                throw new InvalidQueryException(
                        name + " is missing: it must be " + described(object(known.get(String.valueOf(name)))));
            }
        }
    }

    private boolean fits(String name, @Nullable Object value) {
        Map<String, Object> alone =
                Map.of("properties", Map.of(name, object(properties().get(name))));
        return validator.validate(alone, Collections.singletonMap(name, value)).valid();
    }

    /** What a value may be, for example "a whole number from 1 to 50". */
    private static String described(Map<String, Object> value) {
        Object description = value.get("description");
        return kind(value) + (description == null ? "" : " (" + description + ")");
    }

    private static String kind(Map<String, Object> value) {
        if (value.containsKey("enum")) {
            return "one of "
                    + list(value.get("enum")).stream().map(String::valueOf).collect(Collectors.joining(", "));
        }
        return switch (String.valueOf(value.get("type"))) {
            case "integer" -> "a whole number from " + value.get("minimum") + " to " + value.get("maximum");
            case "boolean" -> "true or false";
            case "number" -> "a number from " + value.get("minimum") + " to " + value.get("maximum");
            case "array" ->
                "a list of at most " + value.get("maxItems") + ", each " + described(object(value.get("items")));
            default -> "a text" + length(value);
        };
    }

    private static String length(Map<String, Object> text) {
        if (!text.containsKey("maxLength")) {
            return "";
        }
        Object least = text.get("minLength");
        return " of " + (least == null ? "at most " : least + " to ") + text.get("maxLength") + " characters";
    }

    private Map<String, Object> properties() {
        return object(schema.get("properties"));
    }

    @SuppressWarnings("unchecked") // keys of JSON are texts
    private static Map<String, Object> object(@Nullable Object json) {
        return json == null ? Map.of() : (Map<String, Object>) json;
    }

    private static List<?> list(@Nullable Object json) {
        return json == null ? List.of() : (List<?>) json;
    }
}

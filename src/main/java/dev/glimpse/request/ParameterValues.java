package dev.glimpse.request;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * The parameters of a request, from its query and its form or from a JSON object with fields of the same names. What they are is said when
 * they are read: a value that is not what it has to be is an {@link InvalidQueryException} that names the parameter.
 */
public final class ParameterValues {
    /** As JSON writes one: others read hexadecimal numbers and digits of all scripts as well. */
    static final Pattern WHOLE_NUMBER = Pattern.compile("-?(0|[1-9][0-9]*)");

    private static final Pattern NUMBER = Pattern.compile("(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?");

    /** A double has all whole numbers below. */
    private static final double MOST_EXACT = 1L << 53;

    /** The most characters of a value that a message repeats. */
    private static final int MOST_CHARACTERS = 64;

    private final Map<String, List<String>> values;

    private ParameterValues(Map<String, List<String>> values) {
        this.values = values;
    }

    /** Those of a query or a form. Whether their names are known is for others to check. */
    public static ParameterValues of(Map<String, String[]> parameters) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        parameters.forEach((name, each) -> values.put(name, List.of(each)));
        return new ParameterValues(values);
    }

    /**
     * Those of a JSON object. A list may stand as a single value if it has one only; null stands for a parameter that is left out.
     *
     * @throws UnknownParameterException if it has other fields
     * @throws InvalidQueryException if it is no such object
     */
    public static ParameterValues ofJson(JsonNode json, Parameter[] known) {
        if (!json.isObject()) {
            throw new InvalidQueryException("the body must be a JSON object");
        }
        Map<String, Parameter> parameters = Stream.of(known)
                .collect(Collectors.toMap(
                        Parameter::parameterName, parameter -> parameter, (a, b) -> a, LinkedHashMap::new));
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            Parameter parameter = parameters.get(field.getKey());
            if (parameter == null) {
                throw UnknownParameterException.of(
                        "field",
                        field.getKey(),
                        Spelling.nearest(field.getKey(), parameters.keySet()),
                        parameters.keySet());
            }
            if (!field.getValue().isNull()) {
                values.put(field.getKey(), ofJson(parameter, field.getValue()));
            }
        }
        return new ParameterValues(values);
    }

    private static List<String> ofJson(Parameter parameter, JsonNode field) {
        List<String> texts = new ArrayList<>();
        for (JsonNode value : field.isArray() && parameter.isList() ? field.values() : List.of(field)) {
            if (!value.isString() && !value.isNumber() && !value.isBoolean()) {
                throw new InvalidQueryException(parameter.parameterName()
                        + (parameter.isList() ? " must be a list of values" : " must be a single value"));
            }
            String text = isWhole(value) ? Long.toString(value.asLong()) : value.asString();
            if (!JsonProblem.isUnicode(text)) {
                throw new InvalidQueryException(
                        parameter.parameterName() + " has half a character: a surrogate without its other half");
            }
            texts.add(text);
        }
        return texts;
    }

    /** Whether it is written with a fraction and has none: 10.0 is 10. */
    private static boolean isWhole(JsonNode value) {
        return value.isFloatingPointNumber()
                && value.doubleValue() == Math.rint(value.doubleValue())
                && Math.abs(value.doubleValue()) < MOST_EXACT;
    }

    /** All values of a parameter, in their order. */
    public List<String> all(Parameter parameter) {
        return values.getOrDefault(parameter.parameterName(), List.of());
    }

    /** The value of a parameter that is taken once. */
    public Optional<String> one(Parameter parameter) {
        return all(parameter).stream().findFirst();
    }

    /** A number from {@code least} to {@code most}; {@code missing} if there is none. */
    public int wholeNumber(Parameter parameter, int missing, int least, int most) {
        Long number = wholeNumber(parameter);
        if (number == null) {
            return missing;
        }
        if (number < least || number > most) {
            throw new InvalidQueryException(
                    parameter.parameterName() + " must be " + least + " to " + most + ": " + number);
        }
        return number.intValue();
    }

    /** Null if there is none. */
    public @Nullable Long wholeNumber(Parameter parameter) {
        String value = one(parameter).orElse(null);
        if (value == null) {
            return null;
        }
        try {
            if (WHOLE_NUMBER.matcher(value).matches()) {
                return Long.valueOf(value);
            }
        } catch (NumberFormatException e) {
            // It has too many digits.
        }
        throw invalid(parameter, "a whole number", value);
    }

    /** A number from 0 to 1. Null if there is none. */
    public @Nullable Double share(Parameter parameter) {
        String value = one(parameter).orElse(null);
        if (value == null) {
            return null;
        }
        // A negative number does not match, and neither does NaN.
        if (!NUMBER.matcher(value).matches() || Double.parseDouble(value) > 1) {
            throw invalid(parameter, "a number from 0 to 1", value);
        }
        return Double.valueOf(value);
    }

    /** False if there is none. */
    public boolean flag(Parameter parameter) {
        String value = one(parameter).orElse("false");
        if (!value.equals("true") && !value.equals("false")) {
            throw invalid(parameter, "true or false", value);
        }
        return value.equals("true");
    }

    /** A time with its offset. Null if there is none. */
    public @Nullable Instant time(Parameter parameter) {
        String value = one(parameter).orElse(null);
        try {
            return value == null ? null : DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(value.strip(), Instant::from);
        } catch (DateTimeException e) {
            throw invalid(parameter, "a time such as 2026-11-26T08:00:00Z", value);
        }
    }

    /**
     * How much each of several things counts: 1 if nothing is said.
     *
     * @param count of the things
     * @param things what clients call them
     * @param most the largest
     */
    public List<Double> weights(Parameter parameter, int count, String things, int most) {
        List<String> said = all(parameter);
        if (said.isEmpty()) {
            return Stream.generate(() -> 1.0).limit(count).toList();
        }
        if (said.size() != count) {
            throw new InvalidQueryException(parameter.parameterName() + " is there " + said.size() + " times and "
                    + things + " " + count + " times: give each its weight, or none");
        }
        return said.stream().map(text -> weight(parameter, text, most)).toList();
    }

    private static double weight(Parameter parameter, String text, int most) {
        // A negative number does not match, and neither do NaN, hexadecimal numbers and 1f.
        double weight = NUMBER.matcher(text).matches() ? Double.parseDouble(text) : 0;
        if (weight <= 0 || weight > most) {
            throw invalid(parameter, "a number above 0 and at most " + most, text);
        }
        return weight;
    }

    private static InvalidQueryException invalid(Parameter parameter, String kind, @Nullable String value) {
        return new InvalidQueryException(
                parameter.parameterName() + " must be " + kind + ": " + shortened(String.valueOf(value)));
    }

    /** A value as a message repeats it. */
    public static String shortened(String text) {
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS) + "...";
    }
}

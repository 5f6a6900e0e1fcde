package dev.glimpse.search;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonProblem;
import dev.glimpse.request.ParameterValues;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * A text that somebody has judged pictures by.
 *
 * @param relevant ids of pictures that it should find
 * @param captions whose pictures it should find; at least one of both is not empty
 */
record LabelledQuery(String text, Set<String> relevant, Set<String> captions) {
    private static final int MOST_QUERIES = 1_000;
    private static final int MOST_LABELS = 100;

    /** @throws InvalidQueryException if this is not {@code {"queries": [{"text": ..., "relevant": [...], "captions": [...]}]}} */
    static List<LabelledQuery> parse(JsonNode json) {
        requireFields(json, "the body", Set.of("queries"));
        JsonNode queries = json.path("queries");
        if (!queries.isArray() || queries.isEmpty() || queries.size() > MOST_QUERIES) {
            throw new InvalidQueryException("queries must be a list of 1 to " + MOST_QUERIES + " queries");
        }
        List<LabelledQuery> parsed = new ArrayList<>();
        for (JsonNode query : queries) {
            parsed.add(of(query, "queries[" + parsed.size() + "]"));
        }
        return parsed;
    }

    private static LabelledQuery of(JsonNode query, String name) {
        requireFields(query, name, Set.of("text", "relevant", "captions"));
        String text = string(query.path("text"), name + ".text");
        Set<String> relevant = strings(query.path("relevant"), name + ".relevant");
        Set<String> captions = strings(query.path("captions"), name + ".captions");
        if (relevant.isEmpty() && captions.isEmpty()) {
            throw new InvalidQueryException(
                    name + " has no labels: give relevant, the ids of pictures, or captions, or both");
        }
        return new LabelledQuery(text, relevant, captions);
    }

    private static void requireFields(JsonNode object, String name, Set<String> known) {
        if (!object.isObject()) {
            throw new InvalidQueryException(name + " must be a JSON object");
        }
        for (String field : object.propertyNames()) {
            if (!known.contains(field)) {
                throw new InvalidQueryException(name + " has an unknown field: " + ParameterValues.shortened(field));
            }
        }
    }

    private static Set<String> strings(JsonNode values, String name) {
        if (values.isMissingNode() || values.isNull()) {
            return Set.of();
        }
        if (!values.isArray() || values.size() > MOST_LABELS) {
            throw new InvalidQueryException(name + " must be a list of at most " + MOST_LABELS + " texts");
        }
        Set<String> strings = new LinkedHashSet<>();
        for (JsonNode value : values) {
            strings.add(string(value, name + "[" + strings.size() + "]"));
        }
        return strings;
    }

    private static String string(JsonNode value, String name) {
        if (!value.isString() || !JsonProblem.isUnicode(value.stringValue())) {
            throw new InvalidQueryException(name + " must be a text");
        }
        return value.stringValue();
    }
}

package dev.glimpse.pictures;

import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.request.JsonProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a client wants to be said of a picture, as JSON: {@code {"caption": "...", "tags": ["..."]}}. A field that is absent stays as it
 * is. Null removes, and so does a text of blanks or an empty list.
 */
final class EditRequest {
    private static final String CAPTION = "caption";
    private static final String TAGS = "tags";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final Set<String> fields;
    private final @Nullable String caption;
    private final List<String> tags;

    private EditRequest(Set<String> fields, @Nullable String caption, List<String> tags) {
        this.fields = fields;
        this.caption = caption;
        this.tags = tags;
    }

    /** @throws InvalidEditException if this is no such JSON; says what is wrong, and where */
    static EditRequest parse(byte[] body) {
        JsonNode json = tree(body);
        Set<String> fields = new TreeSet<>(json.propertyNames());
        if (!json.isObject() || fields.isEmpty()) {
            throw new InvalidEditException("the body must be a JSON object with caption, tags or both");
        }
        for (String field : fields) {
            if (!field.equals(CAPTION) && !field.equals(TAGS)) {
                throw new InvalidEditException(
                        "there is no field " + field + " that can be changed; there are caption and tags");
            }
        }
        return new EditRequest(fields, text(json.path(CAPTION), CAPTION), tags(json.path(TAGS)));
    }

    private static JsonNode tree(byte[] body) {
        try {
            return JSON.readTree(body);
        } catch (JacksonException e) {
            throw new InvalidEditException("the body is not valid JSON: " + JsonProblem.of(e));
        }
    }

    private static @Nullable String text(JsonNode value, String name) {
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isString()) {
            throw new InvalidEditException(name + " must be a text, or null for none");
        }
        return unicode(value, name);
    }

    private static String unicode(JsonNode value, String name) {
        String text = value.stringValue();
        if (!JsonProblem.isUnicode(text)) {
            throw new InvalidEditException(name + " has half a character: a surrogate without its other half");
        }
        return text;
    }

    private static List<String> tags(JsonNode values) {
        if (values.isMissingNode() || values.isNull()) {
            return List.of();
        }
        if (!values.isArray()) {
            throw new InvalidEditException("tags must be a list of texts, or null for none");
        }
        List<String> tags = new ArrayList<>();
        for (JsonNode value : values) {
            String name = "tags[" + tags.size() + "]";
            if (!value.isString()) {
                throw new InvalidEditException(name + " must be a text");
            }
            tags.add(unicode(value, name));
        }
        return tags;
    }

    /** The fields that it has, in alphabetical order. */
    Set<String> fields() {
        return fields;
    }

    /** What is to be said in place of this. */
    UploadMetadata applyTo(UploadMetadata said) {
        UploadMetadata changed = fields.contains(CAPTION) ? said.withCaption(caption) : said;
        return fields.contains(TAGS) ? changed.withTags(tags) : changed;
    }
}

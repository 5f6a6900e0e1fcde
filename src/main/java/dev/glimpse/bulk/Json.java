package dev.glimpse.bulk;

import java.io.OutputStream;
import java.io.Writer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * A value of JSON that someone else has written, so each question has an answer whatever is there. Needs only the parser: the binding of
 * objects would make up a third of what the command loads when it starts.
 */
final class Json {
    static final Json NOTHING = new Json(null);

    private static final JsonFactory FACTORY = new JsonFactory();

    private final @Nullable Object value;

    private Json(@Nullable Object value) {
        this.value = value;
    }

    /** @throws JacksonException if it is no JSON */
    static Json of(byte[] text) {
        try (JsonParser parser = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            JsonToken first = parser.nextToken();
            return first == null ? NOTHING : new Json(value(parser, first));
        }
    }

    private static @Nullable Object value(JsonParser parser, JsonToken token) {
        return switch (token) {
            case START_OBJECT -> {
                Map<String, Json> fields = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                    String name = parser.currentName();
                    fields.put(name, new Json(value(parser, parser.nextToken())));
                }
                yield fields;
            }
            case START_ARRAY -> {
                List<Json> items = new ArrayList<>();
                JsonToken next;
                while ((next = parser.nextToken()) != JsonToken.END_ARRAY) {
                    items.add(new Json(value(parser, next)));
                }
                yield items;
            }
            case VALUE_STRING -> parser.getString();
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    static JsonGenerator writer(OutputStream out) {
        return FACTORY.createGenerator(ObjectWriteContext.empty(), out);
    }

    static JsonGenerator writer(Writer out) {
        return FACTORY.createGenerator(ObjectWriteContext.empty(), out);
    }

    /** A field of an object; nothing if it has none of this name, or is no object. */
    Json at(String field) {
        return value instanceof Map<?, ?> fields && fields.get(field) instanceof Json found ? found : NOTHING;
    }

    /** The items of an array; none if it is something else. */
    List<Json> items() {
        List<Json> items = new ArrayList<>();
        if (value instanceof List<?> list) {
            list.forEach(item -> items.add((Json) item));
        }
        return items;
    }

    boolean isArray() {
        return value instanceof List;
    }

    boolean isObject() {
        return value instanceof Map;
    }

    boolean isBoolean() {
        return value instanceof Boolean;
    }

    boolean isTrue() {
        return Boolean.TRUE.equals(value);
    }

    /** The text; an empty one if it is something else. */
    String text() {
        return value instanceof String text ? text : "";
    }

    /** The number without its fraction; 0 if it is something else. */
    int number() {
        return value instanceof Double number ? number.intValue() : 0;
    }
}

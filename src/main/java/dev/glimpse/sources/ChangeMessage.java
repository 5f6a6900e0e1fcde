package dev.glimpse.sources;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads what S3, EventBridge, SNS and R2 say of objects that have come, changed or gone. What happened does not matter: it is looked at. */
final class ChangeMessage {
    /** An object that has changed. */
    record Change(@Nullable String bucket, String key) {}

    private ChangeMessage() {}

    /**
     * The objects that a message names, or several messages in an array. A message of another kind, as the test that S3 sends first, names
     * none.
     *
     * @throws InvalidQueryException if it names something that is no object
     */
    static List<Change> parse(JsonNode message) {
        List<Change> changes = new ArrayList<>();
        add(message, changes);
        return changes;
    }

    private static void add(JsonNode message, List<Change> changes) {
        if (message.isArray()) {
            message.forEach(one -> add(one, changes));
        } else if (message.has("Records")) {
            message.get("Records").forEach(record -> {
                JsonNode s3 = record.path("s3");
                // The only ones that encode their keys.
                changes.add(new Change(
                        optional(s3.path("bucket").path("name")),
                        decoded(text(s3.path("object").path("key")))));
            });
        } else if (message.path("Message").isString()) {
            add(JsonBody.parse(message.get("Message").asString().getBytes(StandardCharsets.UTF_8)), changes);
        } else if (message.has("detail")) {
            JsonNode detail = message.get("detail");
            changes.add(new Change(
                    optional(detail.path("bucket").path("name")),
                    text(detail.path("object").path("key"))));
        } else if (message.has("object")) {
            changes.add(new Change(
                    optional(message.path("bucket")), text(message.get("object").path("key"))));
        } else if (message.path("body").has("object")) {
            add(message.get("body"), changes);
        } else if (!message.isObject()) {
            throw new InvalidQueryException("a message of S3 or R2 is an object or an array of objects");
        }
    }

    private static String decoded(String key) {
        try {
            return URLDecoder.decode(key, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw new InvalidQueryException("a key of S3 is encoded as in a form, and this is not: " + key);
        }
    }

    private static @Nullable String optional(JsonNode name) {
        return name.isString() ? name.asString() : null;
    }

    private static String text(JsonNode key) {
        if (!key.isString()) {
            throw new InvalidQueryException(
                    "the message says that an object has changed, and not which: object.key is missing");
        }
        return key.asString();
    }
}

package dev.glimpse.testing;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code docs/openapi.yaml} says, and what an answer has that it does not say: a status, a header, a type, or a body that does not
 * fit its schema. Safe for use by several threads.
 */
public final class Description {
    private static final Path FILE = Path.of("docs/openapi.yaml");

    /** What HTTP itself needs, what a proxy in a test adds, and the grants to pages of other sites. */
    private static final Pattern OF_HTTP = Pattern.compile(
            "connection|content-encoding|content-length|content-type|date|keep-alive|last-modified|server|transfer-encoding|x-cache"
                    + "|access-control-[a-z-]+");

    /** Methods of operations. HEAD is that of GET, and OPTIONS and what a path does not take have none. */
    private static final Set<String> METHODS = Set.of("GET", "POST", "PATCH", "DELETE", "PUT");

    private final JsonNode document;
    private final Map<String, Schema> schemas = new ConcurrentHashMap<>();
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

    private Description(JsonNode document) {
        this.document = document;
    }

    /** The one in the file. */
    public static Description read() {
        try {
            Object yaml = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(FILE));
            return new Description(JsonMapper.shared().valueToTree(yaml));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public JsonNode document() {
        return document;
    }

    /** Each operation, called by method and path, as in {@code GET /search}. */
    public Map<String, JsonNode> operations() {
        Map<String, JsonNode> operations = new TreeMap<>();
        document.get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().forEach(each -> {
                    String method = each.getKey().toUpperCase(Locale.ROOT);
                    if (METHODS.contains(method)) {
                        operations.put(method + " " + path.getKey(), each.getValue());
                    }
                }));
        return operations;
    }

    /** What it refers to, if it is a reference. */
    public JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").asString().substring(1)) : node;
    }

    /**
     * Names what of an answer is not described; nothing if all is, or if the description has no such operation.
     *
     * @param uri path and query
     * @param headers of the answer
     */
    public List<String> complaints(
            String method, String uri, int status, Map<String, List<String>> headers, byte[] body) {
        String path = uri.replaceFirst("\\?.*", "");
        String known = method.equals("HEAD") ? "GET" : method;
        Optional<JsonNode> operation = operation(known, path);
        if (operation.isEmpty()) {
            return List.of();
        }
        JsonNode responses = operation.get().get("responses");
        JsonNode response = responses.has(Integer.toString(status))
                ? responses.get(Integer.toString(status))
                : status < 400 ? null : responses.get("default");
        if (response == null) {
            return List.of("a status that is not described: " + status);
        }
        response = resolve(response);
        List<String> complaints = new ArrayList<>();
        JsonNode described = response.path("headers");
        for (String name : headers.keySet()) {
            boolean isDescribed = described.propertyNames().stream().anyMatch(name::equalsIgnoreCase);
            if (!isDescribed && !OF_HTTP.matcher(name.toLowerCase(Locale.ROOT)).matches()) {
                complaints.add("a header that is not described: " + name);
            }
        }
        if (!method.equals("HEAD")) {
            String type = headers.getOrDefault("content-type", headers.getOrDefault("Content-Type", List.of("")))
                    .get(0)
                    .replaceFirst(";.*", "");
            complaints.addAll(ofBody(response.path("content"), type, body));
        }
        return complaints;
    }

    private Optional<JsonNode> operation(String method, String path) {
        return operations().entrySet().stream()
                .filter(each -> (method + " " + path).matches(pattern(each.getKey())))
                // The path without a variable part is meant first.
                .min((a, b) ->
                        Boolean.compare(a.getKey().contains("{"), b.getKey().contains("{")))
                .map(Map.Entry::getValue);
    }

    private static String pattern(String operation) {
        return operation.replace(".", "\\.").replaceAll("\\{[a-z]+}", "[^/]+");
    }

    private List<String> ofBody(JsonNode content, String type, byte[] body) {
        if (content.isMissingNode()) {
            return body.length == 0 ? List.of() : List.of("a body that is not described");
        }
        Optional<String> described = content.propertyNames().stream()
                .filter(each -> type.matches(each.replace("+", "\\+").replace("*", ".*")))
                .findFirst();
        if (described.isEmpty()) {
            return List.of("a type that is not described: " + type);
        }
        JsonNode schema = content.get(described.get()).get("schema");
        return type.endsWith("json")
                ? schema(schema).validate(JsonMapper.shared().readTree(body)).stream()
                        .map(Error::toString)
                        .toList()
                : List.of();
    }

    private Schema schema(JsonNode schema) {
        String reference = schema.get("$ref").asString();
        return schemas.computeIfAbsent(
                reference,
                missing -> registry.getSchema(JsonMapper.shared()
                        .valueToTree(Map.of("$ref", missing, "components", document.get("components")))));
    }
}

package dev.glimpse.testing;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.springframework.util.MultiValueMap;
import org.springframework.web.util.UriComponentsBuilder;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.StringNode;

/**
 * What {@code docs/openapi.yaml} says, and what an exchange has that it does not say: a status, a header, a type, a body that does not
 * fit its schema, or a request that a server took although a parameter or its body is not as described. Safe for use by several threads.
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
    private final Set<String> answered = ConcurrentHashMap.newKeySet();
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

    /** Each status that an operation may answer with, as in {@code GET /search 200}. */
    public Set<String> statuses() {
        Set<String> statuses = new TreeSet<>();
        operations()
                .forEach((name, operation) -> operation.get("responses").propertyNames().stream()
                        .filter(status -> !status.equals("default"))
                        .forEach(status -> statuses.add(name + " " + status)));
        return statuses;
    }

    /** Those that were asked about. */
    public Set<String> answered() {
        return Set.copyOf(answered);
    }

    /** What it refers to, if it is a reference. */
    public JsonNode resolve(JsonNode node) {
        return node.has("$ref") ? document.at(node.get("$ref").asString().substring(1)) : node;
    }

    /**
     * Names what of a request that a server took is not described.
     *
     * @param uri path and query
     * @param type of the body; empty if there is none
     */
    public List<String> complaintsOfRequest(String method, String uri, String type) {
        JsonNode operation = find(method, uri.replaceFirst("\\?.*", ""))
                .map(Map.Entry::getValue)
                .orElse(null);
        // A page reads what is in its address itself.
        if (operation == null || isPage(operation)) {
            return List.of();
        }
        List<String> complaints = new ArrayList<>();
        JsonNode content = operation.at("/requestBody/content");
        if (!type.isEmpty() && content.propertyNames().stream().noneMatch(each -> fits(type, each))) {
            complaints.add("a body that is not described: " + type);
        }
        Map<String, JsonNode> parameters = new HashMap<>();
        // What a form has may stand in the query.
        resolve(content.at("/multipart~1form-data/schema"))
                .path("properties")
                .properties()
                .forEach(field -> parameters.put(field.getKey(), field.getValue()));
        operation.path("parameters").forEach(parameter -> {
            if (parameter.get("in").stringValue().equals("query")) {
                parameters.put(parameter.get("name").stringValue(), parameter.get("schema"));
            }
        });
        MultiValueMap<String, String> sent =
                UriComponentsBuilder.fromUriString(uri).build().getQueryParams();
        sent.forEach((name, values) -> {
            JsonNode schema = parameters.get(decoded(name));
            if (schema == null) {
                complaints.add("a parameter that is not described: " + name);
            } else {
                values.forEach(
                        value -> complaints.addAll(ofValue(schema, decoded(Objects.requireNonNullElse(value, "")))));
            }
        });
        return complaints;
    }

    private static boolean isPage(JsonNode operation) {
        return List.copyOf(operation.at("/responses/200/content").propertyNames())
                .equals(List.of("text/html"));
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private List<String> ofValue(JsonNode schema, String value) {
        String type = resolve(schema).path("type").asString("");
        if (type.equals("array")) {
            return ofValue(resolve(schema).get("items"), value);
        }
        JsonNode json = Set.of("integer", "number", "boolean").contains(type)
                ? JsonMapper.shared().readTree(value)
                : StringNode.valueOf(value);
        return withComponents(Map.of("allOf", List.of(schema))).validate(json).stream()
                .map(Error::toString)
                .toList();
    }

    private static boolean fits(String type, String described) {
        return type.matches(described.replace("+", "\\+").replace("*", ".*"));
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
        Map.Entry<String, JsonNode> operation = find(method, path).orElse(null);
        if (operation == null) {
            return List.of();
        }
        answered.add(operation.getKey() + " " + status);
        JsonNode responses = operation.getValue().get("responses");
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

    private Optional<Map.Entry<String, JsonNode>> find(String method, String path) {
        String known = method.equals("HEAD") ? "GET" : method;
        return operations().entrySet().stream()
                .filter(each -> (known + " " + path).matches(pattern(each.getKey())))
                // The path without a variable part is meant first.
                .min((a, b) ->
                        Boolean.compare(a.getKey().contains("{"), b.getKey().contains("{")));
    }

    private static String pattern(String operation) {
        return operation.replace(".", "\\.").replaceAll("\\{[a-z]+}", "[^/]+");
    }

    private List<String> ofBody(JsonNode content, String type, byte[] body) {
        if (content.isMissingNode()) {
            return body.length == 0 ? List.of() : List.of("a body that is not described");
        }
        Optional<String> described = content.propertyNames().stream()
                .filter(each -> fits(type, each))
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
        return schemas.computeIfAbsent(
                schema.get("$ref").asString(), reference -> withComponents(Map.of("$ref", reference)));
    }

    private Schema withComponents(Map<String, ?> schema) {
        Map<String, Object> whole = new HashMap<>(schema);
        whole.put("components", document.get("components"));
        return registry.getSchema(JsonMapper.shared().valueToTree(whole));
    }
}

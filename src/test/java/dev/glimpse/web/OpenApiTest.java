package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.pictures.PictureViews;
import dev.glimpse.testing.Description;
import dev.glimpse.testing.NodePackages;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code docs/openapi.yaml} by itself; whether servers do as it says is asked by all tests that use the client. */
class OpenApiTest {
    private static final Map<String, List<String>> JSON = Map.of("content-type", List.of("application/json"));
    private static final Map<String, List<String>> PROBLEM =
            Map.of("content-type", List.of("application/problem+json"));

    private final Description description = Description.read();

    @Test
    void parserOfOthersReadsItWithoutAWord() {
        SwaggerParseResult parsed = new OpenAPIV3Parser().readLocation("docs/openapi.yaml", null, null);

        assertThat(parsed.getMessages()).isEmpty();
        assertThat(parsed.getOpenAPI().getPaths()).isNotEmpty();
    }

    @Test
    void strictLinterHasNothingToSay() throws Exception {
        Path node = NodePackages.install(Path.of("src/test/openapi"), Path.of("target/openapi"));
        Path said = node.resolve("lint.txt");

        Process linter = new ProcessBuilder("node", node.resolve("lint.mjs").toString(), "docs/openapi.yaml")
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start();

        assertThat(linter.waitFor(5, TimeUnit.MINUTES)).isTrue();
        assertThat(Files.readString(said)).isEmpty();
        assertThat(linter.exitValue()).isZero();
    }

    @Test
    void itHasAnExampleOfEachTypeOfProblem() {
        Set<String> described = new TreeSet<>();
        description.document().at("/components/examples").forEach(example -> {
            JsonNode type = example.at("/value/type");
            if (type.isString()) {
                described.add(type.stringValue().substring("/problems/".length()));
            }
        });

        assertThat(described).isEqualTo(ProblemTypes.names());
    }

    @Test
    void boundsAreTheDefaultsOfTheSettings() throws IOException {
        JsonNode settings = JsonMapper.shared()
                .valueToTree(new Yaml(new SafeConstructor(new LoaderOptions()))
                        .load(Files.readString(Path.of("src/main/resources/application.yml"))));
        JsonNode parts = settings.at("/spring/servlet.multipart");
        JsonNode search = settings.at("/glimpse/search");

        assertThat(description.document().at("/components/schemas/UploadForm/properties/file/maxItems"))
                .isEqualTo(settings.at("/glimpse/upload/files"));
        assertThat(operation("POST /upload").get("description").stringValue())
                .contains(
                        settings.at("/glimpse/upload/files").intValue() + " files",
                        parts.get("max-request-size").stringValue().replace("MB", " MB"),
                        parts.get("max-file-size").stringValue().replace("MB", " MB"));
        assertThat(parameter("GET /search", "limit").get("maximum")).isEqualTo(search.get("limit"));
        assertThat(parameter("GET /search", "text").at("/items/maxLength")).isEqualTo(search.get("text-length"));
        assertThat(parameter("GET /images/{name}/thumbnail", "size").get("enum"))
                .isEqualTo(JsonMapper.shared().valueToTree(PictureViews.SIDES));
    }

    private JsonNode operation(String name) {
        return Objects.requireNonNull(description.operations().get(name));
    }

    private JsonNode parameter(String operation, String name) {
        return operation(operation)
                .get("parameters")
                .valueStream()
                .filter(each -> each.path("name").asString("").equals(name))
                .findFirst()
                .orElseThrow()
                .get("schema");
    }

    @Test
    void requestThatIsTakenAndNotDescribedIsFound() {
        assertThat(description.complaintsOfRequest("GET", "/search?text=cat&limit=5&exact=true", ""))
                .isEmpty();
        assertThat(description.complaintsOfRequest("POST", "/upload?caption=a", "image/png"))
                .isEmpty();
        assertThat(description.complaintsOfRequest("GET", "/search?text=cat&nearest=5", ""))
                .hasSize(1);
        assertThat(description.complaintsOfRequest("GET", "/search?text=cat&limit=5000", ""))
                .hasSize(1);
        assertThat(description.complaintsOfRequest("GET", "/images?sort=size", ""))
                .hasSize(1);
        assertThat(description.complaintsOfRequest("PATCH", "/images/a.png", "text/plain"))
                .hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GET | /versions | 200 | {\"versions\": [{\"version\": \"1\", \"committedAt\": \"2026-11-26T08:00:00Z\"}]} | integer",
                "GET | /versions | 200 | {\"versions\": [], \"more\": 1} | more",
                "GET | /search | 200 | {\"query\": \"a\", \"truncated\": false} | results",
                "POST | /upload | 201 | {\"id\": \"cat.png\", \"path\": \"a\", \"vectorDim\": 5, \"stored\": true} | pattern",
                "GET | /versions | 204 | {} | status"
            })
    void answerThatIsNotAsItSaysIsFound(String method, String path, int status, String body, String complaint) {
        assertThat(description.complaints(method, path, status, JSON, body.getBytes(StandardCharsets.UTF_8)))
                .anyMatch(each -> each.contains(complaint));
    }

    @Test
    void headerTypeAndProblemThatItDoesNotHaveAreFound() {
        byte[] versions = "{\"versions\": []}".getBytes(StandardCharsets.UTF_8);
        Map<String, List<String>> secret =
                Map.of("content-type", List.of("application/json"), "X-Secret", List.of("1"));

        assertThat(description.complaints("GET", "/versions", 200, JSON, versions))
                .isEmpty();
        assertThat(description.complaints("GET", "/versions", 200, secret, versions))
                .containsExactly("a header that is not described: X-Secret");
        assertThat(description.complaints("GET", "/versions", 200, PROBLEM, versions))
                .hasSize(1);
        assertThat(description.complaints("GET", "/versions", 400, PROBLEM, versions))
                .isNotEmpty();
    }
}

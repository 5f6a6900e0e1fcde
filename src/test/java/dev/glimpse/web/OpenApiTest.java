package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Description;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

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

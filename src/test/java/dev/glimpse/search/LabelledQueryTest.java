package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LabelledQueryTest {
    private static List<LabelledQuery> parse(String json) {
        return LabelledQuery.parse(JsonBody.parse(json.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void queriesHaveTheirTextAndLabels() {
        assertThat(parse("""
                        {"queries": [{"text": "a cat", "relevant": ["x", "y"]}, {"text": "a dog", "captions": ["Rex"], "relevant": null}]}"""))
                .containsExactly(
                        new LabelledQuery("a cat", Set.of("x", "y"), Set.of()),
                        new LabelledQuery("a dog", Set.of(), Set.of("Rex")));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {                                                             | ends too early
            []                                                            | the body must be a JSON object
            {}                                                            | queries must be a list of 1 to 1000
            {"queries": []}                                               | queries must be a list of 1 to 1000
            {"queries": ["a cat"]}                                        | queries[0] must be a JSON object
            {"queries": [], "k": 3}                                       | the body has an unknown field: k
            {"queries": [{"text": "a cat"}]}                              | queries[0] has no labels
            {"queries": [{"text": "a cat", "relevant": []}]}              | queries[0] has no labels
            {"queries": [{"relevant": ["x"]}]}                            | queries[0].text must be a text
            {"queries": [{"text": 1, "relevant": ["x"]}]}                 | queries[0].text must be a text
            {"queries": [{"text": "a", "relevant": "x"}]}                 | queries[0].relevant must be a list
            {"queries": [{"text": "a", "relevant": [1]}]}                 | queries[0].relevant[0] must be a text
            {"queries": [{"text": "a", "relevant": ["x"], "id": 1}]}      | queries[0] has an unknown field: id
            """)
    void whatIsWrongIsNamed(String json, String message) {
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining(message);
    }

    @Test
    void moreThanAThousandQueriesAreRefused() {
        String query = "{\"text\": \"a\", \"relevant\": [\"x\"]}";
        String most = Stream.generate(() -> query).limit(1000).collect(Collectors.joining(","));

        assertThat(parse("{\"queries\": [" + most + "]}")).hasSize(1000);
        assertThatThrownBy(() -> parse("{\"queries\": [" + most + "," + query + "]}"))
                .hasMessageContaining("1 to 1000");
    }
}

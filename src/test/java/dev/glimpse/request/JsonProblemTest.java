package dev.glimpse.request;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

class JsonProblemTest {
    private static final JsonMapper STRICT = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static String problem(byte[] json) {
        return JsonProblem.of(catchThrowableOfType(JacksonException.class, () -> STRICT.readTree(json)));
    }

    private static String problem(String json) {
        return problem(json.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {                              | it ends too early: line 1, column 2
            {"caption":                    | it ends too early: line 1, column 12
            {"caption":"a                  | it ends too early: line 1, column 14
            {"caption":"a"}{"caption":"b"} | something follows its end: line 1, column 16
            {"caption":"a"} x              | something is there that JSON does not have at this place: line 1, column 17
            {"caption":NaN}                | something is there that JSON does not have at this place: line 1, column 15
            {a: 1}                         | something is there that JSON does not have at this place: line 1, column 2
            {"a": 1, "a": 2}               | a field is there twice: line 1, column 13
            """)
    void wrongPlaceIsToldWithItsLineAndColumn(String json, String told) {
        assertThat(problem(json)).isEqualTo(told);
    }

    @Test
    void linesAreCounted() {
        assertThat(problem("{\n\"a\": 1,\n  oops}")).endsWith(": line 3, column 3");
    }

    @Test
    void textWithoutMeasureIsToldAsThat() {
        String told = "it has too many levels, or a number or a name that is too long";

        assertThat(problem("[".repeat(5_000))).startsWith(told);
        assertThat(problem("{\"caption\":" + "1".repeat(3_000) + "}")).startsWith(told);
    }

    @Test
    void bytesThatAreNoUtf8AreToldWithTheirPlace() {
        assertThat(problem("{\"a\":\"\u00ff\"}".getBytes(StandardCharsets.ISO_8859_1)))
                .startsWith("something is there that JSON does not have at this place: line 1, column ");
    }

    @Property
    void wordsOfTheLibraryAreNeverTold(@ForAll byte[] json) {
        try {
            STRICT.readTree(json);
        } catch (JacksonException e) {
            assertThat(JsonProblem.of(e)).doesNotContain("Json", "jackson", "Stream", "()", "Exception");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "\u00e9", "\ufffd", "\ud83d\ude00"})
    void textOfWholeCharactersIsUnicode(String text) {
        assertThat(JsonProblem.isUnicode(text)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"\\ud800", "\\udc00", "a\\ud83d", "\\ude00\\ud83d"})
    void halfACharacterIsNoUnicode(String escaped) {
        assertThat(JsonProblem.isUnicode(STRICT.readValue('"' + escaped + '"', String.class)))
                .isFalse();
    }
}

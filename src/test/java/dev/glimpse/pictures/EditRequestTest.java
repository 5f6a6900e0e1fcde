package dev.glimpse.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.consistency.UploadMetadata;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EditRequestTest {
    private static EditRequest parse(String json) {
        return EditRequest.parse(json.getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {}                             | the body must be a JSON object with caption, tags or both
            null                           | the body must be a JSON object with caption, tags or both
            ''                             | the body must be a JSON object with caption, tags or both
            {                              | the body is not valid JSON: it ends too early: line 1, column 2
            {"caption":"a"}{"caption":"b"} | the body is not valid JSON: something follows its end: line 1, column 16
            {"caption":"\\ud800"}          | caption has half a character: a surrogate without its other half
            {"tags":["a","\\udc00b"]}      | tags[1] has half a character: a surrogate without its other half
            """)
    void bodyThatIsNoEditIsRefusedInPlainWords(String json, String told) {
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(InvalidEditException.class)
                .hasMessage(told);
    }

    @Test
    void charactersOfTwoSurrogatesAreKept() {
        UploadMetadata said = parse("{\"caption\":\"\\ud83d\\ude00 \\ufffd\"}")
                .applyTo(new UploadMetadata("a.png", "before", List.of("one")));

        assertThat(said).isEqualTo(new UploadMetadata("a.png", "\ud83d\ude00 \ufffd", List.of("one")));
    }
}

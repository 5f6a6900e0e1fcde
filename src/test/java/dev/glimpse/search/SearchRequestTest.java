package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SearchRequestTest {
    private static final String ID = "images/" + "a".repeat(64) + ".png";

    /** @param query as in {@code text=cat&limit=5}, not encoded */
    private static SearchRequest parse(String query) {
        Map<String, String[]> parameters = new TreeMap<>();
        for (String pair : query.split("&", -1)) {
            String name = pair.substring(0, pair.indexOf('='));
            String value = pair.substring(pair.indexOf('=') + 1);
            parameters.merge(name, new String[] {value}, (a, b) -> {
                String[] both = Arrays.copyOf(a, a.length + 1);
                both[a.length] = b[0];
                return both;
            });
        }
        return SearchRequest.of(ParameterValues.of(parameters), List.of(), 1000);
    }

    private static SearchRequest parseJson(String json) {
        return SearchRequest.of(
                ParameterValues.ofJson(JsonBody.parse(json.getBytes(StandardCharsets.UTF_8)), SearchParameter.values()),
                List.of(),
                1000);
    }

    @Test
    void textAloneStandsAsItIs() {
        SearchRequest asked = parse("text=a cat, red");

        assertThat(asked.inWords()).isEqualTo("a cat, red");
        assertThat(asked.limit()).isEqualTo(10);
        assertThat(asked.exact()).isFalse();
    }

    @Test
    void mixturesAreSaidInOneLine() {
        SearchRequest asked = parse(
                "text=shoe&text=red&textWeight=2&textWeight=1&like=" + ID + "&likeWeight=0.5&not=boot&notLike=" + ID);

        assertThat(asked.inWords()).isEqualTo("2.0 shoe + red + 0.5 " + ID + " - boot - " + ID);
    }

    @Test
    void jsonSaysTheSame() {
        SearchRequest asked = parseJson("""
                {"text": ["shoe", "red"], "textWeight": [2, 1], "like": "%s", "likeWeight": 0.5, "not": "boot", "limit": 7.0,
                 "exact": true, "asOf": null}""".formatted(ID));

        assertThat(asked.inWords()).isEqualTo("2.0 shoe + red + 0.5 " + ID + " - boot");
        assertThat(asked.limit()).isEqualTo(7);
        assertThat(asked.exact()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "limit=5 | nothing is looked for",
                "not=cat | nothing is looked for",
                "text=  | text is empty",
                "text=cat&not= | not is empty",
                "text=cat&limit=0 | limit must be 1 to 1000",
                "text=cat&limit=99999999999999999999 | limit must be a whole number",
                "text=cat&limit=many | limit must be a whole number",
                "text=cat&exact=maybe | exact must be true or false",
                "text=cat&textWeight=NaN | textWeight must be a number above 0",
                "text=cat&textWeight=Infinity | textWeight must be a number above 0",
                "text=cat&textWeight=-1 | textWeight must be a number above 0",
                "text=cat&textWeight=1001 | textWeight must be a number above 0 and at most 1000",
                "text=cat&textWeight=1f | textWeight must be a number above 0",
                "text=cat&textWeight=0x1p3 | textWeight must be a number above 0",
                "text=cat&textWeight=+1 | textWeight must be a number above 0",
                "text=cat&textWeight=1e309 | textWeight must be a number above 0",
                "text=cat&caption=\u0301 | caption has accents alone",
                "text=cat&filenamePrefix=\u0301\u0308 | filenamePrefix has accents alone",
                "text=cat&textWeight=1&textWeight=2 | textWeight is there 2 times and text 1 times",
                "text=cat&fileWeight=1 | fileWeight is there 1 times and file 0 times",
                "text=cat&asOf=yesterday | asOf must be a time",
                "text=cat&version=soon | version must be a whole number",
                "text=cat&type=exe | type must be one of jpg, png",
                "text=cat&orientation=round | orientation must be one of landscape, portrait, square",
                "text=cat&minWidth=2&maxWidth=1 | minWidth is larger than maxWidth",
                "text=cat&minBytes=1e3 | minBytes must be a whole number",
                "text=cat&uploadedAfter=2026-11-26T08:00:00Z&uploadedBefore=2025-11-26T08:00:00Z | uploadedAfter is later",
                "text=cat&tag= | tag must have 1 to 1000 characters",
                "text=cat&version=1&asOf=2026-11-26T08:00:00Z | exclude each other"
            })
    void whatCannotBeAnsweredIsSaid(String query, String message) {
        assertThatThrownBy(() -> parse(query))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining(message);
    }

    @Test
    void filtersAreTakenAsTheyAreWritten() {
        SearchRequest asked =
                parse("text=cat&type=png&type=jpg&minWidth=10&tag=' OR 1=1 --&caption=%&orientation=square");

        assertThat(asked.filter().conditions())
                .containsExactly(
                        new RowFilter.Format(Set.of(ImageFormat.PNG, ImageFormat.JPEG)),
                        new RowFilter.Shape(Set.of(RowFilter.Orientation.SQUARE)),
                        new RowFilter.Width(new RowFilter.Range(10, Long.MAX_VALUE)),
                        new RowFilter.AllTags(Set.of("' OR 1=1 --")),
                        new RowFilter.Caption(RowFilter.Text.containing("%")));
        assertThat(parse("text=cat").filter()).isEqualTo(RowFilter.NONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cat.png", "images/../secret", "' OR 1=1"})
    void likeOfWhatIsNoIdIsNotFound(String id) {
        assertThatThrownBy(() -> parse("like=" + id)).isInstanceOf(PictureNotFoundException.class);
    }

    @Test
    void messageRepeatsOnlyTheBeginningOfALongValue() {
        assertThatThrownBy(() -> parse("like=" + "x".repeat(5000)))
                .isInstanceOf(PictureNotFoundException.class)
                .hasMessageEndingWith(": " + "x".repeat(64) + "...");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[] | must be a JSON object",
                "{\"text\": | not valid JSON",
                "{\"text\": \"a\"} x | not valid JSON",
                "{\"text\": \"a\", \"text\": \"b\"} | not valid JSON",
                "{\"txt\": \"a\"} | no field \"txt\" here; did you mean text?; there are text, textWeight",
                "{\"text\": \"a \\ud800\"} | text has half a character",
                "{\"text\": \"a\", \"tag\": [\"b\", \"\\udc00\"]} | tag has half a character",
                "{\"text\": {\"a\": 1}} | text must be a list of values",
                "{\"text\": \"a\", \"limit\": [1]} | limit must be a single value",
                "{\"text\": \"a\", \"limit\": 1.5} | limit must be a whole number"
            })
    void jsonThatCannotBeReadIsSaid(String json, String message) {
        assertThatThrownBy(() -> parseJson(json))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining(message);
    }
}

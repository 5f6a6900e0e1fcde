package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.request.CursorExpiredException;
import dev.glimpse.request.CursorText;
import dev.glimpse.request.InvalidQueryException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SearchCursorTest {
    private static final int MODEL = 77;
    private static final Instant MADE = Instant.parse("2026-11-26T08:00:00Z");

    @Property
    void cursorIsReadBackAsItWas(
            @ForAll long query,
            @ForAll @IntRange(min = 100, max = 9999) int given,
            @ForAll @FloatRange(max = 2) float from,
            @ForAll @Size(max = 100) Set<@LongRange(max = (1L << 48) - 1) Long> seen) {
        SearchCursor cursor = new SearchCursor(query, MODEL, MADE.getEpochSecond(), given, from, seen);

        String text = cursor.inText();

        assertThat(text).matches("[A-Za-z0-9_-]+").hasSizeLessThan(60 + 8 * seen.size());
        assertThat(SearchCursor.parse(text, MODEL, MADE)).isEqualTo(cursor);
    }

    @ParameterizedTest
    @CsvSource({"0, 0.5", "-1, 0.5", "10000, 0.5", "10, NaN", "10, -0.5"})
    void placeWhereNoPageEndsIsRefused(int given, float from) {
        String text = new SearchCursor(1, MODEL, MADE.getEpochSecond(), given, from, Set.of()).inText();

        assertRefused(text);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 27, 29, 33})
    void cursorOfAnotherLengthIsRefused(int bytes) {
        assertRefused(CursorText.of("search", ByteBuffer.allocate(bytes).array()));
    }

    @Test
    void cursorOfAnotherCallIsRefused() {
        String text = new SearchCursor(1, MODEL, MADE.getEpochSecond(), 10, 0.5f, Set.of()).inText();

        assertRefused(CursorText.of("images", CursorText.parse("search", text)));
    }

    @Test
    void cursorOfATimeThatNoClockShowsIsRefused() {
        assertRefused(new SearchCursor(1, MODEL, Long.MIN_VALUE, 10, 0.5f, Set.of()).inText());
    }

    @Test
    void cursorIsTakenForADay() {
        String text = new SearchCursor(1, MODEL, MADE.getEpochSecond(), 10, 0.5f, Set.of(1L)).inText();

        assertThat(SearchCursor.parse(text, MODEL, MADE.plus(SearchCursor.LIFE)))
                .isNotNull();
        assertThatThrownBy(() -> SearchCursor.parse(
                        text, MODEL, MADE.plus(SearchCursor.LIFE).plusSeconds(1)))
                .isInstanceOf(CursorExpiredException.class)
                .hasMessageContaining("2026-11-26T08:00:00Z")
                .hasMessageContaining("24 hours");
    }

    @Test
    void cursorOfAnotherModelIsOfNoUse() {
        String text = new SearchCursor(1, MODEL, MADE.getEpochSecond(), 10, 0.5f, Set.of(1L)).inText();

        assertThatThrownBy(() -> SearchCursor.parse(text, MODEL + 1, MADE))
                .isInstanceOf(CursorExpiredException.class)
                .hasMessageContaining("another model");
    }

    private static void assertRefused(String text) {
        assertThatThrownBy(() -> SearchCursor.parse(text, MODEL, MADE))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageContaining("cursor must be");
    }
}

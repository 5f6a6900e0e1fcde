package dev.glimpse.pictures;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.ParameterValues;
import java.util.Base64;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CursorTest {
    private static final ListPosition POSITION =
            new ListPosition(1_795_000_000_000_000L, "images/" + "0af3".repeat(16) + ".jpg");

    @Property
    void cursorIsReadBackAsThePositionItWasMadeOf(@ForAll long micros, @ForAll("ids") String id) {
        ListPosition position = new ListPosition(micros, id);

        String cursor = Cursor.of(position);

        assertThat(cursor).matches("[A-Za-z0-9_-]+");
        assertThat(Cursor.parse(cursor)).isEqualTo(position);
    }

    @Provide
    Arbitrary<String> ids() {
        return Arbitraries.strings().alpha().numeric().withChars("./é猫").ofMaxLength(80);
    }

    @Property
    void cursorThatWasChangedAnywhereIsRefused(
            @ForAll @IntRange(max = 83) int at, @ForAll @IntRange(min = 1, max = 255) int change) {
        byte[] bytes = Base64.getUrlDecoder().decode(Cursor.of(POSITION));

        bytes[at] ^= (byte) change;

        assertRefused(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "AQ", "next", "50", "not base64!", "AgAAAAAAAAAAAAAAAAAAAAAAAA"})
    void whatIsNoCursorIsRefusedAndNamed(String cursor) {
        assertRefused(cursor);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 10, 60})
    void cursorThatWasCutIsRefused(int length) {
        assertRefused(Cursor.of(POSITION).substring(0, length));
    }

    private static void assertRefused(String cursor) {
        assertThatThrownBy(() -> Cursor.parse(cursor))
                .isInstanceOf(InvalidQueryException.class)
                .hasMessageStartingWith("cursor must be")
                .hasMessageEndingWith(": " + ParameterValues.shortened(cursor));
    }
}

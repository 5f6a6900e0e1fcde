package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.RowFilter.AllTags;
import dev.glimpse.dataset.RowFilter.AnyTag;
import dev.glimpse.dataset.RowFilter.Bytes;
import dev.glimpse.dataset.RowFilter.Caption;
import dev.glimpse.dataset.RowFilter.Condition;
import dev.glimpse.dataset.RowFilter.Filename;
import dev.glimpse.dataset.RowFilter.Format;
import dev.glimpse.dataset.RowFilter.Height;
import dev.glimpse.dataset.RowFilter.Orientation;
import dev.glimpse.dataset.RowFilter.Range;
import dev.glimpse.dataset.RowFilter.Shape;
import dev.glimpse.dataset.RowFilter.Text;
import dev.glimpse.dataset.RowFilter.Uploaded;
import dev.glimpse.dataset.RowFilter.Width;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.testing.Rows;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RowFilterTest {
    private static final Instant NOON = Instant.parse("2026-06-01T12:00:00Z");

    private static final Picture PICTURE = new Picture(
            "images/1.png", "somewhere", "image/png", 1000L, 640, 480, NOON, "Café 1.PNG", "A dog", List.of("a", "b"));

    private static final Picture NOTHING = new Picture("id", null, null, null, null, null, null, null, null, List.of());

    static Stream<Condition> met() {
        return Stream.of(
                new Format(Set.of(ImageFormat.PNG, ImageFormat.GIF)),
                new Width(Range.of(640L, 640L)),
                new Height(Range.of(null, 480L)),
                new Bytes(Range.of(1000L, null)),
                new Shape(Set.of(Orientation.LANDSCAPE)),
                Uploaded.between(NOON, NOON.plusNanos(1)),
                Uploaded.between(NOON.minusNanos(999), null),
                Uploaded.between(null, Instant.MAX),
                Uploaded.between(Instant.MIN, null),
                new AllTags(Set.of("a", "b")),
                new AnyTag(Set.of("b", "c")),
                new Filename(Text.containing("FE 1")),
                new Filename(Text.beginningWith("cafe\u0301")),
                new Caption(new Text("dog", "a ")));
    }

    static Stream<Condition> notMet() {
        return Stream.of(
                new Format(Set.of(ImageFormat.JPEG)),
                new Format(Set.of()),
                new Width(Range.of(641L, null)),
                new Height(Range.of(null, 479L)),
                new Bytes(Range.of(1001L, 900L)),
                new Shape(Set.of(Orientation.PORTRAIT, Orientation.SQUARE)),
                Uploaded.between(null, NOON),
                Uploaded.between(NOON.plusNanos(1), null),
                Uploaded.between(Instant.MAX, null),
                Uploaded.between(null, Instant.MIN),
                new AllTags(Set.of("a", "c")),
                new AnyTag(Set.of("A", "c")),
                new AnyTag(Set.of()),
                new Filename(Text.beginningWith("1")),
                new Filename(Text.containing("cafe1")),
                new Caption(new Text("dog", "dog")));
    }

    static Stream<Condition> metByAllThatSayAnything() {
        return Stream.of(
                new Format(Set.of(ImageFormat.values())),
                new Width(Range.of(null, null)),
                new Height(Range.of(null, null)),
                new Bytes(Range.of(null, null)),
                new Shape(Set.of(Orientation.values())),
                Uploaded.between(null, null),
                new Filename(Text.containing("")),
                new Caption(Text.beginningWith("")));
    }

    @ParameterizedTest
    @MethodSource("met")
    void rowThatMeetsTheConditionPasses(Condition condition) {
        assertThat(RowFilter.of(condition).matches(PICTURE)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("notMet")
    void rowThatDoesNotMeetTheConditionDoesNotPass(Condition condition) {
        assertThat(RowFilter.of(condition).matches(PICTURE)).isFalse();
    }

    @ParameterizedTest
    @MethodSource("metByAllThatSayAnything")
    void rowThatDoesNotSayWhatIsAskedForDoesNotPass(Condition condition) {
        assertThat(RowFilter.of(condition).matches(PICTURE)).isTrue();
        assertThat(RowFilter.of(condition).matches(NOTHING)).isFalse();
    }

    @Test
    void everyRowPassesNoFilter() {
        assertThat(RowFilter.NONE.matches(NOTHING)).isTrue();
        assertThat(RowFilter.NONE.matches(Rows.row(1))).isTrue();
        assertThat(RowFilter.NONE.isNone()).isTrue();
    }

    @Test
    void rowPassesIfItMeetsAllConditions() {
        Condition wide = new Width(Range.of(600L, null));
        Condition small = new Bytes(Range.of(null, 10L));

        assertThat(RowFilter.of(wide).matches(Rows.row(1))).isTrue();
        assertThat(RowFilter.of(wide, small).matches(Rows.row(1))).isFalse();
    }

    @Test
    void filtersWithTheSameConditionsAreEqual() {
        assertThat(RowFilter.of(new Caption(Text.containing("CAFÉ")), new AnyTag(Set.of("a", "b"))))
                .isEqualTo(RowFilter.of(new Caption(Text.containing("cafe")), new AnyTag(Set.of("b", "a"))));
    }

    @ParameterizedTest
    @CsvSource({
        "640, 480, LANDSCAPE",
        "480, 640, PORTRAIT",
        "480, 480, SQUARE",
    })
    void shapeIsThatOfTheUprightPicture(int width, int height, Orientation orientation) {
        assertThat(Orientation.of(width, height)).isEqualTo(orientation);
    }

    @ParameterizedTest
    @CsvSource({
        "Ångström, angstrom",
        "ﬁsh, FISH",
        "ΣΟΦΟΣ, σοφος",
        "İstanbul, istanbul",
        "Ｆｕｌｌ, full",
        "한국, 한국",
        "Ёлка, елка",
    })
    void textsThatDifferInCaseAccentsOrFormsAreEqual(String one, String other) {
        assertThat(Text.fold(one)).isEqualTo(Text.fold(other)).isNotEmpty();
    }

    @Property
    void textIsFoldedPartByPart(@ForAll String one, @ForAll String other) {
        boolean split = !one.isEmpty()
                && !other.isEmpty()
                && Character.isSurrogatePair(one.charAt(one.length() - 1), other.charAt(0));

        if (!split) {
            assertThat(Text.fold(one + other)).isEqualTo(Text.fold(one) + Text.fold(other));
        }
        assertThat(Text.fold(Text.fold(one))).isEqualTo(Text.fold(one));
    }

    @Property
    void partsOfATextAreInIt(@ForAll String before, @ForAll String part, @ForAll String after) {
        @Nullable String text = before + " " + part + " " + after;

        assertThat(new Text(" " + part + " ", before + " ").isIn(text)).isTrue();
    }
}

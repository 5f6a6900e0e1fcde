package dev.glimpse.dataset;

import dev.glimpse.image.ImageFormat;
import java.text.Normalizer;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Conditions on what rows say of their pictures. A row passes if it meets all of them. A row that does not say what a condition asks for,
 * which happens in tables of other software, does not meet it. Immutable.
 */
public record RowFilter(List<Condition> conditions) {
    /** Every row passes. */
    public static final RowFilter NONE = new RowFilter(List.of());

    /** Copies the list. */
    public RowFilter {
        conditions = List.copyOf(conditions);
    }

    /** The filter with these conditions. */
    public static RowFilter of(Condition... conditions) {
        return new RowFilter(List.of(conditions));
    }

    /** Whether every row passes. */
    public boolean isNone() {
        return conditions.isEmpty();
    }

    /** Whether a row that says this passes. */
    public boolean matches(Picture picture) {
        for (Condition condition : conditions) {
            if (!condition.isMetBy(picture)) {
                return false;
            }
        }
        return true;
    }

    /** Whether this row passes. */
    public boolean matches(PictureRow row) {
        return isNone() || matches(Picture.of(row));
    }

    /** One condition. Two with the same values are equal. */
    public sealed interface Condition {
        boolean isMetBy(Picture picture);
    }

    /** The original is in one of these formats. */
    public record Format(Set<ImageFormat> formats) implements Condition {
        /** Copies the set. */
        public Format {
            formats = Set.copyOf(formats);
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return ImageFormat.ofMediaType(picture.contentType())
                    .filter(formats::contains)
                    .isPresent();
        }
    }

    /** The upright picture is that wide, in pixels. */
    public record Width(Range range) implements Condition {
        @Override
        public boolean isMetBy(Picture picture) {
            return picture.width() != null && range.contains(picture.width());
        }
    }

    /** The upright picture is that high, in pixels. */
    public record Height(Range range) implements Condition {
        @Override
        public boolean isMetBy(Picture picture) {
            return picture.height() != null && range.contains(picture.height());
        }
    }

    /** The original has that many bytes. */
    public record Bytes(Range range) implements Condition {
        @Override
        public boolean isMetBy(Picture picture) {
            return picture.bytes() != null && range.contains(picture.bytes());
        }
    }

    /** The upright picture has one of these shapes. */
    public record Shape(Set<Orientation> orientations) implements Condition {
        /** Copies the set. */
        public Shape {
            orientations = Set.copyOf(orientations);
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return picture.width() != null
                    && picture.height() != null
                    && orientations.contains(Orientation.of(picture.width(), picture.height()));
        }
    }

    /**
     * The picture was uploaded in this time. The table keeps times to the microsecond.
     *
     * @param micros since 1970
     */
    public record Uploaded(Range micros) implements Condition {
        /**
         * From one moment to another.
         *
         * @param from the first moment that meets the condition; null for the beginning of time
         * @param before the first moment after it that does not; null for the end of time
         */
        public static Uploaded between(@Nullable Instant from, @Nullable Instant before) {
            return new Uploaded(Range.ofTime(from, before));
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return picture.uploadedAt() != null && micros.contains(ListPosition.inMicros(picture.uploadedAt()));
        }
    }

    /**
     * The picture was taken in this time, as its file says. The table keeps times to the microsecond.
     *
     * @param micros since 1970
     */
    public record Taken(Range micros) implements Condition {
        /**
         * From one moment to another.
         *
         * @param from the first moment that meets the condition; null for the beginning of time
         * @param before the first moment after it that does not; null for the end of time
         */
        public static Taken between(@Nullable Instant from, @Nullable Instant before) {
            return new Taken(Range.ofTime(from, before));
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return picture.takenAt() != null && micros.contains(ListPosition.inMicros(picture.takenAt()));
        }
    }

    /** The picture has all of these tags, spelled like this. */
    public record AllTags(Set<String> tags) implements Condition {
        /** Copies the set. */
        public AllTags {
            tags = Set.copyOf(tags);
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return picture.tags().containsAll(tags);
        }
    }

    /** The picture has one of these tags at least, spelled like this. */
    public record AnyTag(Set<String> tags) implements Condition {
        /** Copies the set. */
        public AnyTag {
            tags = Set.copyOf(tags);
        }

        @Override
        public boolean isMetBy(Picture picture) {
            return !Collections.disjoint(picture.tags(), tags);
        }
    }

    /** The file name of the uploader is like this. */
    public record Filename(Text text) implements Condition {
        @Override
        public boolean isMetBy(Picture picture) {
            return text.isIn(picture.filename());
        }
    }

    /** The caption is like this. */
    public record Caption(Text text) implements Condition {
        @Override
        public boolean isMetBy(Picture picture) {
            return text.isIn(picture.caption());
        }
    }

    /** The shape of an upright picture. */
    public enum Orientation {
        LANDSCAPE,
        PORTRAIT,
        SQUARE;

        public static Orientation of(int width, int height) {
            return width > height ? LANDSCAPE : width < height ? PORTRAIT : SQUARE;
        }

        /** As it is written in a query. */
        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Numbers from one to another, both included. Empty if the first is the larger one. */
    public record Range(long min, long max) {
        /** The numbers between two bounds, both included. A bound that is null is none. */
        public static Range of(@Nullable Long min, @Nullable Long max) {
            return new Range(min == null ? Long.MIN_VALUE : min, max == null ? Long.MAX_VALUE : max);
        }

        /** The microseconds since 1970 from a moment until before another one. A bound that is null is none. */
        private static Range ofTime(@Nullable Instant from, @Nullable Instant before) {
            return new Range(
                    from == null ? Long.MIN_VALUE : firstMicro(from),
                    before == null ? Long.MAX_VALUE : firstMicro(before) - 1);
        }

        /** The first microsecond that does not begin before this time, or the nearest one that there is. */
        private static long firstMicro(Instant time) {
            try {
                long second = Math.multiplyExact(time.getEpochSecond(), 1_000_000L);
                return Math.addExact(second, (time.getNano() + 999L) / 1_000);
            } catch (ArithmeticException e) {
                return time.getEpochSecond() < 0 ? Long.MIN_VALUE + 1 : Long.MAX_VALUE;
            }
        }

        public boolean contains(long number) {
            return min <= number && number <= max;
        }
    }

    /**
     * What a text has to be like, whatever its case and accents; see {@link #fold}.
     *
     * @param contains somewhere in the text, folded; empty if the text need not contain anything
     * @param prefix at the beginning of the text, folded; empty if it may begin with anything
     */
    public record Text(String contains, String prefix) {
        /** Folds both. */
        public Text {
            contains = fold(contains);
            prefix = fold(prefix);
        }

        public static Text containing(String part) {
            return new Text(part, "");
        }

        public static Text beginningWith(String prefix) {
            return new Text("", prefix);
        }

        boolean isIn(@Nullable String text) {
            if (text == null) {
                return false;
            }
            String folded = fold(text);
            return folded.startsWith(prefix) && folded.contains(contains);
        }

        /**
         * A text without what filters take no notice of: marks such as accents, case, and compatible forms of the same letter. A text that
         * is put together from two others is folded to what these are folded to. Halves of surrogate pairs are left out.
         */
        public static String fold(String text) {
            StringBuilder folded = new StringBuilder(text.length());
            Normalizer.normalize(text, Normalizer.Form.NFKD)
                    .codePoints()
                    .filter(Text::isKept)
                    // One by one, and by way of the upper case: else a sigma at the end of a word were another letter.
                    .map(letter -> Character.toLowerCase(Character.toUpperCase(letter)))
                    .forEach(folded::appendCodePoint);
            return folded.toString();
        }

        private static boolean isKept(int letter) {
            int type = Character.getType(letter);
            return type != Character.NON_SPACING_MARK
                    && type != Character.COMBINING_SPACING_MARK
                    && type != Character.ENCLOSING_MARK
                    && type != Character.SURROGATE;
        }
    }
}

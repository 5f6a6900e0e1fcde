package dev.glimpse.dataset;

import dev.glimpse.image.ImageFormat;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * How many rows there are, in all and of each kind. A row that does not say what its kind is, or names a format that is none of ours, is in
 * {@code rows} alone.
 *
 * @param formats by media type, the most frequent first
 * @param orientations as {@code landscape}, the most frequent first
 * @param tags the {@value #MOST_TAGS} most frequent ones, the most frequent first
 * @param months of the uploads in UTC, as {@code 2026-01}, the earliest first
 */
public record Facets(long rows, List<Count> formats, List<Count> orientations, List<Count> tags, List<Count> months) {
    /** Tags that are counted, at most. */
    public static final int MOST_TAGS = 50;

    /** Copies the lists. */
    public Facets {
        formats = List.copyOf(formats);
        orientations = List.copyOf(orientations);
        tags = List.copyOf(tags);
        months = List.copyOf(months);
    }

    /** The number of rows that have this value. */
    public record Count(String value, long rows) {}

    /** Counts rows. For one thread. */
    public static final class Counter {
        private static final Comparator<Count> MOST_FIRST =
                Comparator.comparingLong(Count::rows).reversed().thenComparing(Count::value);

        private final Map<String, Long> formats = new HashMap<>();
        private final Map<String, Long> orientations = new HashMap<>();
        private final Map<String, Long> tags = new HashMap<>();
        private final Map<YearMonth, Long> months = new TreeMap<>();
        private long rows;

        /** Counts a row that says this. */
        public void add(Picture picture) {
            addRows(1);
            ImageFormat.ofMediaType(picture.contentType()).ifPresent(format -> addFormat(format, 1));
            if (picture.width() != null && picture.height() != null) {
                addOrientation(RowFilter.Orientation.of(picture.width(), picture.height()), 1);
            }
            picture.tags().stream().distinct().forEach(tag -> addTag(tag, 1));
            if (picture.uploadedAt() != null) {
                addTime(ListPosition.inMicros(picture.uploadedAt()), 1);
            }
        }

        /** Counts so many rows more, whose kinds the other methods are told. */
        public void addRows(long more) {
            rows += more;
        }

        /** Counts so many rows of a format. */
        public void addFormat(ImageFormat format, long more) {
            formats.merge(format.mediaType(), more, Long::sum);
        }

        /** Counts so many rows of a shape. */
        public void addOrientation(RowFilter.Orientation orientation, long more) {
            orientations.merge(orientation.toString(), more, Long::sum);
        }

        /** Counts so many rows that have a tag. */
        public void addTag(String tag, long more) {
            tags.merge(tag, more, Long::sum);
        }

        /**
         * Counts so many uploads of one month.
         *
         * @param micros any moment of the month, since 1970
         */
        public void addTime(long micros, long more) {
            Instant time = Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
            months.merge(YearMonth.from(time.atOffset(ZoneOffset.UTC)), more, Long::sum);
        }

        /** What was counted until now. */
        public Facets facets() {
            return new Facets(
                    rows,
                    mostFirst(formats, formats.size()),
                    mostFirst(orientations, orientations.size()),
                    mostFirst(tags, MOST_TAGS),
                    months.entrySet().stream()
                            .map(month -> new Count(month.getKey().toString(), month.getValue()))
                            .toList());
        }

        private static List<Count> mostFirst(Map<String, Long> counts, int most) {
            return counts.entrySet().stream()
                    .map(count -> new Count(count.getKey(), count.getValue()))
                    .sorted(MOST_FIRST)
                    .limit(most)
                    .toList();
        }
    }
}

package dev.glimpse.testing;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What rows say of their pictures, and filters of it, by chance: of few values, so that filters meet them. */
public final class Pictures {
    private static final List<String> TYPES = List.of("image/png", "image/jpeg", "image/gif", "image/svg+xml");
    private static final List<String> WORDS = List.of("Café", "CAFE", "dog", "Größe", "ΣΟΦΟΣ", "😀", "", "a");
    private static final Instant START = Instant.parse("2025-12-30T00:00:00Z");

    private Pictures() {}

    /** A picture as a table of other software may have it, where anything may be missing. */
    public static Picture any(String id, Random random) {
        return new Picture(
                id,
                "somewhere",
                orNull(random, TYPES.get(random.nextInt(TYPES.size()))),
                orNull(random, random.nextInt(10) == 0 ? (1L << 31) + random.nextInt(4) : random.nextInt(5)),
                orNull(random, 1 + random.nextInt(4)),
                orNull(random, 1 + random.nextInt(4)),
                orNull(random, time(random)),
                orNull(random, words(random)),
                orNull(random, words(random)),
                List.copyOf(tags(random)));
    }

    /** The row with this number, as Glimpse may have made it. */
    public static PictureRow row(int n, Random random) {
        return new PictureRow(
                Rows.id(n),
                Rows.id(n).toString(),
                Rows.vector(n),
                random.nextInt(6),
                1 + random.nextInt(4),
                1 + random.nextInt(4),
                time(random),
                orNull(random, words(random)),
                orNull(random, words(random)),
                List.copyOf(tags(random)));
    }

    /** A filter of one to three conditions. */
    public static RowFilter filter(Random random) {
        return new RowFilter(IntStream.rangeClosed(0, random.nextInt(3))
                .mapToObj(i -> condition(random))
                .toList());
    }

    /** Any condition. */
    public static Condition condition(Random random) {
        return switch (random.nextInt(10)) {
            case 0 ->
                new Format(random.nextBoolean() ? Set.of(ImageFormat.PNG) : Set.of(ImageFormat.JPEG, ImageFormat.GIF));
            case 1 -> new Width(range(random, 5));
            case 2 -> new Height(range(random, 5));
            case 3 ->
                new Bytes(random.nextInt(5) == 0 ? Range.of((1L << 31) + random.nextInt(4), null) : range(random, 6));
            case 4 -> new Shape(Set.of(List.of(Orientation.values()).get(random.nextInt(3))));
            case 5 -> Uploaded.between(orNull(random, time(random)), orNull(random, time(random)));
            case 6 -> new AllTags(tags(random));
            case 7 -> new AnyTag(tags(random));
            case 8 -> new Filename(text(random));
            default -> new Caption(text(random));
        };
    }

    private static Text text(Random random) {
        return new Text(random.nextBoolean() ? "" : words(random), random.nextBoolean() ? "" : words(random));
    }

    private static Range range(Random random, int most) {
        return Range.of(orNull(random, (long) random.nextInt(most)), orNull(random, (long) random.nextInt(most)));
    }

    /** A time of one week, so that there are two months. */
    public static Instant time(Random random) {
        return START.plus(Duration.ofHours(random.nextInt(7 * 24)));
    }

    /** Up to three words, which may be empty. */
    public static String words(Random random) {
        List<String> words = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            words.add(WORDS.get(random.nextInt(WORDS.size())));
        }
        return String.join(" ", words);
    }

    /** Up to three tags. */
    public static Set<String> tags(Random random) {
        Set<String> tags = new HashSet<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            tags.add("tag " + random.nextInt(5));
        }
        return tags;
    }

    private static <T> @Nullable T orNull(Random random, T value) {
        return random.nextInt(8) == 0 ? null : value;
    }
}

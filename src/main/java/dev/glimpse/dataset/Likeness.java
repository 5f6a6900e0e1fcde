package dev.glimpse.dataset;

import dev.glimpse.image.Fingerprint;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;

/**
 * A picture that looks the same as another one.
 *
 * @param distance the cosine distance of the two vectors; 0 if the pixels are the same
 */
public record Likeness(Picture picture, Kind kind, double distance) {
    /**
     * The most bits in which the looks of two pictures may differ that are alike. This and {@link #MOST_DISTANCE} were chosen on half of the
     * scenes of the demo and measured on the other half: docs/benchmarks/duplicates.txt.
     */
    public static final int MOST_LOOK_BITS = 10;

    /** The largest cosine distance of two pictures that are alike. */
    public static final double MOST_DISTANCE = 0.05;

    /** Orders likenesses: equal pixels before others, then by distance, then by id. */
    public static final Comparator<Likeness> NEAREST_FIRST = Comparator.comparing(Likeness::kind)
            .thenComparingDouble(Likeness::distance)
            .thenComparing(likeness -> likeness.picture.id());

    /** How two pictures look the same. */
    public enum Kind {
        /** All pixels are equal, whatever the files are. */
        SAME,

        /** About the same pixels: another size, another compression, a small crop. */
        ALIKE;

        /** The kind that {@link #toString} writes so. */
        public static Optional<Kind> named(String name) {
            return Stream.of(values())
                    .filter(kind -> kind.toString().equals(name))
                    .findFirst();
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The likeness of a picture to another one. Empty if they do not look the same.
     *
     * @param distance of their vectors, asked for only if it decides
     */
    public static Optional<Likeness> of(Picture picture, Fingerprint own, Fingerprint other, DoubleSupplier distance) {
        if (own.pixels() == other.pixels()) {
            return Optional.of(new Likeness(picture, Kind.SAME, 0));
        }
        if (own.lookDistance(other) > MOST_LOOK_BITS) {
            return Optional.empty();
        }
        // Rounding takes equal vectors a hair below zero.
        double exact = Math.max(0, distance.getAsDouble());
        return exact <= MOST_DISTANCE ? Optional.of(new Likeness(picture, Kind.ALIKE, exact)) : Optional.empty();
    }
}

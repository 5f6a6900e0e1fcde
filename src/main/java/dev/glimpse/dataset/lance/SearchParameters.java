package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.Oversampling;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of approximate searches, as {@link RecallCalibration} has found them. Immutable.
 *
 * @param oversampling for the ten nearest in memory
 * @param ofMany for the thousand nearest in memory; null if that was not measured
 * @param index for searches by Lance's index
 */
record SearchParameters(Oversampling oversampling, @Nullable Oversampling ofMany, IndexTuning index) {
    /** Before anything was measured. Nothing is known of the recall. */
    static final SearchParameters UNMEASURED =
            new SearchParameters(new Oversampling(400, 1, Double.NaN), null, IndexTuning.UNMEASURED);

    /** {@link #oversampling} is calibrated for the ten nearest. */
    static final int MEASURED_NEIGHBORS = 10;

    /** {@link #ofMany} is calibrated for the thousand nearest. */
    static final int MANY_NEIGHBORS = 1000;

    private static final int MOST = 4096;

    SearchParameters with(Oversampling ofTen, @Nullable Oversampling ofThousand) {
        return new SearchParameters(ofTen, ofThousand, index);
    }

    SearchParameters with(IndexTuning measured) {
        return new SearchParameters(oversampling, ofMany, measured);
    }

    /** What to look at for the {@code k} nearest: between what was measured for ten and for a thousand, by the logarithm of {@code k}. */
    Oversampling forNearest(int k) {
        if (k <= MEASURED_NEIGHBORS) {
            return oversampling;
        }
        if (ofMany == null) {
            return new Oversampling(
                    candidates(k), Math.min(1, oversampling.share() * k / MEASURED_NEIGHBORS), Double.NaN);
        }
        if (k >= MANY_NEIGHBORS) {
            double more = k / (double) MANY_NEIGHBORS;
            return new Oversampling((int) (ofMany.candidates() * more), Math.min(1, ofMany.share() * more), Double.NaN);
        }
        double way = Math.log(k / (double) MEASURED_NEIGHBORS) / Math.log(MANY_NEIGHBORS / (double) MEASURED_NEIGHBORS);
        return new Oversampling(
                (int) between(oversampling.candidates(), ofMany.candidates(), way),
                between(oversampling.share(), ofMany.share(), way),
                Double.NaN);
    }

    private static double between(double from, double to, double way) {
        return from * Math.pow(to / from, way);
    }

    /** In proportion, and beyond some thousands at least a few for each. */
    private int candidates(int k) {
        int inProportion = (int) Math.min(Integer.MAX_VALUE, (long) oversampling.candidates() * k / MEASURED_NEIGHBORS);
        return Math.max(oversampling.candidates(), Math.min(inProportion, MOST + 4 * k));
    }
}

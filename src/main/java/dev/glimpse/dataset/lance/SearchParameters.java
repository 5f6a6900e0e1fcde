package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.Oversampling;

/**
 * The parameters of approximate searches, as {@link RecallCalibration} has found them. Immutable.
 *
 * @param oversampling for searches in memory
 * @param index for searches by Lance's index
 */
record SearchParameters(Oversampling oversampling, IndexTuning index) {
    /** Before anything was measured. Nothing is known of the recall. */
    static final SearchParameters UNMEASURED =
            new SearchParameters(new Oversampling(400, Double.NaN), IndexTuning.UNMEASURED);

    /** {@link Oversampling} is calibrated for the ten nearest. */
    static final int MEASURED_NEIGHBORS = 10;

    private static final int MOST = 4096;

    SearchParameters with(Oversampling measured) {
        return new SearchParameters(measured, index);
    }

    SearchParameters with(IndexTuning measured) {
        return new SearchParameters(oversampling, measured);
    }

    /** Rows to read again for the {@code k} nearest: in proportion, and beyond some thousands at least a few for each. */
    int candidates(int k) {
        int inProportion = (int) Math.min(Integer.MAX_VALUE, (long) oversampling.candidates() * k / MEASURED_NEIGHBORS);
        return Math.max(oversampling.candidates(), Math.min(inProportion, MOST + 4 * k));
    }
}

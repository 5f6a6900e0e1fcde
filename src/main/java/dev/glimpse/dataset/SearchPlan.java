package dev.glimpse.dataset;

/**
 * How approximate searches look, found by measurement.
 *
 * @param candidates for searches in memory
 * @param index for searches by Lance's index
 */
record SearchPlan(Candidates candidates, IndexTuning index) {
    /** Before anything was measured. Nothing is known of the recall. */
    static final SearchPlan UNMEASURED = new SearchPlan(new Candidates(400, Double.NaN), IndexTuning.UNMEASURED);

    /** {@link Candidates} are measured for the ten nearest. */
    static final int MEASURED_NEIGHBORS = 10;

    private static final int MOST = 4096;

    SearchPlan with(Candidates measured) {
        return new SearchPlan(measured, index);
    }

    SearchPlan with(IndexTuning measured) {
        return new SearchPlan(candidates, measured);
    }

    /** Rows to read again for the {@code k} nearest: in proportion, and beyond some thousands at least a few for each. */
    int candidates(int k) {
        int inProportion = (int) Math.min(Integer.MAX_VALUE, (long) candidates.count() * k / MEASURED_NEIGHBORS);
        return Math.max(candidates.count(), Math.min(inProportion, MOST + 4 * k));
    }
}

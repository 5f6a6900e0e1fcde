package dev.glimpse.dataset.lance;

import java.util.Locale;
import java.util.Map;
import org.lance.ipc.Query;

/**
 * How Lance's index is searched, and what that was measured to give. Kept in the table's metadata, for servers that have not
 * measured it themselves.
 *
 * @param nprobes partitions that are looked into
 * @param ef width of the search in a graph; 0 for indexes without one
 * @param refine neighbours for each that is wanted, whose distances are computed exactly; 0 for none
 * @param recall share of the ten true neighbours that is found; NaN if it was not measured
 */
public record IndexTuning(int nprobes, int ef, int refine, double recall) {
    public static final IndexTuning UNMEASURED = new IndexTuning(20, 0, 0, Double.NaN);

    private static final String KEY = "glimpse.index.tuning";

    IndexTuning with(double measured) {
        return new IndexTuning(nprobes, ef, refine, measured);
    }

    void applyTo(Query.Builder query, int k) {
        query.setNprobes(nprobes);
        if (ef > 0) {
            // Lance refuses less than it has to compute exactly.
            query.setEf(Math.max(ef, Math.max(2, refine) * k));
        }
        if (refine > 0) {
            query.setRefineFactor(refine);
        }
    }

    public Map<String, String> toMetadata() {
        return Map.of(
                KEY, String.format(Locale.ROOT, "nprobes=%d ef=%d refine=%d recall=%.4f", nprobes, ef, refine, recall));
    }

    /** What was measured last, by whichever server; {@link #UNMEASURED} if nothing that can be read. */
    public static IndexTuning of(Map<String, String> metadata) {
        String[] entries = metadata.getOrDefault(KEY, "").split("[ =]", -1);
        try {
            return entries.length == 8
                    ? new IndexTuning(
                            Integer.parseInt(entries[1]),
                            Integer.parseInt(entries[3]),
                            Integer.parseInt(entries[5]),
                            Double.parseDouble(entries[7]))
                    : UNMEASURED;
        } catch (NumberFormatException e) {
            return UNMEASURED;
        }
    }
}

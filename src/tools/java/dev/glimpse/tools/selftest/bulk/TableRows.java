package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Rows;
import dev.glimpse.tools.Parallel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/** The rows of a table, as the table has them. */
final class TableRows {
    private final int rows;
    private final Map<String, float[]> vectors;

    private TableRows(int rows, Map<String, float[]> vectors) {
        this.rows = rows;
        this.vectors = vectors;
    }

    /** Reads the table of a place whose server has been stopped. */
    static TableRows read(Ground ground, Place place) throws Exception {
        place.bucket().fast();
        try (ObjectStore store = place.bucket().open();
                ImageDataset table = ImageDataset.open(
                        store,
                        ground.root().resolve("reader-" + place.address().replaceAll("\\D", "")),
                        ground.stamp(),
                        Rows.PATIENT)) {
            table.settled().join();
            List<ImageId> ids = new ArrayList<>();
            table.forEachId(ids::add);
            Map<String, float[]> vectors = new ConcurrentHashMap<>();
            Parallel.forEach(
                    ground.cores(),
                    ids.size(),
                    i -> table.vectorOf(ids.get(i), ground.stamp().fingerprint())
                            .ifPresent(vector -> vectors.put(ids.get(i).toString(), vector.toArray())));
            return new TableRows(ids.size(), vectors);
        }
    }

    /** Whether each of these pictures has one row with a vector, and no other picture has one. */
    boolean areOf(Set<String> ids) {
        return rows == ids.size() && vectors.keySet().equals(ids);
    }

    /** How these rows are others than one of each of these pictures. */
    String differenceTo(Set<String> ids) {
        Set<String> missing = new TreeSet<>(ids);
        missing.removeAll(vectors.keySet());
        Set<String> others = new TreeSet<>(vectors.keySet());
        others.removeAll(ids);
        return "%d rows, %d pictures with vectors; of %d pictures %d lack one, %d others have one"
                .formatted(rows, vectors.size(), ids.size(), missing.size(), others.size());
    }

    /** The largest difference of a number in the vectors of pictures that both have. */
    double largestDifference(TableRows other) {
        double largest = 0;
        for (Map.Entry<String, float[]> row : vectors.entrySet()) {
            float[] theirs = other.vectors.get(row.getKey());
            float[] ours = row.getValue();
            for (int i = 0; theirs != null && i < ours.length; i++) {
                largest = Math.max(largest, Math.abs(ours[i] - theirs[i]));
            }
        }
        return largest;
    }
}

package dev.glimpse.dataset;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Which model made a table's embeddings. Written into the table once; embeddings of two models never mix.
 *
 * @param name as people call it
 * @param fingerprint tells two models apart, whatever they are called
 * @param dimension length of its embeddings
 */
public record ModelStamp(String name, String fingerprint, int dimension) {
    private static final String NAME = "glimpse.model.name";
    private static final String FINGERPRINT = "glimpse.model.fingerprint";
    private static final String DIMENSION = "glimpse.model.dimension";

    /** The entries of a table's metadata that make the stamp. */
    public static final List<String> KEYS = List.of(NAME, FINGERPRINT, DIMENSION);

    public Map<String, String> toMetadata() {
        return Map.of(NAME, name, FINGERPRINT, fingerprint, DIMENSION, Integer.toString(dimension));
    }

    /** Empty for a table that other software made. */
    public static Optional<ModelStamp> of(Map<String, String> metadata) {
        if (!metadata.keySet().containsAll(KEYS)) {
            return Optional.empty();
        }
        return Optional.of(new ModelStamp(
                String.valueOf(metadata.get(NAME)),
                String.valueOf(metadata.get(FINGERPRINT)),
                Integer.parseInt(String.valueOf(metadata.get(DIMENSION)))));
    }
}

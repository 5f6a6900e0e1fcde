package dev.glimpse.move;

import dev.glimpse.dataset.ImageDataset;

/**
 * What a store keeps, in the order in which it is copied. Markers come before the pictures that they tell of, and the table comes last: so
 * every picture that was acknowledged before the copy began has its row in the copy, or a marker there by which a server finds it.
 */
enum Part {
    MARKERS("pending/"),
    PICTURES(ImageDataset.PICTURES),
    TRASH("trash/"),
    DECISIONS("decisions/"),
    TABLE(ImageDataset.KEY);

    private final String prefix;

    Part(String prefix) {
        this.prefix = prefix;
    }

    /** Whether its objects carry what was said of pictures, which may change. */
    boolean hasMetadata() {
        return this == PICTURES || this == TRASH;
    }

    /** What all its keys begin with. */
    String prefix() {
        return prefix;
    }
}

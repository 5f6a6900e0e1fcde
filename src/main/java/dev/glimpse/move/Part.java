package dev.glimpse.move;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import java.util.Optional;

/**
 * What a store keeps, in the order in which it is copied. Markers come before the pictures that they tell of, and the table comes last: so
 * every picture that was acknowledged before the copy began has its row in the copy, or a marker there by which a server finds it.
 */
enum Part {
    MARKERS("pending/"),
    PICTURES(ImageDataset.PICTURES),
    TRASH("trash/"),
    DECISIONS("decisions/"),

    /** What is remembered of pictures that lie under names of their own, without the settings of their sources. */
    SOURCES("sources/"),
    TABLE(ImageDataset.KEY);

    /** What keys of manifests of the table begin with. The name of a newer one comes first. */
    static final String MANIFESTS = ImageDataset.KEY + "_versions/";

    private final String prefix;

    Part(String prefix) {
        this.prefix = prefix;
    }

    /** Whether its objects carry what was said of pictures, which may change. */
    boolean hasMetadata() {
        return this == PICTURES || this == TRASH;
    }

    /** Whether an object with this key, which has the prefix, is one that is copied along. Manifests are listed apart. */
    boolean has(String key) {
        return switch (this) {
            case PICTURES, TRASH -> picture(key).isPresent();
            case TABLE -> !key.startsWith(MANIFESTS) && !key.endsWith("/");
            case MARKERS, DECISIONS -> !key.endsWith("/");
            case SOURCES -> key.startsWith("sources/removed/") || key.startsWith("sources/said/");
        };
    }

    /** The picture that this key stands for; empty if it is none, as in the parts without metadata. */
    Optional<ImageId> picture(String key) {
        return ImageId.parse(ImageDataset.PICTURES + key.substring(prefix.length()));
    }

    /** How often a copy lists it: for the price, when it is copied, and to find what came or was deleted; of the table, manifests apart. */
    int listings() {
        return switch (this) {
            case PICTURES -> 4;
            case TRASH -> 3;
            case TABLE -> 4;
            case MARKERS, DECISIONS, SOURCES -> 2;
        };
    }

    /** What all its keys begin with. */
    String prefix() {
        return prefix;
    }
}

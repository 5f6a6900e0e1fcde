package dev.glimpse.dataset;

/** Lets tests of other packages say which models a server has. */
public final class LearntModels {
    private LearntModels() {}

    /** The server has this model from now on. */
    public static void add(KnownModels known, ModelStamp model) {
        known.set(model.fingerprint(), true);
    }
}

package dev.glimpse.dataset;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The models that this server can embed with. Safe for use by several threads. */
public final class KnownModels {
    private final ModelStamp configured;
    private final Set<String> fingerprints = ConcurrentHashMap.newKeySet();

    /** @param configured the model that the server was started with, which a new table gets */
    public KnownModels(ModelStamp configured) {
        this.configured = configured;
        fingerprints.add(configured.fingerprint());
    }

    public ModelStamp configured() {
        return configured;
    }

    /** Whether this server has the model with this fingerprint. */
    public boolean knows(String fingerprint) {
        return fingerprints.contains(fingerprint);
    }

    /** Takes note that the model is here, or is not any more. Tables that are open take it over at {@link ModelColumns#modelsChanged}. */
    void set(String fingerprint, boolean here) {
        if (here) {
            fingerprints.add(fingerprint);
        } else if (!fingerprint.equals(configured.fingerprint())) {
            fingerprints.remove(fingerprint);
        }
    }
}

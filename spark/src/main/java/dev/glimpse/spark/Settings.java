package dev.glimpse.spark;

import dev.glimpse.DecodeProperties;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StorageSettingsException;
import dev.glimpse.storage.StoreLocation;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.ConfigurationPropertySources;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/**
 * The settings of the service that a job follows, as environment variables have them. The driver's settings travel to all executors, the
 * keys of the bucket among them. Immutable.
 */
final class Settings implements Serializable {
    private static final long serialVersionUID = 1;
    private static final List<String> BUCKET =
            List.of("R2_ENDPOINT", "R2_BUCKET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY");

    private final HashMap<String, String> variables = new HashMap<>();

    private static final List<String> OTHERS = List.of("GLIMPSE_DATA", "GLIMPSE_MODEL");
    private static final String DECODING = "GLIMPSE_DECODE_";

    /** @param environment of which the variables are taken that a job follows, and no other: the service has keys of its own */
    Settings(Map<String, String> environment) {
        environment.forEach((name, value) -> {
            if (BUCKET.contains(name) || OTHERS.contains(name) || name.startsWith(DECODING)) {
                variables.put(name, value);
            }
        });
    }

    private String get(String name, String otherwise) {
        String value = variables.getOrDefault(name, "");
        return value.isBlank() ? otherwise : value;
    }

    /** The variables, the secret among them. */
    Map<String, String> variables() {
        return Map.copyOf(variables);
    }

    /** The store, if it is a folder; else where this machine may keep files. */
    Path data() {
        return Path.of(get("GLIMPSE_DATA", "./data"));
    }

    /** The folder of the model, on every machine. */
    Path model() {
        return Path.of(get("GLIMPSE_MODEL", "models/mini-clip"));
    }

    boolean isBucket() {
        return BUCKET.stream().anyMatch(name -> !get(name, "").isEmpty());
    }

    /**
     * Opens the store. Does no I/O. The caller closes it.
     *
     * @throws StorageSettingsException if a variable is missing or malformed
     */
    ObjectStore openStore() {
        if (!isBucket()) {
            return StoreLocation.open(data().toString(), variables, "");
        }
        String bucket = get("R2_BUCKET", "");
        if (bucket.isEmpty()) {
            throw new StorageSettingsException(
                    "R2_BUCKET is not set, but another variable of the bucket is.",
                    "Set all four to use a bucket, or none to use a folder.");
        }
        return StoreLocation.open("s3://" + bucket, variables, "");
    }

    /** What one picture may cost. */
    DecodeProperties decoding() {
        MutablePropertySources sources = new MutablePropertySources();
        sources.addFirst(new SystemEnvironmentPropertySource(
                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new HashMap<>(variables)));
        return new Binder(ConfigurationPropertySources.from(sources))
                .bindOrCreate("glimpse.decode", DecodeProperties.class);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Settings settings && variables.equals(settings.variables);
    }

    @Override
    public int hashCode() {
        return variables.hashCode();
    }

    /** Without the values, one of which is a secret. */
    @Override
    public String toString() {
        return "Settings" + variables.keySet();
    }
}

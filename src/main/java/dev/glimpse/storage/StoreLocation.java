package dev.glimpse.storage;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Opens a store that an operator names: a path of a folder, or {@code s3://bucket}. */
public final class StoreLocation {
    private static final String BUCKET = "s3://";

    private StoreLocation() {}

    /**
     * Opens the store. Does no I/O. The caller closes it.
     *
     * @param location a path, or {@code s3://} and the name of a bucket
     * @param variables as the environment has them: R2_ENDPOINT, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY for a bucket
     * @param prefix of variables that go before those, such as {@code TO_}; may be empty
     * @throws StorageSettingsException if a variable is missing or malformed
     */
    public static ObjectStore open(String location, Map<String, String> variables, String prefix) {
        if (!location.startsWith(BUCKET)) {
            return new FolderStore(Path.of(location));
        }
        R2Properties bucket = new R2Properties(
                variable(variables, prefix, "R2_ENDPOINT"),
                location.substring(BUCKET.length()),
                variable(variables, prefix, "R2_ACCESS_KEY_ID"),
                variable(variables, prefix, "R2_SECRET_ACCESS_KEY"));
        bucket.isSet();
        return new S3Store(bucket);
    }

    private static @Nullable String variable(Map<String, String> variables, String prefix, String name) {
        return variables.getOrDefault(prefix + name, variables.get(name));
    }
}

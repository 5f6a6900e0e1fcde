package dev.glimpse.storage;

import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Opens a store that an operator names: a path of a folder, or {@code s3://bucket}. */
public final class StoreLocation {
    private static final String BUCKET = "s3://";
    private static final String ENDPOINT = "R2_ENDPOINT";
    private static final String KEY = "R2_ACCESS_KEY_ID";
    private static final String SECRET = "R2_SECRET_ACCESS_KEY";
    private static final Pattern URL = Pattern.compile("[a-z0-9]{2,}:");
    private static final Pattern END = Pattern.compile("/+$");

    private StoreLocation() {}

    /**
     * Opens the store. Does no I/O. The caller closes it.
     *
     * @param location a path, or {@code s3://} and the name of a bucket
     * @param variables as the environment has them: R2_ENDPOINT, R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY for a bucket
     * @param prefix of variables that are taken instead if one of them is set, such as {@code TO_}; may be empty
     * @throws StorageSettingsException if a variable is missing or malformed
     */
    public static ObjectStore open(String location, Map<String, String> variables, String prefix) {
        if (!location.startsWith(BUCKET)) {
            if (URL.matcher(location).lookingAt()) {
                throw new StorageSettingsException(
                        location + " is neither a folder nor a bucket.", "Write a path, or s3:// and the bucket.");
            }
            return new FolderStore(Path.of(location));
        }
        // Keys of one place never go to another.
        boolean isApart = Stream.of(ENDPOINT, KEY, SECRET).anyMatch(name -> variables.containsKey(prefix + name));
        String before = isApart ? prefix : "";
        for (String name : new String[] {ENDPOINT, KEY, SECRET}) {
            if (variables.getOrDefault(before + name, "").isBlank()) {
                throw new StorageSettingsException(
                        before + name + " is not set, and " + location + " needs it.",
                        "Set " + before + ENDPOINT + ", " + before + KEY + " and " + before + SECRET + ".");
            }
        }
        R2Properties bucket = new R2Properties(
                END.matcher(variables.getOrDefault(before + ENDPOINT, "")).replaceFirst(""),
                location.substring(BUCKET.length()),
                variables.get(before + KEY),
                variables.get(before + SECRET));
        bucket.isSet();
        return new S3Store(bucket);
    }
}

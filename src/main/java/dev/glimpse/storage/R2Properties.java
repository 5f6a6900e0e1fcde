package dev.glimpse.storage;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;

/**
 * The bucket to keep everything in, as the four variables {@code R2_ENDPOINT}, {@code R2_BUCKET},
 * {@code R2_ACCESS_KEY_ID} and {@code R2_SECRET_ACCESS_KEY}. None set means a folder instead.
 *
 * @param endpoint of an S3-compatible store, without a path
 */
@ConfigurationProperties("r2")
public record R2Properties(
        @Nullable String endpoint,
        @Nullable String bucket,
        @Nullable String accessKeyId,
        @Nullable String secretAccessKey) {
    private static final Pattern BUCKET_NAME = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");

    /** Of S3's endpoints, with the region. */
    private static final Pattern AWS =
            Pattern.compile("s3[.-](?:dualstack\\.)?([a-z]{2,}-[a-z0-9-]+)\\.amazonaws\\.com(?:\\.cn)?");

    /** S3 keeps this end of a name for its directory buckets. */
    private static final String DIRECTORY_BUCKET = "--x-s3";

    public R2Properties {
        endpoint = orNull(endpoint);
        bucket = orNull(bucket);
        accessKeyId = orNull(accessKeyId);
        secretAccessKey = orNull(secretAccessKey);
    }

    /**
     * Whether there is a bucket. Not said by the constructor, as a failed binding prints the value it saw last, which
     * may be the secret.
     *
     * @throws StorageSettingsException if some of the four are missing, or one is malformed
     */
    boolean isSet() {
        List<String> set = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        (endpoint == null ? missing : set).add("R2_ENDPOINT");
        (bucket == null ? missing : set).add("R2_BUCKET");
        (accessKeyId == null ? missing : set).add("R2_ACCESS_KEY_ID");
        (secretAccessKey == null ? missing : set).add("R2_SECRET_ACCESS_KEY");
        if (set.isEmpty()) {
            return false;
        }
        if (!missing.isEmpty()) {
            throw new StorageSettingsException(
                    String.join(" and ", missing) + " not set, but " + String.join(" and ", set) + ".",
                    "Set all four to use a bucket, or none to use a folder.");
        }
        uri();
        if (!BUCKET_NAME.matcher(String.valueOf(bucket)).matches()) {
            throw new StorageSettingsException(
                    "R2_BUCKET is not the name of a bucket: " + bucket,
                    "Set it to the name alone: 3 to 63 lower-case letters, digits, dots and hyphens.");
        }
        if (String.valueOf(bucket).endsWith(DIRECTORY_BUCKET)) {
            throw new StorageSettingsException(
                    "R2_BUCKET is a directory bucket of S3 Express One Zone, which is not supported: " + bucket,
                    "Take a general purpose bucket: only these are reached by a path and list a part of a folder.");
        }
        return true;
    }

    /** Whether this is a bucket of R2, and not of another store that speaks S3. */
    boolean isCloudflare() {
        return uri().getHost().toLowerCase(Locale.ROOT).endsWith(".r2.cloudflarestorage.com");
    }

    /**
     * The region for which requests are signed: the one in the name of S3's endpoint, which refuses any other, else {@code auto}, as R2 and
     * stores without regions take it.
     */
    public String region() {
        Matcher aws = AWS.matcher(uri().getHost().toLowerCase(Locale.ROOT));
        return aws.matches() ? aws.group(1) : "auto";
    }

    /** The endpoint, checked. */
    URI uri() {
        try {
            URI uri = new URI(String.valueOf(endpoint));
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            if ((scheme.equals("https") || scheme.equals("http"))
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null
                    && (uri.getRawPath().isEmpty() || uri.getRawPath().equals("/"))) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // Said below. Its own message would repeat the value, and with it a password in it.
        }
        String value = String.valueOf(endpoint);
        throw new StorageSettingsException(
                "R2_ENDPOINT must be http(s)://host without a path, user or query"
                        + (value.contains("@") ? "." : ": " + value),
                "Correct it; the bucket goes to R2_BUCKET.");
    }

    @Override
    public String toString() {
        return "R2Properties[endpoint=" + endpoint + ", bucket=" + bucket + "]";
    }

    private static @Nullable String orNull(@Nullable String value) {
        return value == null || value.isBlank() ? null : value.strip();
    }
}

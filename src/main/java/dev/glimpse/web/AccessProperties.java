package dev.glimpse.web;

import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Who may do what, and how much of it.
 *
 * @param keys by their names, which the log shows; without any, callers on this machine may do everything, and others read
 *     and upload
 * @param requestsPerMinute of one client, which may also be that many at once; 1 or more
 * @param requestsAtOnce of one client that are being answered; 1 or more
 * @param slowestUpload bytes a second, on the average of a request after its first 20 seconds; slower ones end with 408, and
 *     answers that are read more slowly end as well
 * @param origins of other sites whose pages may call this server, such as {@code https://example.org}; {@code *} for all
 */
@ConfigurationProperties("glimpse.access")
record AccessProperties(
        @DefaultValue Map<String, ApiKey> keys,
        @DefaultValue("3000") int requestsPerMinute,
        @DefaultValue("32") int requestsAtOnce,
        @DefaultValue("8KB") DataSize slowestUpload,
        @DefaultValue List<String> origins) {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,64}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern ORIGIN = Pattern.compile("\\*|https?://[^/?#@\\s]+");

    AccessProperties {
        Set<String> hashes = new TreeSet<>();
        keys.forEach((name, key) -> {
            if (!NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "glimpse.access.keys: a key's name has 1 to 64 of a-z, 0-9 and -: " + name);
            }
            if (!SHA256.matcher(key.sha256).matches()) {
                throw new IllegalArgumentException("glimpse.access.keys." + name
                        + ".sha256 must be the SHA-256 of the key, 64 hex digits; scripts/make-key makes both");
            }
            if (key.scopes.isEmpty()) {
                throw new IllegalArgumentException(
                        "glimpse.access.keys." + name + ".scopes must name some of read, upload and admin");
            }
            if (!hashes.add(key.sha256)) {
                throw new IllegalArgumentException("glimpse.access.keys." + name + " is the same key as another one");
            }
            requirePositive("keys." + name + ".requests-per-minute", key.requestsPerMinute);
        });
        requirePositive("requests-per-minute", requestsPerMinute);
        requirePositive("requests-at-once", requestsAtOnce);
        for (String origin : origins) {
            if (!ORIGIN.matcher(origin).matches()) {
                throw new IllegalArgumentException(
                        "glimpse.access.origins takes * or origins like https://example.org, without a path: "
                                + origin);
            }
        }
        keys = Map.copyOf(keys);
        origins = List.copyOf(origins);
    }

    private static void requirePositive(String name, @Nullable Integer value) {
        if (value != null && value < 1) {
            throw new IllegalArgumentException("glimpse.access." + name + " must be at least 1: " + value);
        }
    }

    /**
     * One key.
     *
     * @param sha256 of the key's UTF-8 bytes, in hex. A key is made by chance and long, so a fast hash hides it well
     * @param requestsPerMinute null for what everyone has
     */
    record ApiKey(
            @DefaultValue("") String sha256,
            @DefaultValue Set<Scope> scopes,
            @Nullable Integer requestsPerMinute) {
        ApiKey {
            sha256 = sha256.toLowerCase(Locale.ROOT);
            scopes = Set.copyOf(scopes);
        }

        byte[] hash() {
            return HexFormat.of().parseHex(sha256);
        }

        /** Leaves out the hash. */
        @Override
        public String toString() {
            return "ApiKey" + new TreeSet<>(scopes);
        }
    }
}

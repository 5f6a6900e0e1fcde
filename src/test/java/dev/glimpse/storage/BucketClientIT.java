package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestBucket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** System properties that the SDK reads; for the environment see {@code EnvironmentIT}. */
class BucketClientIT {
    private final Map<String, String> before = new HashMap<>();

    @TempDir
    Path folder;

    private void set(String property, String value) {
        before.put(property, System.getProperty(property));
        System.setProperty(property, value);
    }

    @AfterEach
    void restore() {
        before.forEach((property, value) -> {
            if (value == null) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, value);
            }
        });
    }

    @Test
    void neitherSystemPropertiesNorProfilesHaveAnEffect() throws Exception {
        String malformed = Files.writeString(folder.resolve("config"), "no section\nkey = value\n")
                .toString();
        set("aws.configFile", malformed);
        set("aws.sharedCredentialsFile", malformed);
        set("aws.profile", "nobody");
        set("aws.region", "nowhere-1");
        set("aws.accessKeyId", "other");
        set("aws.secretAccessKey", "other");
        set("aws.sessionToken", "stale");
        set("aws.endpointUrl", "http://127.0.0.1:1");
        set("aws.endpointUrlS3", "http://127.0.0.1:1");
        set("aws.useDualstackEndpoint", "true");
        set("aws.useFipsEndpoint", "true");
        set("aws.maxAttempts", "many");
        set("aws.retryMode", "nonsense");
        set("aws.defaultsMode", "nonsense");
        set("aws.requestChecksumCalculation", "nonsense");
        set("aws.responseChecksumValidation", "nonsense");
        set("aws.s3UseArnRegion", "nonsense");
        set("aws.s3DisableMultiRegionAccessPoints", "nonsense");
        set("aws.disableS3ExpressAuth", "nonsense");
        set("aws.disableRequestCompression", "nonsense");
        set("aws.requestMinCompressionSizeBytes", "nonsense");
        set("aws.sigv4aSigningRegionSet", "nonsense");
        set("aws.authSchemePreference", "nonsense");
        set("software.amazon.awssdk.http.service.impl", "no.such.Class");
        set("http.proxyHost", "127.0.0.1");
        set("http.proxyPort", "1");
        set("http.nonProxyHosts", "");

        try (TestBucket bucket = TestBucket.start();
                ObjectStore store = bucket.open()) {
            store.requireConditionalPuts();
            store.putIfAbsent("a", new byte[] {1}, "image/png", Map.of("glimpse", "x"));

            assertThat(store.get("a")).contains(new byte[] {1});
            assertThat(store.list("")).containsExactly("a");
            assertThat(store.copy("a", "b")).isTrue();
        }
    }
}

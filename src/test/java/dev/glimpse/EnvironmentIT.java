package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** What the environment of a server process may change, and what not. Lance reads the bucket itself, as nothing is copied. */
class EnvironmentIT {
    private static TestBucket bucket;
    private static String id;

    @TempDir
    static Path writer;

    @TempDir
    Path folder;

    @BeforeAll
    static void putAPictureThere() {
        bucket = TestBucket.start();
        List<String> settings = new ArrayList<>(List.of(bucket.properties()));
        settings.add("glimpse.data=" + writer);
        settings.add("server.port=0");
        try (ConfigurableApplicationContext server = new SpringApplicationBuilder(Glimpse.class)
                .run(settings.stream().map(setting -> "--" + setting).toArray(String[]::new))) {
            Client client = new Client(server.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
            id = client.uploadCommitted("a.png", TestPictures.png(1))
                    .json()
                    .get("id")
                    .stringValue();
        }
    }

    @AfterAll
    static void stop() {
        bucket.close();
    }

    /** A server that has nothing of the table on its disk and never had the picture in memory, so Lance has to find it. */
    private void servesFromTheBucket(Map<String, String> environment) throws Exception {
        Map<String, String> all = new HashMap<>(bucket.environment());
        all.put("GLIMPSE_REPLICA_DISK", "0B");
        all.putAll(environment);
        Path log = folder.resolve("log");
        try (ServerProcess server = ServerProcess.start(folder.resolve("data"), log, all)) {
            Client client = server.client();

            Client.Answer search = client.search("a cat", 10);

            assertThat(search.status()).as(search.toString()).isEqualTo(200);
            assertThat(search.json().get("results").valueStream())
                    .anyMatch(hit -> hit.get("id").stringValue().equals(id));
            assertThat(client.get("/stats").json().get("reading").stringValue()).isEqualTo("bucket");
            assertThat(client.uploadCommitted("a.png", TestPictures.png(environment.size()))
                            .status())
                    .isEqualTo(201);
            server.terminate();
        }
        assertThat(Files.readString(log)).doesNotContain("cannot be read");
    }

    @Test
    void variablesAndFilesOfAwsHaveNoEffect() throws Exception {
        Path home = folder.resolve("home");
        Path malformed = Files.createDirectories(home.resolve(".aws")).resolve("config");
        Files.writeString(malformed, "no section\nkey = value\n");
        Files.copy(malformed, malformed.resolveSibling("credentials"));
        Map<String, String> hostile = new HashMap<>();
        hostile.put("HOME", home.toString());
        hostile.put("AWS_CONFIG_FILE", malformed.toString());
        hostile.put("AWS_SHARED_CREDENTIALS_FILE", malformed.toString());
        hostile.put("AWS_PROFILE", "nobody");
        hostile.put("AWS_ACCESS_KEY_ID", "other");
        hostile.put("AWS_SECRET_ACCESS_KEY", "other");
        hostile.put("AWS_SESSION_TOKEN", "stale");
        hostile.put("AWS_REGION", "nowhere-1");
        hostile.put("AWS_DEFAULT_REGION", "nowhere-1");
        hostile.put("AWS_CA_BUNDLE", "/no/such/file");
        hostile.put("AWS_ROLE_ARN", "arn:aws:iam::1:role/other");
        hostile.put("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/such/file");
        hostile.put("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1");
        hostile.put("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/other");
        hostile.put("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
        hostile.put("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1");
        hostile.put("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        hostile.put("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1");
        hostile.put("AWS_ENDPOINT", "http://127.0.0.1:1");
        hostile.put("AWS_BUCKET", "other");
        hostile.put("AWS_ALLOW_HTTP", "false");
        hostile.put("AWS_SKIP_SIGNATURE", "true");
        hostile.put("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true");
        hostile.put("AWS_S3_EXPRESS", "true");
        hostile.put("AWS_CHECKSUM_ALGORITHM", "nonsense");
        hostile.put("AWS_REQUEST_CHECKSUM_CALCULATION", "nonsense");
        hostile.put("AWS_RESPONSE_CHECKSUM_VALIDATION", "nonsense");
        hostile.put("AWS_S3_USE_ARN_REGION", "nonsense");
        hostile.put("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "nonsense");
        hostile.put("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "nonsense");
        hostile.put("AWS_DISABLE_S3_EXPRESS_AUTH", "nonsense");
        hostile.put("AWS_USE_DUALSTACK_ENDPOINT", "true");
        hostile.put("AWS_USE_FIPS_ENDPOINT", "true");
        hostile.put("AWS_MAX_ATTEMPTS", "many");
        hostile.put("AWS_RETRY_MODE", "nonsense");
        hostile.put("AWS_DEFAULTS_MODE", "nonsense");
        hostile.put("AWS_DISABLE_REQUEST_COMPRESSION", "nonsense");
        hostile.put("AWS_REQUEST_MIN_COMPRESSION_SIZE_BYTES", "nonsense");
        hostile.put("AWS_SIGV4A_SIGNING_REGION_SET", "nonsense");
        hostile.put("AWS_AUTH_SCHEME_PREFERENCE", "nonsense");
        hostile.put("AWS_PROVIDER_SCHEME", "irsa");
        hostile.put("AZURE_STORAGE_ALLOW_HTTP", "false");
        hostile.put("OBJECT_STORE_CLIENT_RETRY_TIMEOUT", "nonsense");
        // Lance takes these for options as well.
        hostile.put("TOKEN", "stale");
        hostile.put("ENDPOINT_URL", "http://127.0.0.1:1");
        hostile.put("SKIP_SIGNATURE", "true");
        hostile.put("USER_AGENT", "line\nbreak");
        hostile.put("PROXY_URL", "http://127.0.0.1:1");
        hostile.put("USE_OPENDAL", "true");
        // The bucket is on this machine, where no proxy is asked.
        hostile.put("HTTP_PROXY", "http://127.0.0.1:1");
        hostile.put("all_proxy", "nonsense");

        servesFromTheBucket(hostile);
    }

    @Test
    void proxyOfTheEnvironmentIsUsedByTheServerAndByLance() throws Exception {
        // The name leads nowhere, so whatever arrives has come through the proxy, which the test bucket plays.
        servesFromTheBucket(Map.of(
                "R2_ENDPOINT",
                "http://bucket.invalid:9000",
                "HTTP_PROXY",
                bucket.endpoint().replace("http://", "http://user:pass%40word@"),
                "HTTPS_PROXY",
                "http://127.0.0.1:1"));
    }

    /** A JVM that cannot use the archive starts without it, and says nothing. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void startsFromTheArchiveOfClasses() throws Exception {
        try (ServerProcess server = ServerProcess.run(folder.resolve("data"), folder.resolve("log"), Map.of())) {
            Path maps = Path.of("/proc/" + server.handle().pid() + "/maps");

            assertThat(Files.readString(maps)).contains("/target/glimpse/classes.jsa");
        }
    }
}

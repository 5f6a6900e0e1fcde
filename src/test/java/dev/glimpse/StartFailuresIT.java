package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.ServerProcess.FailedStart;
import dev.glimpse.testing.TestBucket;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A start that fails ends with what happened and what to do. Failures that need no process are in {@code StartFailureAnalyzerTest}. */
class StartFailuresIT {
    private static TestBucket bucket;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        bucket = TestBucket.start();
    }

    @AfterAll
    static void stop() {
        bucket.close();
    }

    private FailedStart fail(Path data, Map<String, String> environment) throws Exception {
        FailedStart start = ServerProcess.fail(data, folder.resolve("log"), environment);
        assertThat(start.status()).as(start.output()).isNotZero();
        assertThat(start.output())
                .contains("Description:", "Action:")
                .doesNotContain("\tat ")
                .doesNotContain(" WARN ")
                .doesNotContain("Exception encountered")
                .doesNotContain("5ecret");
        return start;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "R2_SECRET_ACCESS_KEY=5ecret | 403 SignatureDoesNotMatch. | Check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY",
                "R2_BUCKET=no-such-bucket | 404 NoSuchBucket. | Check R2_BUCKET: there is no bucket no-such-bucket.",
                "R2_ENDPOINT=http://127.0.0.1:1 | nothing listens there | Check R2_ENDPOINT: host and port.",
                "R2_ENDPOINT=http://nowhere.invalid | there is no host of this name | Check R2_ENDPOINT",
                "ALL_PROXY=http://me:5ecret@proxy:port | ALL_PROXY must be http://host:port | put the bucket's host into NO_PROXY",
                "PORT=99999 | server.port (PORT) must be a number from 0 to 65535: 99999 | Correct it",
                "GLIMPSE_MODEL=/no/such/model | there is no model.json in /no/such/model | Set GLIMPSE_MODEL",
                "GLIMPSE_REPLICA_POLL=often | glimpse.replica.poll (GLIMPSE_REPLICA_POLL) must be a time, as in 10s or 5m: often | Correct it",
                "GLIMPSE_ACCESS_KEYS_ME_SHA256=5ecret | glimpse.access.keys.me.sha256 must be | Correct it"
            })
    void wrongSettingIsNamedWithItsCure(String setting, String happened, String cure) throws Exception {
        int equals = setting.indexOf('=');
        Map<String, String> environment = new HashMap<>(bucket.environment());
        if (setting.startsWith("ALL_PROXY")) {
            // This machine would be reached without a proxy.
            environment.put("R2_ENDPOINT", "http://bucket.invalid");
        }
        environment.put(setting.substring(0, equals), setting.substring(equals + 1));

        FailedStart start = fail(folder.resolve("data"), environment);

        assertThat(start.output()).contains(happened).contains(cure);
    }

    @Test
    void dataFolderThatIsAFileIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "x");

        FailedStart start = fail(file, Map.of());

        assertThat(start.output())
                .contains("The data folder " + file + " is a file")
                .contains("Set GLIMPSE_DATA to a folder");
    }

    @Test
    void portThatIsTakenIsNamedWithAnotherOne() throws Exception {
        try (ServerSocket other = new ServerSocket(0)) {
            FailedStart start = ServerProcess.fail(
                    folder.resolve("data"),
                    folder.resolve("log"),
                    Map.of("PORT", Integer.toString(other.getLocalPort())));

            assertThat(start.status()).isNotZero();
            assertThat(start.output()).contains("Port " + other.getLocalPort()).contains("PORT=");
        }
    }
}

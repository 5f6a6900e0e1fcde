package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** A server whose token may read the bucket and not write it. */
class ReadOnlyTokenIT {
    private static final String SENTENCE = "the token may not write: it needs Object Read & Write";

    /** From elsewhere, without a key: may search and upload, and is no administrator. */
    private static final String[] STRANGER = {"X-Forwarded-For", "192.0.2.1"};

    @TempDir
    Path folder;

    @Test
    void searchesGoOnUploadsAreRefusedWithTheReasonAndAllHealsByItself() {
        try (TestBucket bucket = TestBucket.start()) {
            try (ConfigurableApplicationContext server = start(bucket, "writer")) {
                assertThat(client(server)
                                .uploadCommitted("a.png", TestPictures.png(1))
                                .status())
                        .isEqualTo(201);
            }
            bucket.readOnly();
            try (ConfigurableApplicationContext server = start(bucket, "reader")) {
                Client client = client(server);

                // Found out at the start, before anyone uploads.
                await().until(() -> status(client).equals("DEGRADED"));
                assertThat(client.search("a cat", 1).json().get("results").size())
                        .isEqualTo(1);
                Answer refused = upload(client, STRANGER);
                Answer refusedHere = upload(client);
                assertThat(refused.status()).isEqualTo(503);
                assertThat(refused.header("Retry-After")).isNotEmpty();
                assertThat(refused.json().get("type").stringValue()).isEqualTo("/problems/store-refused");
                assertThat(refused.json().get("detail").stringValue()).isEqualTo(SENTENCE);
                assertThat(refusedHere.json().get("detail").stringValue())
                        .contains("403 AccessDenied", bucket.endpoint(), "Give the token the permission");
                assertStrangersLearnNoPlace(client, bucket);
                assertThat(client.get("/stats").json().get("writable").booleanValue())
                        .isFalse();

                bucket.clearFaults();

                assertThat(upload(client, STRANGER).status()).isEqualTo(201);
                assertThat(status(client)).isEqualTo("UP");
                assertThat(client.get("/stats").json().get("writable").booleanValue())
                        .isTrue();
            }
        }
    }

    private static void assertStrangersLearnNoPlace(Client client, TestBucket bucket) {
        Answer health = client.get("/actuator/health", STRANGER);
        assertThat(health.json().get("description").stringValue()).isEqualTo(SENTENCE);
        assertThat(health.json().has("components")).isFalse();
        assertThat(client.get("/actuator/health")
                        .json()
                        .at("/components/bucket/details/reasons/0")
                        .stringValue())
                .contains(bucket.endpoint());
        Answer stats = client.get("/stats", STRANGER);
        assertThat(stats.json().get("problem").stringValue()).isEqualTo(SENTENCE);
        assertThat(List.of(health.toString(), stats.toString()))
                .allSatisfy(answer ->
                        assertThat(answer).doesNotContain(bucket.endpoint()).doesNotContain("AccessDenied"));
    }

    private static Answer upload(Client client, String... headers) {
        return client.multipart("/upload", List.of(Part.file("b.png", TestPictures.png(2))), headers);
    }

    private static String status(Client client) {
        return client.get("/actuator/health").json().get("status").stringValue();
    }

    private ConfigurableApplicationContext start(TestBucket bucket, String data) {
        List<String> settings = new ArrayList<>(List.of(bucket.properties()));
        settings.add("glimpse.data=" + folder.resolve(data));
        settings.add("server.port=0");
        return new SpringApplicationBuilder(Glimpse.class)
                .run(settings.stream().map(setting -> "--" + setting).toArray(String[]::new));
    }

    private static Client client(ConfigurableApplicationContext server) {
        return new Client(server.getEnvironment().getRequiredProperty("local.server.port", Integer.class));
    }
}

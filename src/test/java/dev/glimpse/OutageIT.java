package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** The bucket stops answering, and comes back. */
@DirtiesContext
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class OutageIT {
    private static final TestBucket BUCKET = TestBucket.start();

    /** An upload has ten seconds for the store. */
    private static final Duration BOUNDED = Duration.ofSeconds(20);

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        registry.add("glimpse.replica.poll", () -> "200ms");
        for (String property : BUCKET.properties()) {
            String[] keyAndValue = property.split("=", 2);
            registry.add(keyAndValue[0], () -> keyAndValue[1]);
        }
    }

    @Test
    void withoutTheBucketSearchesGoOnAndSaySoUploadsAreRefusedInBoundedTimeAndAllHealsByItself() {
        Client client = new Client(port);
        byte[] picture = TestPictures.png(1);
        String id = client.uploadCommitted("a.png", picture).json().get("id").stringValue();
        client.get("/" + id);
        client.get("/" + id + "/thumbnail");
        assertThat(client.search("a cat", 1).json().get("stale").booleanValue()).isFalse();
        assertThat(health(client)).isEqualTo("UP");

        // It takes requests and never answers: the worst kind.
        BUCKET.fault(TestBucket.Fault.HANG, Integer.MAX_VALUE, (method, key) -> true);

        await().atMost(BOUNDED.multipliedBy(2))
                .until(() -> client.search("a cat", 1).json().get("stale").booleanValue());
        Client.Answer search = client.search("a dog", 1);
        assertThat(search.json().get("results").size()).isEqualTo(1);
        assertThat(search.header("Warning")).startsWith("110");
        assertThat(Long.parseLong(search.header("Age"))).isNotNegative();
        assertThat(client.get("/" + id).bytes()).isEqualTo(picture);
        assertThat(client.get("/" + id + "/thumbnail").status()).isEqualTo(200);
        assertThat(health(client)).isEqualTo("DEGRADED");
        assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
        assertThat(client.get("/stats").json().get("stale").booleanValue()).isTrue();
        Client.Answer upload = client.upload("b.png", TestPictures.png(2));
        assertThat(upload.status()).isEqualTo(503);
        assertThat(upload.header("Retry-After")).isNotEmpty();

        BUCKET.clearFaults();

        await().atMost(BOUNDED.multipliedBy(2))
                .until(() -> !client.search("a cat", 1).json().get("stale").booleanValue());
        assertThat(health(client)).isEqualTo("UP");
        assertThat(client.upload("b.png", TestPictures.png(2)).status()).isIn(200, 201);
    }

    private static String health(Client client) {
        return client.get("/actuator/health").json().get("status").stringValue();
    }
}

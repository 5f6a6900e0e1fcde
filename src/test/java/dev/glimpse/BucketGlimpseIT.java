package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestBucket;
import dev.glimpse.storage.TestBucket.Fault;
import dev.glimpse.storage.TestBucket.RequestClass;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

class BucketGlimpseIT extends GlimpseContract {
    /** Runs to the end of the JVM: servers that stop still need it. */
    static final TestBucket BUCKET = TestBucket.start();

    private final ObjectStore bucket = BUCKET.open();

    @TempDir
    static Path data;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        for (String property : BUCKET.properties()) {
            String[] keyAndValue = property.split("=", 2);
            registry.add(keyAndValue[0], () -> keyAndValue[1]);
        }
    }

    @AfterEach
    void heal() {
        BUCKET.clearFaults();
        bucket.close();
    }

    @Override
    String pathOf(String id) {
        return "s3://" + BUCKET.bucket() + "/" + id;
    }

    private void uploadMany(int count) {
        for (int i = 0; i < count; i++) {
            assertThat(client.upload("many.png", newPicture()).status()).isEqualTo(201);
        }
    }

    /** Waits until all rows are committed and all markers gone. */
    private void settle() {
        await().until(() -> client.get("/stats").json().get("pendingRows").longValue() == 0
                && bucket.list("pending/").isEmpty());
    }

    @Test
    void uploadCostsItsPictureAndAShareOfAGroupHoweverManyRowsThereAre() {
        uploadMany(1);
        settle();
        for (int before : new int[] {1, 100}) {
            uploadMany(before);
            settle();
            BUCKET.resetCounts();

            uploadMany(10);
            settle();

            assertThat(BUCKET.count(RequestClass.A, "images/")).isEqualTo(10);
            // Of a group a marker, and the data, transaction and manifest of its commit. Ten uploads in a row are one
            // group, or two if the first one has just begun.
            assertThat(BUCKET.count("PUT", "pending/")).isBetween(1L, 2L);
            assertThat(BUCKET.count(RequestClass.A, "vectors/")).isBetween(3L, 6L);
            assertThat(BUCKET.count(RequestClass.B)).isZero();
        }
    }

    @Test
    void repeatedUploadSearchAndStatsAskTheBucketNothing() {
        byte[] picture = newPicture();
        client.upload("a.png", picture);
        BUCKET.resetCounts();

        client.upload("a.png", picture);
        client.search("a cat", 10);
        client.get("/stats");

        assertThat(BUCKET.requests()).isEmpty();
    }

    @Test
    void whileTheBucketIsDownUploadsAre503AndSearchGoesOn() {
        byte[] picture = newPicture();
        uploadMany(1);
        BUCKET.down();

        Client.Answer upload = client.upload("a.png", picture);

        assertThat(upload.status()).isEqualTo(503);
        assertThat(upload.header("Retry-After")).isNotEmpty();
        assertThat(upload.json().get("type").stringValue()).isEqualTo("/problems/store-unavailable");
        assertThat(upload.toString()).doesNotContain(BUCKET.secretAccessKey());
        assertThat(client.search("a cat", 1).json().get("results").size()).isEqualTo(1);
        BUCKET.clearFaults();
        assertThat(client.upload("a.png", picture).status()).isEqualTo(201);
    }

    @Test
    void answersThatAreLostAddNothingTwice() {
        long before = rows();
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        BUCKET.fault(Fault.ANSWER_LOST, 10, (method, key) -> method.equals("PUT") && random.nextInt(3) == 0);
        byte[][] pictures = new byte[10][];

        for (int i = 0; i < pictures.length; i++) {
            pictures[i] = newPicture();
            client.upload("a.png", pictures[i]);
        }
        BUCKET.clearFaults();
        for (byte[] picture : pictures) {
            assertThat(client.upload("a.png", picture).status()).isIn(200, 201);
        }

        assertThat(rows()).isEqualTo(before + pictures.length);
    }
}

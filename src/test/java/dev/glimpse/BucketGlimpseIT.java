package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.fetch.LoopbackFetches;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.RawServer;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import dev.glimpse.testing.TestBucket.RequestClass;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Import;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

@Import(LoopbackFetches.class)
class BucketGlimpseIT extends GlimpseContract {
    /** Runs to the end of the JVM: servers that stop still need it. */
    static final TestBucket BUCKET = TestBucket.start();

    private final ObjectStore bucket = BUCKET.open();

    @Autowired
    @Qualifier("pictureFetches") ThreadPoolTaskExecutor fetches;

    @TempDir
    static Path data;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        registry.add("glimpse.replica.poll", () -> "30s"); // polls would be counted
        registry.add("glimpse.upload.urls", () -> "true");
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

            long begun = System.nanoTime();
            uploadMany(10);
            // Of a group a marker, and the data, transaction and manifest of its commit. Ten uploads in a row are one
            // group, or two if the first one has just begun; if they take long, another one begins each two seconds.
            long groups = 2 + Duration.ofNanos(System.nanoTime() - begun).toSeconds() / 2;
            settle();

            assertThat(BUCKET.count(RequestClass.A, "images/")).isEqualTo(10);
            assertThat(BUCKET.count("PUT", "pending/")).isBetween(1L, groups);
            // And now and then a merge of small fragments, which takes five.
            assertThat(BUCKET.count(RequestClass.A, "vectors/")).isBetween(3L, 3 * groups + 5 * (1 + groups / 8));
            assertThat(BUCKET.count(RequestClass.B, "images/")).isZero();
        }
    }

    @Test
    void meterSaysWhatTheBucketCounts() {
        settle();
        JsonNode before = requestsFromHere();
        BUCKET.fault(Fault.INTERNAL_ERROR, 2, (method, key) -> key.startsWith("images/"));
        BUCKET.fault(Fault.ANSWER_LOST, 2, (method, key) -> key.startsWith("vectors/"));
        byte[] picture = newPicture();

        String id = client.upload("a.png", picture).json().get("id").stringValue();
        client.get("/" + id);
        client.get("/" + id + "/thumbnail");
        client.delete("/" + id);
        await().until(() -> client.get("/stats").json().get("pendingRows").longValue() == 0);
        await().until(() -> BUCKET.count("DELETE", "pending/") >= 2);

        // Upkeep asks whenever it likes, and a request counts here before it comes there.
        await().untilAsserted(() -> {
            JsonNode after = client.get("/stats").json().get("requests");
            for (RequestClass each : RequestClass.values()) {
                String key = each == RequestClass.FREE ? "free" : "class" + each;
                assertThat(after.get(key).longValue() - before.get(key).longValue())
                        .as(key)
                        .isEqualTo(BUCKET.count(each));
            }
            assertThat(after.get("bytesDown").longValue()
                            - before.get("bytesDown").longValue())
                    .isGreaterThanOrEqualTo(2L * picture.length);
            assertThat(served("glimpse_store_requests_total{class=\"a\""))
                    .isEqualTo(after.get("classA").doubleValue());
        });
    }

    /** What the server has counted, at a moment at which no request comes. The bucket counts from then on. */
    private JsonNode requestsFromHere() {
        while (true) {
            BUCKET.resetCounts();
            JsonNode requests = client.get("/stats").json().get("requests");
            // What was on its way has come by the second answer.
            if (requests.equals(client.get("/stats").json().get("requests"))
                    && BUCKET.requests().isEmpty()) {
                return requests;
            }
        }
    }

    /** The sum of the metrics that begin so. */
    private double served(String metric) {
        return client.get("/actuator/prometheus")
                .text()
                .lines()
                .filter(line -> line.startsWith(metric))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                .sum();
    }

    @Test
    void pictureThatAClientHasCostsNoRequestWhenItAsksAgain() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();
        String id256 = "\"" + id.substring("images/".length(), id.indexOf('.')) + "-256\"";
        settle();
        BUCKET.resetCounts();

        // Not even when the server has neither read it since its start.
        assertThat(client.get("/" + id + "/thumbnail", "If-None-Match", id256).status())
                .isEqualTo(304);

        assertThat(BUCKET.count(RequestClass.B, "images/")).isZero();
    }

    @Test
    void costOfARequestIsToldWhoAsksForIt() {
        byte[] picture = newPicture();
        settle();

        Client.Answer first =
                client.multipart("/upload", List.of(Client.Part.file("a.png", picture)), "X-Glimpse-Cost", "1");
        Client.Answer again =
                client.multipart("/upload", List.of(Client.Part.file("a.png", picture)), "X-Glimpse-Cost", "1");

        assertThat(first.header("X-Glimpse-Cost"))
                .startsWith("classA=2, classB=0, free=0")
                .endsWith("dollars=0.00000900");
        assertThat(again.header("X-Glimpse-Cost")).startsWith("classA=0, classB=1, free=0");
        assertThat(client.get("/stats").header("X-Glimpse-Cost")).isEmpty();
    }

    @Test
    void repeatedUploadAsksTheBucketOnceAndSearchAndStatsNothing() {
        byte[] picture = newPicture();
        client.upload("a.png", picture);
        // The first search of a table may wait for what is measured, and meanwhile the server looks for changes of
        // others.
        client.search("a cat", 10);
        settle();
        BUCKET.resetCounts();

        JsonNode repeat = client.multipart(
                        "/upload", List.of(Client.Part.file("a.png", picture), Client.Part.field("caption", "another")))
                .json();
        String id = repeat.get("id").stringValue();
        client.search("a cat", 10);
        client.get("/stats");

        // Now and then the server looks for a newer version of the table, whoever asks.
        assertThat(BUCKET.requests())
                .filteredOn(request -> !request.key().contains("/_versions/"))
                .containsExactly(new TestBucket.Request("HEAD", id));
        assertThat(repeat.get("ignored").toString()).isEqualTo("[\"caption\"]");
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

    @Test
    void pictureIsUploadedByItsUrl() {
        byte[] picture = newPicture();
        try (RawServer server = RawServer.start((path, out) -> RawServer.ok(out, picture))) {
            String url = server.url("/an%20album/my%20picture.png?size=1,2");

            Client.Answer first = client.multipart("/upload", List.of(Client.Part.field("url", url)));
            Client.Answer again = client.post("/upload?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8));

            assertThat(first.status()).as(first.toString()).isEqualTo(201);
            assertThat(again.status()).as(again.toString()).isEqualTo(200);
            String id = first.json().get("id").stringValue();
            assertThat(client.get("/" + id).bytes()).isEqualTo(picture);
            assertThat(client.search("anything", 1000).json().get("results").valueStream())
                    .anyMatch(hit -> hit.get("id").stringValue().equals(id)
                            && hit.get("filename").stringValue().equals("my picture.png"));
            assertThat(server.requests())
                    .hasSize(2)
                    .allMatch(request -> request.startsWith("GET /an%20album/my%20picture.png?size=1,2 "));
        }
    }

    @Test
    void urlsAreAnsweredAfterFilesEachAsIfItHadComeAlone() {
        byte[] picture = newPicture();
        try (RawServer server = RawServer.start((path, out) ->
                RawServer.ok(out, path.endsWith(".png") ? picture : "words".getBytes(StandardCharsets.UTF_8)))) {
            Client.Answer alone = client.post("/upload?url=" + server.url("/words.txt"));
            Client.Answer answer = client.multipart(
                    "/upload",
                    List.of(
                            Client.Part.field("url", server.url("/a.png")),
                            Client.Part.field("url", server.url("/words.txt")),
                            Client.Part.field("url", "http://10.0.0.1/?token=secret"),
                            Client.Part.field("url", "nonsense"),
                            Client.Part.file("words.txt", "words".getBytes(StandardCharsets.UTF_8))));

            assertThat(alone.status()).isEqualTo(415);
            assertThat(answer.status()).isEqualTo(200);
            assertThat(statuses(answer)).containsExactly(415, 201, 415, 400, 400);
            JsonNode problem = answer.json().at("/results/3/problem");
            assertThat(problem.get("type").stringValue()).isEqualTo("/problems/url-not-fetched");
            assertThat(problem.get("detail").stringValue())
                    .isEqualTo("10.0.0.1 has no address, or one that is not public");
        }
    }

    private static List<Integer> statuses(Client.Answer answer) {
        return answer.json()
                .get("results")
                .valueStream()
                .map(item -> item.get("status").intValue())
                .toList();
    }

    @Test
    void moreThanAHundredFilesAndUrlsAre413() {
        List<Client.Part> parts = new ArrayList<>(Collections.nCopies(100, Client.Part.field("url", "nonsense")));
        parts.add(Client.Part.file("a.png", newPicture()));

        assertThat(client.multipart("/upload", parts).status()).isEqualTo(413);
    }

    @Test
    void urlsThatFindTheQueueFullAre503AndFilesGoOn() {
        CountDownLatch answered = new CountDownLatch(1);
        try (RawServer server = RawServer.start((path, out) -> {
            answered.await();
            RawServer.write(out, "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n");
        })) {
            Client.Part url = Client.Part.field("url", server.url("/a.png"));
            CompletableFuture<Client.Answer> taken =
                    CompletableFuture.supplyAsync(() -> client.multipart("/upload", Collections.nCopies(100, url)));
            await().until(() -> fetches.getQueueSize() == 92);
            CompletableFuture<Client.Answer> refused =
                    CompletableFuture.supplyAsync(() -> client.multipart("/upload", Collections.nCopies(100, url)));
            await().until(() -> fetches.getQueueSize() == 100);

            Client.Answer alone = client.multipart("/upload", List.of(url));
            Client.Answer file = client.upload("a.png", newPicture());

            assertThat(alone.status()).isEqualTo(503);
            assertThat(alone.json().get("type").stringValue()).isEqualTo("/problems/busy");
            assertThat(alone.header("Retry-After")).isNotEmpty();
            assertThat(file.status()).isEqualTo(201);
            answered.countDown();
            assertThat(statuses(taken.join())).hasSize(100).containsOnly(400);
            assertThat(statuses(refused.join()))
                    .hasSize(100)
                    .startsWith(400, 400, 400, 400, 400, 400, 400, 400, 503)
                    .endsWith(503);
        }
    }
}

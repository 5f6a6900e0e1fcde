package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Pictures that lie in a store under names of their own are indexed where they are, and followed. */
class SourcesIT {
    private static final int PICTURES = 300;
    private static final String PHOTOS = "photos/";

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    @Test
    void aPrefixIsIndexedForTheRequestsThatWereSaidAndFollowed() throws Exception {
        IntStream.range(0, PICTURES).forEach(i -> put(key(i), picture(i)));
        put(PHOTOS + "notes.txt", "no picture".getBytes(StandardCharsets.UTF_8));
        try (ServerProcess server = start("one", Map.of())) {
            Client client = server.client();

            JsonNode price =
                    client.post("/admin/sources?prefix=photos/&dryRun=true").json();
            assertThat(price.get("listed").asLong()).isEqualTo(PICTURES + 1);
            assertThat(price.get("leftOut").asLong()).isEqualTo(1);
            assertThat(price.get("toRead").asLong()).isEqualTo(PICTURES);
            assertThat(price.get("commits").asLong()).isEqualTo(2);
            refusesWhatIsTooDear(client, price);
            indexesAsPriced(client, price);
            servesAndKnows(client);
            looksCheaplyAgain(client);
            verifies(client);
            followsChanges(client);
            deletesAndRestores(client);
            goesOnPastAnObjectThatItMayNotRead(client);
            takesEvents(client);
            servesFromAnotherServer();
            assertThat(bucket.sizes("images/")).isEmpty();
            givesUp(client);
        }
        assertThat(bucket.sizes("images/")).hasSize(1);
    }

    private void refusesWhatIsTooDear(Client client, JsonNode price) {
        assertThat(client.post("/admin/sources?prefix=images/&everySeconds=0").status())
                .isEqualTo(409);
        assertThat(client.post("/admin/sources?prefix=s3://other/photos/").status())
                .isEqualTo(400);
        double less = price.get("dollars").asDouble() / 2;
        assertThat(client.post("/admin/sources?prefix=photos/&everySeconds=0&maxDollars=" + less)
                        .status())
                .isEqualTo(202);
        await().atMost(Duration.ofMinutes(1))
                .until(() -> source(client).get("state").asString().equals("tooDear"));
        assertThat(bucket.count("GET", PHOTOS)).isZero();
        awaitEndOfTurn();
    }

    /** The lease goes after a look has said that it is done. */
    private void awaitEndOfTurn() {
        await().until(() -> bucket.sizes("lease/sources").isEmpty());
    }

    private void indexesAsPriced(Client client, JsonNode price) {
        bucket.resetCounts();
        JsonNode look = look(client, "&everySeconds=0&maxDollars=1");
        awaitEndOfTurn();

        assertThat(look.get("read").asLong()).isEqualTo(PICTURES);
        assertThat(look.get("added").asLong()).isEqualTo(PICTURES);
        assertThat(bucket.count("GET", PHOTOS)).isEqualTo(PICTURES);
        assertThat(bucket.count("LIST", PHOTOS)).isEqualTo(1);
        assertThat(bucket.count(RequestClass.A, PHOTOS)).isEqualTo(1);
        // What the table takes besides these commits is the same as after uploads: merges, and looks at other servers.
        List<Request> ofLook = bucket.requests().stream()
                .filter(request ->
                        !request.key().startsWith("vectors/") && !request.key().startsWith("lease/maintenance"))
                .toList();
        assertThat(count(ofLook, RequestClass.A) + 3 * 2)
                .as(
                        "%s",
                        ofLook.stream()
                                .filter(request -> !request.key().startsWith(PHOTOS))
                                .toList())
                .isEqualTo(price.get("classA").asLong() + 2); // the new settings, before the look
        assertThat(count(ofLook, RequestClass.B)).isEqualTo(price.get("classB").asLong());
        assertThat(bucket.sizes("images/")).isEmpty();
        assertThat(bucket.sizes(PHOTOS)).hasSize(PICTURES + 1);
    }

    private static long count(List<Request> requests, RequestClass requestClass) {
        return requests.stream()
                .filter(request -> request.requestClass() == requestClass)
                .count();
    }

    private void servesAndKnows(Client client) {
        for (int i : new int[] {0, 7, PICTURES - 1}) {
            assertThat(client.get("/" + id(i)).bytes()).isEqualTo(picture(i));
            assertThat(client.get("/" + id(i) + "/thumbnail").status()).isEqualTo(200);
            assertThat(path(client, i)).contains("s3://glimpse/" + key(i));
            assertThat(client.get("/search?crop=0,0,20,20&like=" + id(i)).status())
                    .isEqualTo(200);
        }
        assertThat(client.search("a red circle", 1000).json().get("results")).hasSize(PICTURES);
    }

    private void looksCheaplyAgain(Client client) {
        bucket.resetCounts();
        JsonNode look = look(client, "&everySeconds=0");
        assertThat(look.get("price").get("unchanged").asLong()).isEqualTo(PICTURES);
        assertThat(look.get("read").asLong()).isZero();
        assertThat(bucket.count("GET", PHOTOS)).isZero();
        assertThat(bucket.count(RequestClass.A, PHOTOS)).isEqualTo(1);
        assertThat(bucket.count("PUT", "vectors/")).isZero();
    }

    private static void verifies(Client client) {
        assertThat(client.post("/admin/verify?repair=true").status()).isEqualTo(202);
        await().atMost(Duration.ofMinutes(1))
                .until(() -> !client.get("/admin/verify")
                        .json()
                        .get("state")
                        .asString()
                        .equals("RUNNING"));
        JsonNode report = client.get("/admin/verify").json();
        assertThat(report.get("state").asString()).isEqualTo("DONE");
        assertThat(report.get("withoutPicture").get("count").asLong()).isZero();
        assertThat(client.search("a red circle", 1000).json().get("results")).hasSize(PICTURES);
    }

    private void followsChanges(Client client) {
        // Renamed, with what was said of it.
        assertThat(client.patch("/" + id(1), "application/json", "{\"caption\": \"the one\"}")
                        .status())
                .isEqualTo(200);
        store.copy(key(1), PHOTOS + "renamed.png");
        store.delete(key(1));
        // Changed.
        replace(key(2), picture(10_002));
        // Written again with the same bytes.
        replace(key(3), picture(3));
        // Deleted.
        store.delete(key(4));
        // The same under a second name, and of another one the first name goes.
        store.copy(key(5), PHOTOS + "five.png");
        // Nothing that can be a picture.
        put(PHOTOS + "broken.jpg", "no picture".getBytes(StandardCharsets.UTF_8));
        put(PHOTOS + "cut.png", java.util.Arrays.copyOf(picture(9), 60));
        put(PHOTOS + "empty.png", new byte[0]);

        bucket.resetCounts();
        JsonNode look = look(client, "&everySeconds=0");

        assertThat(look.get("moved").asLong()).as("renamed, and written again").isEqualTo(2);
        assertThat(look.get("removed").asLong()).as("changed, and deleted").isEqualTo(2);
        assertThat(look.get("added").asLong()).as("changed").isEqualTo(1);
        assertThat(look.get("same").asLong()).isEqualTo(1);
        assertThat(look.get("refused").asLong()).isEqualTo(3);
        assertThat(bucket.count("GET", PHOTOS)).isEqualTo(6);
        assertThat(source(client).get("problemCount").asLong()).isEqualTo(3);
        assertThat(source(client).get("problems").has(PHOTOS + "broken.jpg")).isTrue();
        await().until(() -> path(client, 1).equals(Optional.of("s3://glimpse/" + PHOTOS + "renamed.png")));
        JsonNode renamed = client.get("/" + id(1) + "/metadata").json();
        assertThat(renamed.get("caption").asString()).isEqualTo("the one");
        assertThat(renamed.get("filename").asString()).isEqualTo("renamed.png");
        assertThat(client.get("/" + id(1)).bytes()).isEqualTo(picture(1));
        assertThat(client.get("/" + id(2)).status()).isEqualTo(404);
        assertThat(client.get("/" + id(10_002)).bytes()).isEqualTo(picture(10_002));
        assertThat(client.get("/" + id(4)).status()).isEqualTo(404);
        assertThat(path(client, 5)).contains("s3://glimpse/" + key(5));

        // What was refused is not read again, and of two names the other one counts.
        store.delete(key(5));
        bucket.resetCounts();
        JsonNode next = look(client, "&everySeconds=0");
        assertThat(bucket.count("GET", PHOTOS)).isZero();
        assertThat(next.get("moved").asLong()).isEqualTo(1);
        await().until(() -> path(client, 5).equals(Optional.of("s3://glimpse/" + PHOTOS + "five.png")));
        assertThat(client.get("/" + id(5)).bytes()).isEqualTo(picture(5));
        look(client, "&everySeconds=0&again=true");
        assertThat(bucket.count("GET", PHOTOS)).as("when that is asked for").isEqualTo(1 + 2);
    }

    private void deletesAndRestores(Client client) {
        assertThat(client.delete("/" + id(20)).status()).isEqualTo(204);
        assertThat(client.get("/" + id(20) + "/metadata").status()).isEqualTo(404);
        assertThat(bucket.sizes(PHOTOS)).containsKey(key(20));
        look(client, "&everySeconds=0");
        assertThat(client.get("/" + id(20) + "/metadata").status()).isEqualTo(404);
        assertThat(client.post("/" + id(20) + "/restore").json().get("restored").asBoolean())
                .isTrue();
        assertThat(client.get("/" + id(20)).bytes()).isEqualTo(picture(20));
        look(client, "&everySeconds=0");
        assertThat(path(client, 20)).contains("s3://glimpse/" + key(20));

        assertThat(client.delete("/" + id(21) + "?picture=true").status()).isEqualTo(204);
        assertThat(bucket.sizes(PHOTOS)).doesNotContainKey(key(21));
        assertThat(bucket.sizes("trash/")).hasSize(1);
        assertThat(client.delete("/" + id(22) + "?picture=true&purge=true").status())
                .isEqualTo(204);
        assertThat(bucket.sizes(PHOTOS)).doesNotContainKey(key(22));
        assertThat(bucket.sizes("trash/")).hasSize(1);
        look(client, "&everySeconds=0");
        assertThat(client.get("/" + id(21)).status()).isEqualTo(404);
        restoresWhatWasSaid(client);
    }

    private void restoresWhatWasSaid(Client client) {
        for (int i : new int[] {24, 25, 26}) {
            assertThat(client.patch("/" + id(i), "application/json", "{\"caption\": \"number " + i + "\"}")
                            .status())
                    .isEqualTo(200);
        }
        // The object stays.
        assertThat(client.delete("/" + id(24)).status()).isEqualTo(204);
        assertThat(client.post("/" + id(24) + "/restore").status()).isEqualTo(200);
        assertThat(caption(client, 24)).isEqualTo("number 24");
        // It goes, and comes back as an upload.
        assertThat(client.delete("/" + id(25) + "?picture=true").status()).isEqualTo(204);
        assertThat(client.post("/" + id(25) + "/restore").status()).isEqualTo(200);
        assertThat(caption(client, 25)).isEqualTo("number 25");
        assertThat(path(client, 25)).contains("s3://glimpse/" + id(25));
        assertThat(client.delete("/" + id(25) + "?purge=true").status()).isEqualTo(204);
        // It has another name when it is restored.
        assertThat(client.delete("/" + id(26)).status()).isEqualTo(204);
        store.copy(key(26), PHOTOS + "another.png");
        store.delete(key(26));
        look(client, "&everySeconds=0");
        assertThat(client.post("/" + id(26) + "/restore").status()).isEqualTo(404);
        look(client, "&everySeconds=0");
        assertThat(path(client, 26)).contains("s3://glimpse/" + PHOTOS + "another.png");
        assertThat(caption(client, 26)).isEqualTo("number 26");
    }

    private static String caption(Client client, int n) {
        return client.get("/" + id(n) + "/metadata").json().get("caption").asString();
    }

    private void goesOnPastAnObjectThatItMayNotRead(Client client) {
        put(PHOTOS + "locked.png", picture(40_000));
        put(PHOTOS + "open.png", picture(40_001));
        bucket.fault(Fault.ACCESS_DENIED, 1, (method, key) -> method.equals("GET") && key.endsWith("locked.png"));

        JsonNode look = look(client, "&everySeconds=0");
        assertThat(look.get("failed").asLong()).isEqualTo(1);
        assertThat(look.get("added").asLong()).isEqualTo(1);
        assertThat(path(client, 40_001)).isPresent();

        assertThat(look(client, "&everySeconds=0").get("added").asLong()).isEqualTo(1);
        assertThat(path(client, 40_000)).isPresent();
    }

    private void takesEvents(Client client) {
        put(PHOTOS + "late & new.png", picture(30_000));
        store.delete(key(23));
        put("elsewhere/x.png", picture(30_001));
        String s3 = """
                {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "glimpse"},
                  "object": {"key": "photos/late+%26+new.png"}}},
                 {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "glimpse"}, "object": {"key": "elsewhere/x.png"}}}]}
                """;
        String r2 = """
                {"account": "a", "action": "DeleteObject", "bucket": "glimpse", "object": {"key": "%s"},
                  "eventTime": "2026-01-01T00:00:00Z"}
                """.formatted(key(23));
        bucket.resetCounts();

        JsonNode taken = events(client, s3);
        assertThat(taken.get("accepted").asInt()).isEqualTo(1);
        assertThat(taken.get("ignored").asInt()).isEqualTo(1);
        assertThat(events(client, r2).get("accepted").asInt()).isEqualTo(1);
        await().atMost(Duration.ofMinutes(1))
                .until(() ->
                        path(client, 30_000).isPresent() && path(client, 23).isEmpty());

        assertThat(client.get("/" + id(30_000)).bytes()).isEqualTo(picture(30_000));
        assertThat(bucket.count("LIST", PHOTOS)).isZero();
        assertThat(bucket.count("GET", PHOTOS))
                .as("one for the look, and one for this client")
                .isEqualTo(2);
        assertThat(client.send(
                                "POST",
                                "/admin/sources/events",
                                "{\"object\": {}}".getBytes(StandardCharsets.UTF_8),
                                "Content-Type",
                                "application/json")
                        .status())
                .isEqualTo(400);
    }

    private static JsonNode events(Client client, String message) {
        Client.Answer answer = client.send(
                "POST",
                "/admin/sources/events",
                message.getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/json");
        assertThat(answer.status()).isEqualTo(202);
        return answer.json();
    }

    private void servesFromAnotherServer() throws IOException {
        try (ServerProcess other = start("two", Map.of())) {
            Client client = other.client();
            await().atMost(Duration.ofMinutes(1)).until(() -> path(client, 0).isPresent());
            assertThat(client.get("/" + id(0)).bytes()).isEqualTo(picture(0));
            assertThat(source(client).get("look").get("listed").asLong()).isPositive();
            assertThat(client.delete("/" + id(0)).status()).isEqualTo(204);
        }
    }

    private void givesUp(Client client) {
        look(client, "&everySeconds=0");
        await().until(() -> path(client, 0).isEmpty());
        assertThat(client.delete("/admin/sources?prefix=photos/").json().get("sources"))
                .isEmpty();
        assertThat(path(client, 7)).contains("s3://glimpse/" + key(7));
        JsonNode kept = client.upload("kept.png", picture(7)).json();
        assertThat(kept.get("stored").asBoolean()).isTrue();
        await().until(() -> path(client, 7).equals(Optional.of("s3://glimpse/" + id(7))));
        assertThat(client.get("/" + id(7) + "/metadata").json().get("filename").asString())
                .isEqualTo("kept.png");
        assertThat(client.delete("/admin/sources?prefix=photos/").status()).isEqualTo(404);
        assertThat(client.delete("/admin/sources?prefix=&rows=true").status()).isEqualTo(400);
        assertThat(client.delete("/admin/sources?prefix=images/&rows=true").status())
                .isEqualTo(409);
        assertThat(path(client, 8)).isPresent();
        assertThat(client.delete("/admin/sources?prefix=photos/&rows=true").status())
                .isEqualTo(200);
        await().until(() ->
                client.search("a red circle", 1000).json().get("results").size() == 1);
        assertThat(client.get("/" + id(7)).bytes()).isEqualTo(picture(7));
        assertThat(bucket.sizes(PHOTOS)).containsKey(key(7));
    }

    @Test
    void whatWasCommittedBeforeAKillIsNotReadAgain() throws Exception {
        int pictures = 2 * PICTURES;
        IntStream.range(0, pictures).forEach(i -> put(key(i), picture(i)));
        // Slow enough that the kill falls into it.
        Map<String, String> slow = Map.of("GLIMPSE_SOURCES_PICTURES_PER_SECOND", "60");
        ServerProcess killed = start("one", slow);
        try (killed) {
            Client client = killed.client();
            assertThat(client.post("/admin/sources?prefix=photos/").status()).isEqualTo(202);
            await().atMost(Duration.ofMinutes(2))
                    .until(() -> source(client).path("look").path("added").asLong(0) >= 256);
            killed.kill();
        }
        long read = bucket.count("GET", PHOTOS);
        assertThat(read).isBetween(256L, pictures - 1L);

        try (ServerProcess server = start("one", Map.of())) {
            Client client = server.client();
            await().atMost(Duration.ofMinutes(2)).until(() -> isDone(client));
            JsonNode look = source(client).get("look");
            long committed = pictures - look.get("price").get("toRead").asLong();
            assertThat(committed).isGreaterThanOrEqualTo(256);
            assertThat(look.get("added").asLong()).isEqualTo(pictures - committed);
            assertThat(bucket.count("GET", PHOTOS)).isEqualTo(read + pictures - committed);
            assertThat(client.search("a red circle", 1000).json().get("results"))
                    .hasSize(pictures);
        }
    }

    @Test
    void aFolderBelowTheDataFolderIsASource() throws Exception {
        Path data = temporary.resolve("folder");
        Path photos = Files.createDirectories(data.resolve("holiday/2024"));
        Files.write(photos.resolve("a b.png"), picture(1));
        Files.write(photos.resolve("c.png"), picture(2));
        try (ServerProcess server = ServerProcess.start(
                data, temporary.resolve("folder.log"), Map.of("JAVA_OPTS", ServerProcess.QUICK_START))) {
            Client client = server.client();
            assertThat(client.post("/admin/sources?prefix=holiday/&everySeconds=1")
                            .status())
                    .isEqualTo(202);
            await().atMost(Duration.ofMinutes(1)).until(() -> path(client, 1).isPresent());
            assertThat(path(client, 1)).contains("holiday/2024/a b.png");
            assertThat(client.get("/" + id(1)).bytes()).isEqualTo(picture(1));

            Files.move(photos.resolve("c.png"), photos.resolve("d.png"));
            Files.delete(photos.resolve("a b.png"));

            await().atMost(Duration.ofMinutes(1))
                    .until(() ->
                            path(client, 1).isEmpty() && path(client, 2).equals(Optional.of("holiday/2024/d.png")));
            assertThat(client.get("/" + id(2)).bytes()).isEqualTo(picture(2));
            movesToAnotherSource(client, data);
            keepsTheRowsOfAFolderThatIsNotMounted(client, data);
        }
        assertThat(data.resolve("images")).doesNotExist();
    }

    private static void movesToAnotherSource(Client client, Path data) throws IOException {
        Files.write(data.resolve("holiday/f.png"), picture(3));
        assertThat(client.patch("/" + id(2), "application/json", "{\"caption\": \"the one\"}")
                        .status())
                .isEqualTo(200);
        await().atMost(Duration.ofMinutes(1)).until(() -> path(client, 3).isPresent());
        Path other = Files.createDirectories(data.resolve("other"));
        assertThat(client.post("/admin/sources?prefix=other/&everySeconds=1").status())
                .isEqualTo(202);

        Files.move(data.resolve("holiday/2024/d.png"), other.resolve("e.png"));

        await().atMost(Duration.ofMinutes(1)).until(() -> path(client, 2).equals(Optional.of("other/e.png")));
        assertThat(client.get("/" + id(2) + "/metadata").json().get("caption").asString())
                .isEqualTo("the one");
    }

    private static void keepsTheRowsOfAFolderThatIsNotMounted(Client client, Path data) throws IOException {
        Files.move(data.resolve("holiday"), data.resolve("elsewhere"));
        await().atMost(Duration.ofMinutes(1))
                .until(() -> source(client).get("state").asString().equals("failed"));
        assertThat(path(client, 3)).contains("holiday/f.png");

        Files.move(data.resolve("elsewhere"), data.resolve("holiday"));
        await().atMost(Duration.ofMinutes(1))
                .until(() -> source(client).get("state").asString().equals("waiting"));
        assertThat(client.get("/" + id(3)).bytes()).isEqualTo(picture(3));
    }

    // ---- helpers

    private ServerProcess start(String name, Map<String, String> more) throws IOException {
        Map<String, String> variables = new HashMap<>(bucket.environment());
        variables.put("JAVA_OPTS", ServerProcess.QUICK_START);
        variables.putAll(more);
        return ServerProcess.start(
                Files.createDirectories(temporary.resolve(name)), temporary.resolve(name + ".log"), variables);
    }

    /** Asks for a look, and gives its report when it is done. */
    private static JsonNode look(Client client, String parameters) {
        assertThat(client.post("/admin/sources?prefix=photos/" + parameters).status())
                .isEqualTo(202);
        await().atMost(Duration.ofMinutes(3)).until(() -> isDone(client));
        return source(client).get("look");
    }

    private static boolean isDone(Client client) {
        JsonNode source = source(client);
        assertThat(source.get("state").asString()).isNotEqualTo("failed");
        return source.get("state").asString().equals("waiting")
                && !source.get("look").isNull()
                && !source.get("look").get("finishedAt").isNull();
    }

    private static JsonNode source(Client client) {
        return client.get("/admin/sources").json().get("sources").get(0);
    }

    /** Where the row says that the picture lies; empty if there is no row. */
    private static Optional<String> path(Client client, int n) {
        Client.Answer answer = client.get("/" + id(n) + "/metadata");
        return answer.status() == 404
                ? Optional.empty()
                : Optional.of(answer.json().get("path").asString());
    }

    private void put(String key, byte[] bytes) {
        assertThat(store.putIfAbsent(key, bytes, "image/png", Map.of())).isTrue();
    }

    private void replace(String key, byte[] bytes) {
        store.delete(key);
        put(key, bytes);
    }

    private static String key(int n) {
        return PHOTOS + n % 10 + "/Picture " + n + ".png";
    }

    private static byte[] picture(int n) {
        return TestImages.png(48, 32, 70_000 + n);
    }

    private static String id(int n) {
        return ImageId.of(picture(n), ImageFormat.PNG).toString();
    }
}

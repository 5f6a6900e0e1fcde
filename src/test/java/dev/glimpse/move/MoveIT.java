package dev.glimpse.move;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestPictures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Copies of the folder of a running server, to a bucket and back. */
class MoveIT {
    private static final int PICTURES = 20;
    private static final int DELETED = 3;
    private static final int DESCRIBED = 5;

    @TempDir
    static Path shared;

    private static ServerProcess server;
    private static Client client;

    @TempDir
    Path folder;

    private TestBucket bucket;

    /** What a run of the command gave. */
    private record Run(int status, String told, JsonNode json) {}

    @BeforeAll
    static void fill() throws IOException {
        server = ServerProcess.start(shared.resolve("data"), shared.resolve("log"), Map.of());
        client = server.client();
        for (int n = 0; n < PICTURES; n++) {
            client.uploadCommitted("picture " + n + ".png", TestPictures.png(n));
        }
        client.multipart(
                "/upload?durability=committed",
                List.of(Part.field("caption", "été, 日本"), Part.file("described.png", TestPictures.png(PICTURES))));
        assertThat(client.delete("/" + TestPictures.id(DELETED)).status()).isLessThan(300);
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @BeforeEach
    void startBucket() {
        bucket = TestBucket.start();
    }

    @AfterEach
    void stopBucket() {
        bucket.close();
    }

    private Run move(String from, String to, String... options) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        String[] arguments = new String[options.length + 3];
        System.arraycopy(options, 0, arguments, 3, options.length);
        arguments[0] = "--json";
        arguments[1] = from;
        arguments[2] = to;
        int status = MoveCommand.run(
                bucket.environment(),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(told, true, StandardCharsets.UTF_8),
                arguments);
        String json = out.toString(StandardCharsets.UTF_8);
        return new Run(
                status,
                told.toString(StandardCharsets.UTF_8),
                JsonMapper.shared().readTree(json.isEmpty() ? "null" : json));
    }

    private static String source() {
        return shared.resolve("data").toString();
    }

    private String target() {
        return "s3://" + bucket.bucket();
    }

    /** Ids of what a search finds, with their distances. */
    private static Map<String, Double> found(Client of) {
        Map<String, Double> found = new HashMap<>();
        Answer answer = of.search("a red circle", 100);
        answer.json()
                .get("results")
                .forEach(hit -> found.put(
                        hit.get("id").stringValue(), hit.get("_distance").asDouble()));
        return found;
    }

    private static JsonNode described(Client of, String field) {
        return of.get("/" + TestPictures.id(PICTURES) + "/metadata").json().get(field);
    }

    private static void assertSameCollection(Client copy) {
        assertThat(found(copy)).isEqualTo(found(client)).hasSize(PICTURES);
        for (String field : List.of("caption", "filename", "uploadedAt", "bytes")) {
            assertThat(described(copy, field)).isEqualTo(described(client, field));
        }
        assertThat(described(copy, "caption").stringValue()).isEqualTo("été, 日本");
        assertThat(copy.get("/" + TestPictures.id(DESCRIBED)).bytes()).isEqualTo(TestPictures.png(DESCRIBED));
        assertThat(copy.get("/" + TestPictures.id(DELETED)).status()).isEqualTo(404);
    }

    @Test
    void folderOfARunningServerMovesToABucketAndBack() throws Exception {
        Run there = move(source(), target());
        assertThat(there.status).as(there.told).isZero();

        try (ServerProcess moved =
                ServerProcess.start(folder.resolve("other"), folder.resolve("log"), bucket.environment())) {
            assertSameCollection(moved.client());
            assertThat(moved.client()
                            .post("/" + TestPictures.id(DELETED) + "/restore")
                            .status())
                    .isLessThan(300);
            moved.client().delete("/" + TestPictures.id(DELETED));
            moved.terminate();
        }
        Path back = folder.resolve("back");
        assertThat(move(target(), back.toString()).status).isZero();

        try (ServerProcess restored = ServerProcess.start(back, folder.resolve("log2"), Map.of())) {
            assertSameCollection(restored.client());
            restored.terminate();
        }
    }

    @Test
    void priceIsToldBeforeAndIsWhatTheBucketCounts() {
        JsonNode quote = move(source(), target(), "--dry-run").json;
        long listed = bucket.count(RequestClass.A);
        assertThat(bucket.count(RequestClass.B)).isZero();

        assertThat(move(source(), target()).status).isZero();

        // Ten requests try whether the bucket can be trusted.
        assertThat(bucket.count(RequestClass.A) - listed)
                .isBetween(quote.get("classA").asLong(), quote.get("classA").asLong() + 12);
        assertThat(bucket.count(RequestClass.B))
                .isBetween(quote.get("classB").asLong(), quote.get("classB").asLong() + 4);
    }

    @Test
    void whatIsRememberedOfPicturesOfSourcesMovesAndTheSourcesDoNot() throws IOException {
        Path sources = shared.resolve("data/sources");
        Path removed = Files.createDirectories(sources.resolve("removed")).resolve("%064x.png".formatted(1));
        Path settings =
                Files.createDirectories(sources.resolve("%032x".formatted(1))).resolve("settings-000000000001");
        Files.writeString(removed, "photos/a.png");
        Files.writeString(settings, "{}");
        try {
            assertThat(move(source(), target()).status).isZero();
        } finally {
            Files.delete(removed);
            Files.delete(settings);
        }

        assertThat(bucket.sizes("sources/")).containsOnlyKeys("sources/removed/%064x.png".formatted(1));
    }

    @Test
    void whatIsThereIsNotCopiedAgainAndWhatIsSaidAnewComes() {
        assertThat(move(source(), target()).status).isZero();
        String id = TestPictures.id(DESCRIBED);
        client.patch("/" + id, "application/json", "{\"caption\": \"said later\"}");

        Run again = move(source(), target());

        assertThat(again.status).as(again.told).isZero();
        assertThat(again.json.get("described").asInt()).isEqualTo(1);
        Set<String> puts = bucket.requests().stream()
                .filter(request ->
                        request.method().equals("PUT") && request.key().startsWith("images/"))
                .map(Request::key)
                .collect(Collectors.toSet());
        long all = bucket.requests().stream()
                .filter(request ->
                        request.method().equals("PUT") && request.key().startsWith("images/"))
                .count();
        assertThat(all).isEqualTo(puts.size() + 1L);
    }

    @Test
    void interruptedCopyGoesOn() {
        for (int n = 0; n < 3; n++) {
            AtomicInteger puts = new AtomicInteger();
            bucket.fault(
                    Fault.ACCESS_DENIED,
                    Integer.MAX_VALUE,
                    (method, key) -> method.equals("PUT") && key.startsWith("images/") && puts.incrementAndGet() > 4);

            assertThat(move(source(), target()).status).isEqualTo(1);

            bucket.clearFaults();
            assertThat(bucket.sizes("images/")).hasSize(4 * (n + 1));
            assertThat(bucket.sizes("vectors/")).isEmpty();
        }

        Run last = move(source(), target());

        assertThat(last.status).as(last.told).isZero();
        assertThat(bucket.sizes("images/")).hasSize(PICTURES);
        assertThat(last.json.get("there").asInt()).isGreaterThanOrEqualTo(12);
    }

    @Test
    void pictureWhoseBytesAreNotThoseOfItsNameIsNamedAndNotCopied() throws IOException {
        Path damaged = folder.resolve("damaged");
        assertThat(move(source(), damaged.toString()).status).isZero();
        Path picture = damaged.resolve(TestPictures.id(1));
        byte[] bytes = Files.readAllBytes(picture);
        bytes[bytes.length / 2] ^= 1;
        Files.delete(picture);
        Files.write(picture, bytes);

        Run run = move(damaged.toString(), target());

        assertThat(run.status).isEqualTo(1);
        assertThat(run.told).contains(TestPictures.id(1));
        assertThat(bucket.sizes("images/")).hasSize(PICTURES - 1).doesNotContainKey(TestPictures.id(1));
    }

    private void serverAddsToTheBucket(int n) throws Exception {
        try (ServerProcess other =
                ServerProcess.start(folder.resolve("other"), folder.resolve("log"), bucket.environment())) {
            other.client().uploadCommitted("other.png", TestPictures.png(n));
            other.terminate();
        }
    }

    @Test
    void tableOfAnotherCollectionIsNotOverwritten() throws Exception {
        serverAddsToTheBucket(700);
        Map<String, Long> before = bucket.sizes("vectors/");

        Run run = move(source(), target());

        assertThat(run.status).isEqualTo(2);
        assertThat(run.told).contains("The table of the target is not a copy");
        assertThat(bucket.sizes("vectors/")).isEqualTo(before);
        assertThat(bucket.sizes("images/")).containsOnlyKeys(TestPictures.id(700));
    }

    @Test
    void copyThatAServerHasWrittenToIsNotBroughtUpToDate() throws Exception {
        assertThat(move(source(), target()).status).isZero();
        serverAddsToTheBucket(701);
        Map<String, Long> before = bucket.sizes("vectors/");

        Run run = move(source(), target());

        assertThat(run.status).isEqualTo(2);
        assertThat(run.told).contains("A server has written to the table of the target since it was copied");
        assertThat(bucket.sizes("vectors/")).isEqualTo(before);
    }

    @Test
    void whatIsNoneOfOursIsLeftOut() throws IOException {
        Path mixed = folder.resolve("mixed");
        assertThat(move(source(), mixed.toString()).status).isZero();
        Files.writeString(mixed.resolve("images/notes.txt"), "text");

        assertThat(move(mixed.toString(), target()).status).isZero();

        assertThat(bucket.sizes("images/")).hasSize(PICTURES);
    }

    @Test
    void placesThatCannotBeUsedAreRefusedInOneLine() {
        assertThat(move(source(), source()).told.strip()).isEqualTo("Source and target are the same.");
        String nothing = folder.resolve("nothing").toString();
        assertThat(move(nothing, target()).told).contains("There is nothing of Glimpse in " + nothing);
        assertThat(move(source(), "s3:/" + bucket.bucket()).told).contains("is neither a folder nor a bucket");
        assertThat(IntStream.of(
                        MoveCommand.run(Map.of(), System.out, new PrintStream(new ByteArrayOutputStream()), "one"),
                        MoveCommand.run(
                                Map.of(), System.out, new PrintStream(new ByteArrayOutputStream()), "a", "s3://b")))
                .containsOnly(2);
    }
}

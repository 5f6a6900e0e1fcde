package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** Searches by words, and by words and vectors, over HTTP. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
class WordSearchIT {
    /** Runs to the end of the JVM: servers that stop still need it. */
    static final TestBucket BUCKET = TestBucket.start();

    private static final AtomicInteger PICTURES = new AtomicInteger(5_000);

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    private Client client;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        registry.add("glimpse.replica.poll", () -> "30s"); // polls would be counted
        for (String property : BUCKET.properties()) {
            String[] keyAndValue = property.split("=", 2);
            registry.add(keyAndValue[0], () -> keyAndValue[1]);
        }
    }

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    @Test
    void pictureIsFoundByItsWordsAtOnceAndAfterAnEditAndNotAfterADelete() {
        String id = upload("IMG_7341.png", "A zebrafish on the café's boxes", "aquarium,Blau");

        for (String text : List.of(
                "zebrafish",
                "ZEBRAFISCH",
                "zebraf",
                "cafe",
                "café",
                "box",
                "Boxes",
                "aquariums",
                "blau",
                "7341",
                "img 7341")) {
            assertThat(ids(byText(text))).as(text).containsExactly(id);
        }

        client.patch("/" + id, "application/json", "{\"caption\": \"黒猫がいる\", \"tags\": [\"кошка\"]}");

        // An answer waits two seconds for searches.
        await().untilAsserted(() -> assertThat(ids(byText("zebrafish"))).isEmpty());
        assertThat(ids(byText("黒猫"))).containsExactly(id);
        assertThat(ids(byText("кошка"))).containsExactly(id);

        client.delete("/" + id);

        assertThat(ids(byText("黒猫"))).isEmpty();
    }

    @Test
    void hitSaysWhatItWasFoundBy() {
        String both = upload("a.png", "an okapi", "");
        upload("b.png", "something else", "");

        JsonNode hybrid = client.search("okapi", 10).json();
        JsonNode text = byText("okapi").json();
        JsonNode vector = client.get("/search?text=okapi&mode=vector").json();
        JsonNode nothing = client.search("xylophone", 10).json();

        assertThat(hybrid.get("mode").stringValue()).isEqualTo("hybrid");
        for (JsonNode hit : hybrid.get("results")) {
            assertThat(hit.get("matched").toString())
                    .isEqualTo(hit.get("id").stringValue().equals(both) ? "[\"vector\",\"text\"]" : "[\"vector\"]");
        }
        // The nearest may come before it.
        assertThat(List.of(
                        hybrid.at("/results/0/id").stringValue(),
                        hybrid.at("/results/1/id").stringValue()))
                .contains(both);
        assertThat(text.get("mode").stringValue()).isEqualTo("text");
        assertThat(text.get("results").size()).isEqualTo(1);
        assertThat(text.at("/results/0/matched").toString()).isEqualTo("[\"text\"]");
        assertThat(vector.get("mode").stringValue()).isEqualTo("vector");
        assertThat(vector.at("/results/0/matched").toString()).isEqualTo("[\"vector\"]");
        assertThat(nothing.get("mode").stringValue()).isEqualTo("vector");
        assertThat(nothing.get("note").isNull()).isTrue();
        double distance = vector.get("results")
                .valueStream()
                .filter(hit -> hit.get("id").stringValue().equals(both))
                .findFirst()
                .orElseThrow()
                .get("_distance")
                .doubleValue();
        assertThat(text.at("/results/0/_distance").doubleValue()).isCloseTo(distance, within(1e-6));
    }

    @Test
    void wordsThatNoRowHasLeaveTheOrderOfVectorsAsItIs() {
        upload("1.png", null, "");
        upload("2.png", null, "");

        String vector = client.get("/search?text=a+picture+of+a+harp&mode=vector")
                .json()
                .get("results")
                .toString();

        assertThat(client.search("a picture of a harp", 10)
                        .json()
                        .get("results")
                        .toString())
                .isEqualTo(vector);
        assertThat(client.get("/search?text=a+picture+of+a+harp&mode=hybrid")
                        .json()
                        .get("mode")
                        .stringValue())
                .isEqualTo("vector");
    }

    @Test
    void stopWordsFindNothing() {
        String named = upload("a.png", null, "");
        String meant = upload("c.png", "a gnu", "");

        assertThat(ids(byText("a gnu"))).containsExactly(meant).doesNotContain(named);
    }

    @Test
    void limitCountsHitsOfBothLists() {
        for (int i = 0; i < 4; i++) {
            upload("upload.png", "lynx", "");
        }

        assertThat(client.search("lynx", 3).json().get("results").size()).isEqualTo(3);
        assertThat(byText("lynx").json().get("results").size()).isEqualTo(4);
    }

    @Test
    void filtersHoldInAllModes() {
        String tagged = upload("upload.png", "marmot", "snowy");
        upload("upload.png", "marmot", "sunny");

        for (String mode : List.of("vector", "text", "hybrid")) {
            assertThat(ids(client.get("/search?text=marmot&tag=snowy&mode=" + mode)))
                    .as(mode)
                    .containsExactly(tagged);
        }
    }

    @Test
    void unwantedWordsLeaveRowsOutOfTheWordsAlone() {
        String day = upload("upload.png", "quokka by day", "");
        String night = upload("upload.png", "quokka by night", "");

        assertThat(ids(client.get("/search?text=quokka&not=night&mode=text"))).containsExactly(day);
        JsonNode hybrid = client.get("/search?text=quokka&not=night&limit=1000").json();
        assertThat(hybrid.get("results")
                        .valueStream()
                        .filter(hit -> hit.get("id").stringValue().equals(night))
                        .map(hit -> hit.get("matched").toString()))
                .containsExactly("[\"vector\"]");
    }

    @Test
    void picturesThatTheQueryIsLikeAreNoHits() {
        String liked = upload("upload.png", "wombat", "");
        String other = upload("upload.png", "wombat", "");

        List<String> found = ids(client.get("/search?text=wombat&mode=hybrid&limit=1000&like=" + liked));

        assertThat(found).doesNotContain(liked);
        // The nearest may come before it.
        assertThat(found.subList(0, 2)).contains(other);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "caption:x OR *:*",
                "AND",
                "\"unbalanced",
                "'; DROP TABLE images; --",
                "(((",
                "*",
                "\\",
                "-cat",
                "[a TO z]",
                "{!func}",
                "?!"
            })
    void textIsWordsAndNothingElse(String text) {
        upload("upload.png", "jaguarundi", "");

        Answer answer = byText(text);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        assertThat(answer.json()
                        .get("results")
                        .valueStream()
                        .map(hit -> hit.get("caption").toString()))
                .doesNotContain("\"jaguarundi\"");
    }

    @Test
    void longTextIsAnsweredAndSaysThatItsEndWasIgnored() {
        String words = "capybara ".repeat(111);
        String id = upload("upload.png", "capybara", "");

        assertThat(ids(byText(words))).containsExactly(id);
        assertThat(byText(
                                "aa ab ac ad ae af ag ah ai aj ak al am ao ap aq ar au av aw ax ay az ba bb bc bd bf bg bh bi bj bk")
                        .json()
                        .get("truncated")
                        .booleanValue())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text=cat&mode=words",
                "text=cat&mode=",
                "text=cat&mode=text&mode=text",
                "like=images/0000000000000000000000000000000000000000000000000000000000000000.png&mode=text",
                "like=images/0000000000000000000000000000000000000000000000000000000000000000.png&mode=hybrid",
                "text=cat&like=images/0000000000000000000000000000000000000000000000000000000000000000.png&mode=text",
                "text=cat&notLike=images/0000000000000000000000000000000000000000000000000000000000000000.png&mode=text",
                "text=cat&textWeight=2&mode=text",
                "text=cat&not=dog&notWeight=2&mode=text",
                "text=cat&exact=true&mode=text",
                "text=cat&mode=text&version=1",
                "text=cat&mode=hybrid&asOf=2026-01-01T00:00:00Z"
            })
    void whatHasNoMeaningIs400(String query) {
        Answer answer = client.get("/search?" + query);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
    }

    @Test
    void pastIsSearchedByVectorAndSaysSo() {
        upload("upload.png", "axolotl", "");

        JsonNode past =
                client.get("/search?text=axolotl&asOf=2001-01-01T00:00:00Z").json();

        assertThat(past.get("mode").stringValue()).isEqualTo("vector");
        assertThat(client.get("/search?text=axolotl&mode=vector&asOf=2001-01-01T00:00:00Z")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void searchByWordsAsksTheBucketNothing() {
        upload("upload.png", "pangolin", "");
        await().until(() -> client.get("/stats").json().get("pendingRows").longValue() == 0);
        BUCKET.resetCounts();

        for (String mode : List.of("text", "hybrid")) {
            assertThat(client.get("/search?text=pangolin&mode=" + mode)
                            .json()
                            .get("mode")
                            .stringValue())
                    .isEqualTo(mode);
        }

        assertThat(BUCKET.requests().stream().filter(request -> !request.key().startsWith("pending/")))
                .isEmpty();
    }

    @Test
    void statisticsSayWhatTheWordsTake() {
        upload("upload.png", "dugong", "");
        await().until(() -> client.get("/stats").json().get("pendingRows").longValue() == 0);

        await().until(() -> client.get("/stats").json().at("/memory/wordFiles").longValue() > 0);
    }

    private String upload(String filename, @Nullable String caption, String tags) {
        List<Part> parts = new ArrayList<>(
                List.of(Part.file(filename, TestPictures.png(PICTURES.getAndIncrement())), Part.field("tags", tags)));
        if (caption != null) {
            parts.add(Part.field("caption", caption));
        }
        Answer answer = client.multipart("/upload", parts);
        assertThat(answer.status()).as(answer.toString()).isEqualTo(201);
        return answer.json().get("id").stringValue();
    }

    private Answer byText(String text) {
        return client.get("/search?mode=text&limit=1000&text=" + URLEncoder.encode(text, StandardCharsets.UTF_8));
    }

    private static List<String> ids(Answer search) {
        assertThat(search.status()).as(search.toString()).isEqualTo(200);
        return search.json()
                .get("results")
                .valueStream()
                .map(hit -> hit.get("id").stringValue())
                .toList();
    }
}

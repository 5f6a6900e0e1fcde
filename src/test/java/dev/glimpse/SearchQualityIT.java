package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.SampleScenes;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** What searches of the 500 sample scenes find, and whether they say so when there is nothing to find. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SearchQualityIT {
    private static final int QUERIES = 100;
    private static final double USUAL = 0.25;

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    private Client client;

    /** Id by the name of what the picture shows. Uploaded once for all tests. */
    private static final Map<String, String> samples = new LinkedHashMap<>();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @BeforeEach
    void uploadTheSamples() {
        client = new Client(port);
        if (!samples.isEmpty()) {
            return;
        }
        samples.putAll(SampleScenes.upload(client));
        assertThat(samples).hasSize(500);
        // The level is measured in the background; who asks for a relevance waits a little for it.
        await().until(() ->
                !search("a cat", "&minRelevance=0").get(0).get("relevance").isNull());
    }

    private JsonNode search(String text, String more) {
        Answer answer = client.get("/search?text=" + URLEncoder.encode(text, StandardCharsets.UTF_8) + more);
        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        return answer.json().get("results");
    }

    private static <T> List<T> some(List<T> all) {
        List<T> shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, new Random(20261129));
        return shuffled.subList(0, Math.min(QUERIES, shuffled.size()));
    }

    private double shareEmpty(List<String> things) {
        return things.stream()
                        .filter(thing -> search("a picture of a " + thing, "&minRelevance=" + USUAL)
                                .isEmpty())
                        .count()
                / (double) things.size();
    }

    @Test
    void mostSearchesForWhatIsNotThereComeBackEmptyAndFewOthersDo() {
        List<String> absent = some(SampleScenes.absent());
        assertThat(absent).hasSizeGreaterThan(40);

        double lost = shareEmpty(some(List.copyOf(samples.keySet())));
        double known = shareEmpty(absent);
        double unknown = shareEmpty(SampleScenes.unknown());

        assertThat(lost).isLessThanOrEqualTo(0.045);
        assertThat(known).isGreaterThanOrEqualTo(0.7);
        assertThat(unknown).isGreaterThanOrEqualTo(0.9);
    }

    @Test
    void relevanceIsAShareThatFallsAsTheDistanceGrows() {
        List<Double> relevances = StreamSupport.stream(
                        search("a red apple", "&mode=vector&limit=500").spliterator(), false)
                .map(hit -> hit.get("relevance").doubleValue())
                .toList();

        assertThat(relevances).hasSize(500).allSatisfy(each -> assertThat(each).isBetween(0.0, 1.0));
        assertThat(relevances).isSortedAccordingTo(Collections.reverseOrder());
        assertThat(relevances.get(0)).isGreaterThan(0.5);
    }

    @Test
    void leastRelevanceLeavesOutNoPictureThatHasTheWordsHoweverSmallThePages() {
        String id = client.upload("qzvx-2041.png", TestPictures.png(20_413))
                .json()
                .get("id")
                .stringValue();
        List<String> found = new ArrayList<>();
        String next = "";
        do {
            JsonNode page = client.get("/search?text=qzvx-2041&limit=1&minRelevance=0.9" + next)
                    .json();
            page.get("results").forEach(hit -> found.add(hit.get("id").stringValue()));
            next = page.get("next").isNull()
                    ? ""
                    : "&cursor=" + page.get("next").stringValue();
        } while (!next.isEmpty());
        client.delete("/" + id);

        assertThat(found).contains(id).doesNotHaveDuplicates();
    }

    @Test
    void leastRelevanceLeavesOutExactlyWhatIsBelowIt() {
        JsonNode all = search("a red apple", "&mode=vector&limit=500");
        double least = all.get(3).get("relevance").doubleValue();

        assertThat(search("a red apple", "&mode=vector&limit=500&minRelevance=" + least))
                .hasSize(4);
        assertThat(search("a red apple", "&mode=vector&limit=500&minRelevance=0"))
                .isEqualTo(all);
        assertThat(search("a red apple", "&mode=vector&minRelevance=1")).isEmpty();
    }

    @Test
    void whatHasTheWordsIsNotLeftOut() {
        JsonNode found = search("a red apple", "&minRelevance=1");

        assertThat(found.get(0).get("id").stringValue()).isEqualTo(samples.get("red apple"));
        assertThat(found)
                .allSatisfy(hit -> assertThat(hit.get("matched").toString()).contains("text"));
    }

    @Test
    void relevanceOfPicturesMixturesAndThePastIsNotKnown() {
        String apple = samples.get("red apple");

        assertThat(client.get("/search?like=" + apple)
                        .json()
                        .at("/results/0/relevance")
                        .isNull())
                .isTrue();
        assertThat(search("an apple", "&not=red").get(0).get("relevance").isNull())
                .isTrue();
        assertThat(search("an apple", "&asOf=2100-01-01T00:00:00Z")
                        .get(0)
                        .get("relevance")
                        .isNull())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/search?text=cat&minRelevance=NaN",
                "/search?text=cat&minRelevance=-0.1",
                "/search?text=cat&minRelevance=1.01",
                "/search?text=cat&minRelevance=",
                "/search?text=cat&minRelevance=0x1p-1",
                "/search?text=cat&minRelevance=much",
                "/search?text=cat&text=dog&minRelevance=0.5",
                "/search?text=cat&not=dog&minRelevance=0.5",
                "/search?text=cat&asOf=2100-01-01T00:00:00Z&minRelevance=0.5"
            })
    void leastRelevanceThatMeansNothingIsRefused(String path) {
        Answer answer = client.get(path);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains("minRelevance");
    }

    private Answer evaluate(String body, String accept) {
        return client.send(
                "POST",
                "/eval",
                body.getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/json",
                "Accept",
                accept);
    }

    @Test
    void labelsOfTheSamplesGiveTheRecallThatTheModelIsKnownFor() {
        String queries = samples.entrySet().stream()
                .map(sample -> "{\"text\": \"a picture of " + sample.getKey() + "\", \"relevant\": [\""
                        + sample.getValue() + "\"]}")
                .collect(Collectors.joining(","));

        JsonNode answer =
                evaluate("{\"queries\": [" + queries + "]}", "application/json").json();

        assertThat(answer.get("queries").intValue()).isEqualTo(500);
        assertThat(answer.get("variants"))
                .extracting(variant -> variant.get("variant").stringValue())
                .containsExactly("search", "exact", "vector", "text");
        JsonNode vector = answer.get("variants").get(2);
        assertThat(vector.get("recall@1").doubleValue()).isBetween(0.95, 0.98);
        assertThat(vector.get("recall@10").doubleValue()).isGreaterThan(0.99);
        assertThat(vector.get("ndcg@10").doubleValue()).isBetween(0.97, 1.0);
        assertThat(vector.get("mrr").doubleValue()).isBetween(0.97, 1.0);
        assertThat(answer.get("variants"))
                .allSatisfy(variant ->
                        assertThat(variant.get("recall@1").doubleValue()).isBetween(0.95, 1.0));
    }

    @Test
    void captionsStandForThePicturesThatHaveThem() {
        Answer answer = evaluate("""
                {"queries": [{"text": "a red apple", "captions": ["scene of red apple"]}]}""", "text/plain");

        assertThat(answer.header("Content-Type")).startsWith("text/plain");
        assertThat(answer.text().lines().toList())
                .hasSize(6)
                .element(1)
                .asString()
                .matches("search +1.000 +1.000 +1.000 +1.000 +1.000");
    }

    @Test
    void labelsThatNoPictureHasAreNamed() {
        String nobody = "images/" + "0".repeat(64) + ".png";

        Answer answer = evaluate("""
                {"queries": [{"text": "a cat", "relevant": ["%s", "x"], "captions": ["nobody says so"]}]}""".formatted(nobody), "*/*");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains(nobody, "x", "nobody says so");
    }

    private record Run(int status, String output) {}

    private Run scriptsEval(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("scripts/eval"));
        command.addAll(List.of(arguments));
        command.add("http://127.0.0.1:" + port);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), output);
    }

    @Test
    void scriptMeasuresTheDemoOutOfTheBoxAndIsAGate() throws IOException, InterruptedException {
        Run table = scriptsEval();
        Run passed = scriptsEval("--json", "--min-recall", "0.95");
        Path wrong = Files.writeString(data.resolve("wrong.json"), """
                {"queries": [{"text": "a picture of a cat", "relevant": ["%s"]}]}""".formatted(samples.get("tractor")));
        Run missed = scriptsEval("--labels", wrong.toString(), "--min-recall", "0.5");

        assertThat(table.status).as(table.output).isZero();
        assertThat(table.output).contains("recall@10", "exact", "500 queries");
        assertThat(passed.status).as(passed.output).isZero();
        assertThat(passed.output).contains("\"recall@10\"");
        assertThat(missed.status).as(missed.output).isEqualTo(1);
        assertThat(missed.output).contains("recall@10 is below 0.5");
    }
}

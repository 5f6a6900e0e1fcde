package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.LanceDbClient;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TwoModels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/** A bucket moves from one model to another: processes are killed, others lack the new model, people search, upload and delete meanwhile. */
class MigrationIT {
    private static final String QUESTION = "a%20red%20circle";
    private static final String OTHER = TwoModels.OTHER;
    private static final double ROUNDING = 1e-4;

    /** More than these by {@code scripts/selftest migration}. */
    private static final int PICTURES = Integer.getInteger("pictures", 300);

    private static final int KILLS = Math.max(3, PICTURES / 250);

    @TempDir
    Path temporary;

    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);
    private final TestBucket bucket = TestBucket.start();
    private final Set<String> there = new HashSet<>();

    /** What each model says of how far each picture is from the question. */
    private final Map<String, Map<String, Double>> distances = new HashMap<>();

    private int pictures;

    @AfterEach
    void stopBucket() {
        bucket.close();
    }

    @Test
    void aBucketMovesToAnotherModelWhileServersAreKilledAndOneLacksIt() throws Exception {
        Path models = temporary.resolve("models");
        TwoModels.in(models);
        ServerProcess one = start("one", models);
        upload(one.client(), PICTURES);
        assertSearches(one.client(), "mini-clip");
        LanceDbClient reader = LanceDbClient.start().open(bucket);
        assertReads(reader);

        JsonNode quote =
                one.client().post("/admin/models?model=other&dryRun=true").json();
        assertThat(quote.get("rows").asLong()).isEqualTo(PICTURES);
        assertThat(quote.get("classB").asLong()).isEqualTo(PICTURES);
        assertThat(quote.get("dollars").asDouble()).isPositive();
        assertThat(one.client().post("/admin/models?model=other&maxDollars=0").status())
                .isEqualTo(409);
        assertThat(one.client().post("/admin/models?model=none").status()).isEqualTo(404);
        assertThat(state(one.client()).get("models")).hasSize(1);

        assertThat(one.client().post("/admin/models?model=other&maxDollars=1").status())
                .isEqualTo(202);
        int kills = 0;
        while (left(one.client()) != 0) {
            assertSearches(one.client(), "mini-clip");
            upload(one.client(), 3);
            delete(one.client(), 2);
            assertSearches(one.client(), "mini-clip");
            assertReads(reader);
            if (kills < KILLS && random.nextBoolean()) {
                one.kill();
                kills++;
                one = start("one", models);
            }
        }
        assertThat(kills).as("seed %d", seed).isPositive();
        System.out.printf("%d pictures, killed %d times while they were filled%n", there.size(), kills);
        assertReads(reader);

        // Side by side.
        Client client = one.client();
        assertSearches(client, "mini-clip", "");
        // The last rows may have been filled just now.
        await().untilAsserted(() -> assertSearches(client, OTHER, "&model=" + OTHER));
        Map<String, Double> other = distances.getOrDefault(OTHER, Map.of());
        assertThat(distances.getOrDefault("mini-clip", Map.of()).entrySet().stream()
                        .filter(old -> Math.abs(old.getValue() - other.getOrDefault(old.getKey(), old.getValue()))
                                > 10 * ROUNDING))
                .as("the models differ")
                .hasSizeGreaterThan(100);
        assertThat(client.get("/search?text=x&model=none").status()).isEqualTo(400);
        String labels = "{\"queries\": [{\"text\": \"a red circle\", \"relevant\": [\""
                + there.iterator().next() + "\"]}]}";
        assertThat(client.send(
                                "POST",
                                "/eval",
                                labels.getBytes(StandardCharsets.UTF_8),
                                "Content-Type",
                                "application/json")
                        .text())
                .contains("\"vector of " + OTHER + "\"");

        // A server that lacks the new model.
        Path few = temporary.resolve("few");
        FileSystemUtils.copyRecursively(models.resolve("mini-clip"), few.resolve("mini-clip"));
        ServerProcess two = start("two", few);
        assertThat(two.client()
                        .send("PUT", "/admin/models/active?model=" + OTHER, new byte[0])
                        .status())
                .isEqualTo(409);

        assertThat(client.send("PUT", "/admin/models/active?model=" + OTHER, new byte[0])
                        .status())
                .isEqualTo(200);
        assertSearches(client, OTHER);
        Client lacking = two.client();
        await().atMost(Duration.ofMinutes(1))
                .until(() ->
                        lacking.get("/stats").json().get("warning").asString("").contains(OTHER));
        assertSearches(lacking, "mini-clip");
        upload(lacking, 4);
        await().atMost(Duration.ofMinutes(1)).until(() -> found(client, "").size() == there.size());
        assertSearches(client, OTHER);

        // There and back, and for good.
        activate(client, "mini-clip");
        assertSearches(client, "mini-clip");
        activate(client, OTHER);
        assertSearches(client, OTHER);
        assertThat(client.delete("/admin/models?model=" + OTHER).status()).isEqualTo(409);
        assertThat(client.delete("/admin/models?model=mini-clip").status()).isEqualTo(200);
        assertThat(client.get("/stats").json().get("columns").has("vector")).isFalse();
        await().atMost(Duration.ofMinutes(1))
                .until(() -> lacking.get("/search?text=" + QUESTION).status() == 503);
        two.close();
        one.kill();
        one = start("one", models);
        upload(one.client(), 3);
        assertSearches(one.client(), OTHER);
        assertThat(found(one.client(), "").keySet()).isEqualTo(there);
        assertReads(reader);
        reader.close();
        one.close();
    }

    private ServerProcess start(String name, Path models) throws IOException {
        Map<String, String> variables = new HashMap<>(bucket.environment());
        variables.put("JAVA_OPTS", ServerProcess.QUICK_START);
        variables.put("GLIMPSE_MODEL", models.resolve("mini-clip").toString());
        variables.put("GLIMPSE_REPLICA_POLL", "1s");
        // Slow enough that a kill falls into it.
        variables.put("GLIMPSE_MIGRATION_PICTURES_PER_SECOND", "60");
        return ServerProcess.start(
                Files.createDirectories(temporary.resolve(name)), temporary.resolve(name + ".log"), variables);
    }

    private void upload(Client client, int count) {
        for (int from = 0; from < count; from += 50) {
            List<Client.Part> parts = new ArrayList<>();
            IntStream.range(from, Math.min(count, from + 50))
                    .forEach(i -> parts.add(
                            Client.Part.file(pictures + ".png", TestImages.png(96, 40, 10_000 + pictures++))));
            JsonNode answer =
                    client.multipart("/upload?durability=committed", parts).json();
            if (parts.size() == 1) {
                there.add(answer.get("id").asString());
            } else {
                answer.get("results").forEach(one -> there.add(one.get("id").asString()));
            }
        }
    }

    private void delete(Client client, int count) {
        for (String id : there.stream().sorted().limit(count).toList()) {
            assertThat(client.delete("/" + id).status()).isEqualTo(204);
            there.remove(id);
        }
    }

    private static JsonNode state(Client client) {
        return client.get("/admin/models").json();
    }

    private static void activate(Client client, String model) {
        assertThat(client.send("PUT", "/admin/models/active?model=" + model, new byte[0])
                        .status())
                .isEqualTo(200);
    }

    /** Rows that lack a vector of the other model; -1 if they have not been counted. */
    private static long left(Client client) {
        JsonNode models = state(client).get("models");
        return models.get(models.size() - 1).get("rowsLeft").asLong(-1);
    }

    /** All pictures, and how far they are. */
    private static Map<String, Double> found(Client client, String parameters) {
        Map<String, Double> found = new HashMap<>();
        @Nullable String cursor = "";
        while (cursor != null) {
            JsonNode page = client.get(
                            "/search?mode=vector&exact=true&limit=1000&text=" + QUESTION + parameters + cursor)
                    .json();
            page.get("results")
                    .forEach(hit -> found.put(
                            hit.get("id").asString(), hit.get("_distance").asDouble()));
            cursor =
                    page.path("next").isString() ? "&cursor=" + page.get("next").asString() : null;
        }
        return found;
    }

    /** Another client of the bucket finds the rows that are there, once each. */
    private void assertReads(LanceDbClient reader) {
        reader.run("openTable");
        List<String> ids = new ArrayList<>();
        reader.run("rows", "select", List.of("id"))
                .forEach(row -> ids.add(row.get("id").asString()));
        assertThat(ids).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(there);
    }

    private void assertSearches(Client client, String model) {
        assertSearches(client, model, "");
    }

    /** Every distance is as this model says it, whenever it was asked, and all pictures are found. */
    private void assertSearches(Client client, String model, String parameters) {
        assertThat(client.get("/search?text=" + QUESTION + parameters)
                        .json()
                        .get("model")
                        .asString())
                .isEqualTo(model);
        Map<String, Double> found = found(client, parameters);
        Map<String, Double> known = distances.computeIfAbsent(model, first -> new HashMap<>());
        found.forEach((id, distance) -> assertThat(known.computeIfAbsent(id, first -> distance))
                .as("seed %d, %s by %s", seed, id, model)
                .isCloseTo(distance, within(ROUNDING)));
        assertThat(found.keySet()).as("seed %d, %s", seed, model).isEqualTo(there);
    }
}

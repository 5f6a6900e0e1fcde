package dev.glimpse.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.yaml.snakeyaml.Yaml;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The figures of a server with a bucket: of {@code /stats}, of its metrics, and what the bucket itself has counted. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext
class ServedFiguresIT {
    private static final TestBucket BUCKET = TestBucket.start();

    /** Names in PromQL that are no metrics: its own words, and what Prometheus itself knows of each server. */
    private static final Set<String> WORDS =
            Set.of("by", "without", "on", "ignoring", "and", "or", "unless", "bool", "up");

    private static final Pattern METRIC = Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*(\\{[^}]*\\})?(\\s*\\()?");
    private static final Pattern LABEL = Pattern.compile("(\\w+)\\s*(=~|!=|!~|=)\\s*\"([^\"]*)\"");

    @TempDir
    static Path data;

    @LocalServerPort
    private int port;

    @Autowired
    private Sampler sampler;

    private Client client;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        registry.add("glimpse.replica.poll", () -> "1s");
        for (String property : BUCKET.properties()) {
            String[] keyAndValue = property.split("=", 2);
            registry.add(keyAndValue[0], () -> keyAndValue[1]);
        }
    }

    @BeforeEach
    void work() {
        client = new Client(port);
        int seed = (int) (System.nanoTime() & 0xFFFFF);
        for (int i = 0; i < 5; i++) {
            String id = client.uploadCommitted("a.png", TestPictures.png(seed + i))
                    .json()
                    .get("id")
                    .stringValue();
            client.get("/" + id + "/thumbnail");
            client.get("/" + id + "/thumbnail");
            client.search("a red apple " + i, 3);
        }
        client.upload("a.png", TestPictures.png(seed));
        client.upload("no.txt", "no picture".getBytes(StandardCharsets.UTF_8));
        client.delete("/" + TestPictures.id(seed + 1));
        client.get("/search?like=images/" + "0".repeat(64) + ".png");
    }

    private JsonNode stats() {
        return client.get("/stats").json();
    }

    /** Samples of metrics by name and labels, as they are served. */
    private Map<String, Double> served() {
        return client.get("/actuator/prometheus")
                .text()
                .lines()
                .filter(line -> !line.startsWith("#"))
                .collect(Collectors.toMap(
                        line -> line.substring(0, line.lastIndexOf(' ')),
                        line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
    }

    private static double sum(Map<String, Double> served, String name, String... labels) {
        return served.entrySet().stream()
                .filter(each -> each.getKey().equals(name) || each.getKey().startsWith(name + "{"))
                .filter(each -> List.of(labels).stream().allMatch(each.getKey()::contains))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    /** What the bucket has counted since its start; the server is the only one that asks it. */
    private static long counted(RequestClass requestClass, Predicate<String> key) {
        return BUCKET.requests().stream()
                .filter(request -> request.requestClass() == requestClass)
                .map(Request::key)
                .filter(key)
                .count();
    }

    @Test
    void requestsByClassAreThoseThatTheBucketHasCounted() {
        // Polls go on, so the two are compared until nothing came between.
        await().untilAsserted(() -> {
            Map<String, Long> before = bucket();
            JsonNode stats = stats();
            Map<String, Double> served = served();
            Map<String, Long> after = bucket();

            assertThat(before).isEqualTo(after);
            for (String each : List.of("classA", "classB", "free")) {
                assertThat(stats.get("requests").get(each).longValue()).as(each).isEqualTo(after.get(each));
                assertThat(sum(stats, each)).as(each + " by use").isEqualTo(after.get(each));
                String label = "class=\"" + each.replace("class", "").toLowerCase(Locale.ROOT) + "\"";
                assertThat(sum(served, "glimpse_store_requests_total", label))
                        .as(each + " in metrics")
                        .isEqualTo((double) Objects.requireNonNull(after.get(each)));
            }
        });
    }

    private static Map<String, Long> bucket() {
        Map<String, Long> counts = new HashMap<>();
        counts.put("classA", counted(RequestClass.A, key -> true));
        counts.put("classB", counted(RequestClass.B, key -> true));
        counts.put("free", counted(RequestClass.FREE, key -> true));
        return counts;
    }

    private static long sum(JsonNode stats, String requestClass) {
        long sum = 0;
        for (JsonNode use : stats.get("costs").get("uses")) {
            sum += use.get(requestClass).longValue();
        }
        return sum;
    }

    private static long spent(JsonNode stats, String use, String requestClass) {
        for (JsonNode each : stats.get("costs").get("uses")) {
            if (each.get("use").stringValue().equals(use)) {
                return each.get(requestClass).longValue();
            }
        }
        throw new AssertionError("no use " + use);
    }

    @Test
    void requestsAreToldByWhatTheyWereFor() {
        await().until(() -> stats().get("pendingRows").longValue() == 0);
        JsonNode stats = stats();

        // Every picture and every marker is put for an upload, but for the copy into the trash.
        long puts = BUCKET.requests().stream()
                .filter(request -> request.method().equals("PUT"))
                .filter(request -> request.key().startsWith("images/")
                        || (request.key().startsWith("pending/")
                                && !request.key().contains("delete")))
                .count();
        assertThat(spent(stats, "uploads", "classA")).isBetween(puts - 2, puts);
        assertThat(spent(stats, "commits", "classA")).isPositive();
        assertThat(spent(stats, "commits", "classA")
                        + spent(stats, "upkeep", "classA")
                        + spent(stats, "changes", "classA"))
                .isGreaterThanOrEqualTo(
                        counted(RequestClass.A, key -> key.startsWith("vectors/")) - spent(stats, "other", "classA"));
        // What is shown is read, and known pictures are only asked for.
        assertThat(spent(stats, "views", "classB"))
                .isPositive()
                .isEqualTo(BUCKET.requests().stream()
                        .filter(request ->
                                request.method().equals("GET") && request.key().startsWith("images/"))
                        .count());
        assertThat(spent(stats, "changes", "classA")).isPositive();
        await().until(() -> spent(stats(), "polls", "classB") > 0);
        assertThat(spent(stats, "searches", "classB")).isZero();
    }

    @Test
    void figuresOfStatsAreThoseOfTheMetrics() {
        await().until(() -> stats().get("pendingRows").longValue() == 0);
        JsonNode stats = stats();
        Map<String, Double> served = served();
        JsonNode activity = stats.get("activity");

        assertThat(activity.at("/uploads/stored").longValue()).isPositive();
        for (String outcome : List.of("stored", "known", "refused", "failed")) {
            assertThat(activity.get("uploads").get(outcome).doubleValue())
                    .as(outcome)
                    .isEqualTo(sum(served, "glimpse_uploads_total", "outcome=\"" + outcome + "\""));
        }
        assertThat(activity.at("/uploads/known").longValue()).isPositive();
        assertThat(activity.at("/uploads/refused").longValue()).isPositive();
        assertThat(activity.at("/uploads/failed").longValue()).isZero();
        for (String outcome : List.of("answered", "refused", "failed")) {
            assertThat(activity.get("searches").get(outcome).doubleValue())
                    .as(outcome)
                    .isEqualTo(sum(served, "glimpse_searches_total", "outcome=\"" + outcome + "\""));
        }
        assertThat(activity.at("/searches/refused").longValue()).isPositive();
        for (String kind : List.of("upload", "search")) {
            JsonNode latency =
                    activity.get(kind.equals("upload") ? "uploads" : "searches").get("latency");
            assertThat(latency.get("count").doubleValue())
                    .isPositive()
                    .isEqualTo(sum(served, "glimpse_" + kind + "_latency_seconds_count"))
                    .isEqualTo(sum(served, "glimpse_" + kind + "_latency_seconds_bucket", "le=\"+Inf\""));
            assertThat(latency.get("seconds").doubleValue())
                    .isEqualTo(sum(served, "glimpse_" + kind + "_latency_seconds_sum"));
            for (String quantile : List.of("0.5", "0.95", "0.99")) {
                assertThat(latency.get("p" + quantile.substring(2).replaceFirst("^5$", "50"))
                                .doubleValue())
                        .isPositive()
                        .isEqualTo(sum(
                                served,
                                "glimpse_latency_recent_seconds",
                                "operation=\"" + kind + "\"",
                                "quantile=\"" + quantile + "\""));
            }
            for (JsonNode step :
                    activity.get(kind.equals("upload") ? "uploads" : "searches").get("steps")) {
                String label = "step=\"" + step.get("step").stringValue() + "\"";
                assertThat(step.get("count").doubleValue())
                        .as(label)
                        .isPositive()
                        .isEqualTo(sum(served, "glimpse_" + kind + "_step_seconds_count", label));
                assertThat(step.get("seconds").doubleValue())
                        .as(label)
                        .isEqualTo(sum(served, "glimpse_" + kind + "_step_seconds_sum", label));
            }
        }
        for (JsonNode encoder : activity.get("encoders")) {
            String label = "encoder=\"" + encoder.get("encoder").stringValue() + "\"";
            assertThat(encoder.get("inputs").doubleValue())
                    .isPositive()
                    .isEqualTo(sum(served, "glimpse_encoder_wait_seconds_count", label))
                    .isEqualTo(sum(served, "glimpse_encoder_batch_sum", label));
            assertThat(encoder.get("batches").doubleValue())
                    .isPositive()
                    .isEqualTo(sum(served, "glimpse_encoder_run_seconds_count", label));
        }
        assertThat(activity.at("/decoder/pictures").doubleValue())
                .isPositive()
                .isEqualTo(sum(served, "glimpse_decoder_run_seconds_count"));
        assertThat(activity.at("/commits/commits").doubleValue())
                .isPositive()
                .isEqualTo(sum(served, "glimpse_commit_latency_seconds_count"));
        assertThat(activity.at("/commits/rows").doubleValue())
                .isPositive()
                .isEqualTo(sum(served, "glimpse_commit_rows_sum"));
        for (JsonNode cache : activity.get("caches")) {
            String label = "cache=\"" + cache.get("cache").stringValue() + "\"";
            assertThat(cache.get("hits").doubleValue())
                    .isEqualTo(sum(served, "glimpse_cache_requests_total", label, "result=\"hit\""));
            assertThat(cache.get("misses").doubleValue())
                    .isEqualTo(sum(served, "glimpse_cache_requests_total", label, "result=\"miss\""));
        }
        assertThat(activity.at("/caches/0/hits").longValue()).isPositive();
        assertThat(stats.get("rowCount").doubleValue()).isPositive().isEqualTo(sum(served, "glimpse_rows"));
        assertThat(stats.get("pictureBytes").doubleValue())
                .isPositive()
                .isEqualTo(sum(served, "glimpse_pictures_bytes"));
        assertThat(stats.get("bytes").doubleValue()).isEqualTo(sum(served, "glimpse_table_bytes"));
        assertThat(sum(served, "glimpse_health")).isZero();
        assertThat(stats.at("/health/status").stringValue()).isEqualTo("ok");
        for (JsonNode budget : stats.get("budgets")) {
            String label = "area=\"" + budget.get("area").stringValue() + "\"";
            assertThat(budget.get("limit").doubleValue())
                    .as(label)
                    .isPositive()
                    .isEqualTo(sum(served, "glimpse_memory_limit_bytes", label));
        }
    }

    @Test
    void historyHasWhatStatsSays() {
        await().until(() -> stats().get("pendingRows").longValue() == 0);
        sampler.start();
        await().untilAsserted(() -> {
            JsonNode history = client.get("/stats/history").json();
            List<Double> pictures = doubles(history.at("/series/pictures"));
            assertThat(pictures.get(pictures.size() - 1))
                    .isEqualTo(stats().get("rowCount").doubleValue());
        });
        JsonNode history = client.get("/stats/history?span=hour").json();
        long last = history.get("times").get(history.get("times").size() - 1).longValue();

        assertThat(history.get("intervalSeconds").intValue()).isEqualTo(10);
        assertThat(history.get("series").size()).isEqualTo(Series.values().length);
        assertThat(client.get("/stats/history?after=" + last)
                        .json()
                        .get("times")
                        .size())
                .isLessThanOrEqualTo(1);
        assertThat(client.get("/stats/history?span=day")
                        .json()
                        .get("intervalSeconds")
                        .intValue())
                .isEqualTo(300);
        assertThat(client.get("/stats/history?span=week").status()).isEqualTo(400);
        assertThat(client.get("/stats/history?spam=day").status()).isEqualTo(400);
    }

    private static List<Double> doubles(JsonNode values) {
        List<Double> doubles = new ArrayList<>();
        values.forEach(value -> doubles.add(value.doubleValue()));
        return doubles;
    }

    @Test
    void dashboardAndAlertsOfTheDocumentationNameWhatIsServed() throws IOException {
        Map<String, Double> served = served();
        List<String> expressions = new ArrayList<>(dashboard());
        expressions.addAll(alerts());
        Set<String> unknown = new TreeSet<>();
        int metrics = 0;

        for (String expression : expressions) {
            String bare = expression
                    .replaceAll("\\[[^\\]]*\\]", "")
                    .replaceAll("(by|without|on|ignoring)\\s*\\([^)]*\\)", "")
                    .replaceAll("label_values\\(([^,]*),[^)]*\\)", "$1");
            Matcher metric = METRIC.matcher(bare);
            while (metric.find()) {
                if (metric.group(3) == null && !WORDS.contains(metric.group(1))) {
                    metrics++;
                    if (!isServed(served, metric.group(1), metric.group(2))) {
                        unknown.add(metric.group());
                    }
                }
            }
        }

        assertThat(unknown).isEmpty();
        assertThat(metrics).isGreaterThan(50);
        assertThat(isServed(served, "glimpse_no_such_thing", null)).isFalse();
        assertThat(isServed(served, "glimpse_rows", "{state=\"elsewhere\"}")).isFalse();
    }

    /** Whether there is a sample that the selector selects; the label of the server is Prometheus's own. */
    private static boolean isServed(Map<String, Double> served, String name, @Nullable String selector) {
        List<String> wanted = new ArrayList<>();
        Matcher label = LABEL.matcher(selector == null ? "" : selector);
        while (label.find()) {
            if (!label.group(1).equals("instance")) {
                wanted.add(
                        label.group(2).equals("=")
                                ? label.group(1) + "=\"" + label.group(3) + "\""
                                : label.group(1) + "=");
            }
        }
        return served.keySet().stream()
                .filter(sample -> sample.equals(name) || sample.startsWith(name + "{"))
                .anyMatch(sample -> wanted.stream().allMatch(sample::contains));
    }

    private static List<String> dashboard() throws IOException {
        JsonNode dashboard = JsonMapper.shared().readTree(Files.readString(Path.of("docs/grafana/dashboard.json")));
        List<String> expressions = new ArrayList<>();
        dashboard
                .get("panels")
                .forEach(panel -> panel.get("targets")
                        .forEach(target -> expressions.add(target.get("expr").stringValue())));
        dashboard.at("/templating/list").forEach(variable -> {
            if (variable.has("definition")) {
                expressions.add(variable.get("definition").stringValue());
            }
        });
        return expressions;
    }

    private static List<String> alerts() throws IOException {
        JsonNode file = JsonMapper.shared()
                .valueToTree(new Yaml().<Object>load(Files.readString(Path.of("docs/grafana/alerts.yaml"))));
        List<String> expressions = new ArrayList<>();
        file.at("/groups")
                .forEach(group -> group.get("rules").forEach(rule -> {
                    assertThat(rule.get("alert").stringValue()).startsWith("Glimpse");
                    assertThat(rule.at("/annotations/summary").stringValue()).isNotBlank();
                    assertThat(rule.at("/annotations/description").stringValue())
                            .isNotBlank();
                    expressions.add(rule.get("expr").stringValue());
                }));
        return expressions;
    }
}

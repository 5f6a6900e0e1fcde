package dev.glimpse;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;
import static dev.glimpse.testing.Report.seconds;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.tools.bench.FilledTable;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/**
 * Searches of a server as {@code scripts/run} starts it, over HTTP, by clients on the same machine: {@code scripts/bench search http}.
 * Arguments: numbers of rows. {@code GLIMPSE_MODEL} may name a folder with a model of 512 dimensions. What the server alone uses is counted as
 * its processor time; rates and times have the clients beside it.
 */
final class HttpSearchBench {
    private static final double SECONDS = 5;
    /** The server's JVM compiles a method fully after 15,000 calls or 120,000 rounds of its loops. */
    private static final int WARM_UP = 10_000;

    /** From here on codes are in partitions, some time after the start. */
    private static final int PARTITIONED_ROWS = 200_000;

    private static final Map<String, String> NO_LIMITS =
            Map.of("GLIMPSE_ACCESS_REQUESTS_PER_MINUTE", "10000000", "GLIMPSE_ACCESS_REQUESTS_AT_ONCE", "200");
    private static final Duration SETTLED = Duration.ofMinutes(30);

    private final Report report;
    private final int rows;
    private final AtomicInteger texts = new AtomicInteger();
    private final HttpClient http = HttpClient.newHttpClient();

    private HttpSearchBench(Report report, int rows) {
        this.report = report;
        this.rows = rows;
    }

    public static void main(String[] args) throws Exception {
        ModelStamp stamp = ColdStartBench.stamp();
        Report report = new Report();
        report.sayMachine();
        report.say(
                "server: scripts/run on a folder; clients on the same machine; processor milliseconds are the server's alone");
        for (String rows : args) {
            new HttpSearchBench(report, Integer.parseInt(rows)).run(stamp);
        }
        System.exit(report.status());
    }

    private void run(ModelStamp model) throws Exception {
        Path data = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        try {
            try (ObjectStore store = TestStores.folder(data)) {
                FilledTable.fill(store, Files.createTempDirectory(data, "work"), model, rows);
            }
            report.say("");
            report.say("%,d rows; %s", rows, Report.machine());
            started(data, "first start", this::searches);
            started(data, "restart", server -> {});
            // As after a restart on a new disk.
            FileSystemUtils.deleteRecursively(data.resolve(".glimpse/vectors"));
            started(data, "restart that reads all rows anew", server -> {});
        } finally {
            FileSystemUtils.deleteRecursively(data);
        }
    }

    private interface Work {
        void on(ServerProcess server) throws Exception;
    }

    private void started(Path data, String name, Work work) throws Exception {
        long start = System.nanoTime();
        try (ServerProcess server = ServerProcess.run(data, data.resolve("log"), NO_LIMITS)) {
            double ready = seconds(start);
            double readyCpu = cpuMillis(server);
            Client client = server.client();
            await(() -> !client.get("/stats").json().path("pictureBytes").isNull());
            double inMemory = seconds(start);
            await(() -> {
                JsonNode search = client.get("/stats").json().path("search");
                return !search.path("recall").isNull()
                        && (rows < PARTITIONED_ROWS || search.path("share").asDouble() < 1);
            });
            report.say(
                    "%s: ready after %.1f s (processor %.1f s), searches its own rows after %.1f s, searches measured after %.1f s (%.1f s)",
                    name, ready, readyCpu / 1e3, inMemory, seconds(start), cpuMillis(server) / 1e3);
            work.on(server);
            report.say("memory at most %.0f MB", server.memory().getOrDefault("VmHWM", Double.NaN));
            server.terminate();
        }
    }

    private static void await(BooleanSupplier condition) {
        Awaitility.await().atMost(SETTLED).pollInterval(Duration.ofMillis(200)).until(condition::getAsBoolean);
    }

    private static double cpuMillis(ServerProcess server) {
        return server.handle().info().totalCpuDuration().orElseThrow().toNanos() / 1e6;
    }

    /** What was measured of one kind of load. */
    private record Measured(List<Double> millis, int refused, double cpuMillis, double seconds) {
        double cpuEach() {
            return cpuMillis / (millis.size() + refused);
        }
    }

    private void searches(ServerProcess server) throws Exception {
        Supplier<String> known = () -> "a red apple";
        Supplier<String> fresh = () -> "thing number " + texts.incrementAndGet();
        await(() -> {
            JsonNode stats = server.client().get("/stats").json();
            return !stats.path("indices").isEmpty()
                    && stats.path("maintenance").path("working").isNull();
        });
        report.say("the index is built, after %.1f s of processor in all", cpuMillis(server) / 1e3);
        for (int n = 0; n < WARM_UP; n++) {
            ask(server, known.get(), 10);
        }
        report.say(
                "%-44s %6s %8s %8s %8s %9s %8s %8s",
                "", "n", "p50 ms", "p95", "p99", "searches/s", "cpu each", "refused");
        Measured alone = measured(server, "known text, 1 client", 1, known, 10);
        for (int clients : new int[] {4, 16, 64}) {
            measured(server, "known text, " + clients + " clients", clients, known, 10);
        }
        for (int clients : new int[] {1, 4, 16, 64}) {
            measured(server, "new texts, " + clients + " clients", clients, fresh, 10);
        }
        for (int limit : new int[] {100, 1000}) {
            measured(server, "known text, 1 client, limit=" + limit, 1, known, limit);
        }
        besideUploads(server, known);
        besideIndexBuild(server, known, alone);
    }

    private void besideUploads(ServerProcess server, Supplier<String> text) throws Exception {
        AtomicBoolean ended = new AtomicBoolean();
        AtomicInteger uploaded = new AtomicInteger();
        ExecutorService uploader = Executors.newSingleThreadExecutor();
        try {
            Future<?> uploads = uploader.submit(() -> {
                Client client = server.client();
                while (!ended.get()) {
                    client.upload("p.png", TestPictures.png(rows + uploaded.incrementAndGet()));
                }
            });
            measured(server, "known text, 1 client, uploads beside", 1, text, 10);
            ended.set(true);
            uploads.get();
        } finally {
            uploader.shutdown();
        }
        report.say("  uploaded meanwhile: %d", uploaded.get());
    }

    private void besideIndexBuild(ServerProcess server, Supplier<String> text, Measured alone) throws Exception {
        Client client = server.client();
        client.post("/admin/index?type=IVF_HNSW_SQ");
        Measured beside = measured(server, "known text, 1 client, index build beside", 1, text, 10);
        String state =
                client.get("/stats").json().path("indexJob").path("state").asString();
        report.say("  the build is then %s", state);
        double ratio = median(beside.millis) / median(alone.millis);
        report.bar(ratio <= 1.5, "p50 beside an index build %.1f times that alone, at most 1.5", ratio);
    }

    private Measured measured(ServerProcess server, String name, int clients, Supplier<String> text, int limit)
            throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(clients);
        try {
            double cpu = cpuMillis(server);
            long start = System.nanoTime();
            List<Future<List<Double>>> running = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                running.add(pool.submit(() -> {
                    List<Double> millis = new ArrayList<>();
                    while (seconds(start) < SECONDS) {
                        millis.add(ask(server, text.get(), limit));
                    }
                    return millis;
                }));
            }
            List<Double> all = new ArrayList<>();
            for (Future<List<Double>> client : running) {
                all.addAll(client.get());
            }
            double seconds = seconds(start);
            // Refusals are told by a time below nothing.
            List<Double> answered = all.stream().filter(millis -> millis >= 0).toList();
            Measured measured = new Measured(answered, all.size() - answered.size(), cpuMillis(server) - cpu, seconds);
            report.say(
                    "%-44s %6d %8.2f %8.2f %8.2f %9.0f %8.2f %8d",
                    name,
                    answered.size(),
                    median(answered),
                    quantile(answered, 0.95),
                    quantile(answered, 0.99),
                    answered.size() / seconds,
                    measured.cpuEach(),
                    measured.refused);
            return measured;
        } finally {
            pool.shutdown();
        }
    }

    /** Milliseconds, or -1 if the server had too much to do. */
    private double ask(ServerProcess server, String text, int limit) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + "/search?limit=" + limit + "&text="
                + URLEncoder.encode(text, StandardCharsets.UTF_8));
        long start = System.nanoTime();
        HttpResponse<byte[]> answer =
                http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofByteArray());
        if (answer.statusCode() == 503) {
            return -1;
        }
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(
                    answer.statusCode() + " " + new String(answer.body(), StandardCharsets.UTF_8));
        }
        return seconds(start) * 1e3;
    }
}

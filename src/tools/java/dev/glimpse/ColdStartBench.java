package dev.glimpse;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.seconds;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.tools.bench.FilledTable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;

/**
 * Starts a server with an empty data folder on a bucket with R2's latency that holds a large table: {@code scripts/bench
 * search cold}. Arguments: rows, starts.
 */
final class ColdStartBench {
    private static final double READY_SECONDS = 5;
    private static final double FIRST_MILLIS = 300;
    private static final int TEXTS = 20;

    private final Report report = new Report();
    private final TestBucket bucket;
    private final List<Double> ready = new ArrayList<>();
    private final List<Double> first = new ArrayList<>();

    private ColdStartBench(TestBucket bucket) {
        this.bucket = bucket;
    }

    public static void main(String[] args) throws Exception {
        int rows = Integer.parseInt(args[0]);
        int starts = Integer.parseInt(args[1]);
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        int status;
        try (TestBucket bucket = TestBucket.start();
                ObjectStore store = bucket.open()) {
            FilledTable.withIndex(store, folder.resolve("filler"), stamp(), rows);
            bucket.slow();
            status = new ColdStartBench(bucket).run(folder, rows, starts);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
        System.exit(status);
    }

    private int run(Path folder, int rows, int starts) throws Exception {
        report.say("");
        report.say(
                "cold start: empty data folder, %,d indexed rows in a bucket, 60 ms a read; %s",
                rows, Report.machine());
        for (int n = 0; n < starts; n++) {
            report.say("with nothing at all, in a folder: ready after %.2f s", bare(folder.resolve("bare-" + n)));
            start(Files.createDirectory(folder.resolve("start-" + n)));
        }
        report.bar(
                median(ready) <= READY_SECONDS,
                "ready %.2f s after alive, median of %d starts, at most %.0f",
                median(ready),
                starts,
                READY_SECONDS);
        report.bar(
                median(first) <= FIRST_MILLIS,
                "first search %.0f ms outside the encoder, at most %.0f",
                median(first),
                FIRST_MILLIS);
        return report.status();
    }

    /** Of the model that {@code scripts/run} loads: the one that {@code GLIMPSE_MODEL} names, else the demonstration model. */
    static ModelStamp stamp() {
        Path folder = Path.of(System.getenv().getOrDefault("GLIMPSE_MODEL", "models/mini-clip"));
        try (ClipModel model = ClipModel.load(folder, TestScheduler.SCHEDULER)) {
            return new GlimpseConfiguration().modelStamp(model);
        }
    }

    /** What the virtual machine and the framework take. */
    private static double bare(Path data) throws Exception {
        Files.createDirectory(data);
        long start = System.nanoTime();
        try (ServerProcess server = ServerProcess.start(data, data.resolve("log"), Map.of())) {
            server.await("/actuator/health/readiness");
            return seconds(start);
        }
    }

    private void start(Path data) throws Exception {
        bucket.resetCounts();
        long start = System.nanoTime();
        try (ServerProcess server = ServerProcess.launch(data, data.resolve("log"), bucket.environment(), List.of())) {
            Client client = server.client();
            server.await("/actuator/health/liveness");
            double alive = seconds(start);
            String requestsAlive = requests();
            server.await("/actuator/health/readiness");
            ready.add(seconds(start) - alive);
            String requestsReady = requests();
            bucket.resetCounts();
            double search = millis(client, "a bicycle in the rain");
            String requestsSearch = requests();
            String reading = client.get("/stats").json().path("reading").asString();
            List<Double> cached = new ArrayList<>();
            List<Double> encoded = new ArrayList<>();
            for (int n = 0; n < TEXTS; n++) {
                encoded.add(millis(client, "red thing number " + n));
                cached.add(millis(client, "a bicycle in the rain"));
            }
            // The encoder, warm: what its first text takes longer is counted as ours.
            double encoder = Math.max(0, median(encoded) - median(cached));
            first.add(search - encoder);
            report.say(
                    "alive after %.2f s, requests %s; ready %.2f s later, requests until then %s, read in: %s",
                    alive, requestsAlive, ready.get(ready.size() - 1), requestsReady, reading);
            report.say(
                    "  first search %.0f ms, requests meanwhile %s; later texts %.0f ms, known ones %.1f ms, so encoder %.1f ms and the rest of the first %.0f ms",
                    search, requestsSearch, median(encoded), median(cached), encoder, search - encoder);
        }
    }

    private String requests() {
        return "A " + bucket.count(RequestClass.A) + " B " + bucket.count(RequestClass.B);
    }

    private static double millis(Client client, String text) {
        long start = System.nanoTime();
        Client.Answer answer = client.search(text, 10);
        double millis = seconds(start) * 1e3;
        if (answer.status() != 200 || answer.json().get("results").size() != 10) {
            throw new IllegalStateException(answer.toString());
        }
        return millis;
    }
}

package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;

import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Uploads one after another to a bucket with R2's latency, by the algorithm of the first version of this service (read the
 * whole table twice, append one row, never compact) and by this one; then as many versions as that algorithm never
 * reached: {@code scripts/bench upload}. Servers are processes of their own; bucket and clients are here.
 */
final class UploadBench {
    private static final int CLIENTS = 8;
    private static final int BULK = 1000;
    private static final int AGAIN = 50;

    /** An upload that takes longer ends the old algorithm's run. */
    private static final long WALL_SECONDS = 20;

    private static final List<Integer> POINTS = List.of(1, 10, 25, 50, 70, 100, 150, 300, 1000, 3000, 10000);

    private final int uploads;
    private final int oldRows;
    private final List<String> before;
    private final Report report = new Report();

    /** @param before words before the command of each server */
    private UploadBench(int uploads, int oldRows, List<String> before) {
        this.uploads = uploads;
        this.oldRows = oldRows;
        this.before = before;
    }

    /** Arguments: uploads, rows for the old algorithm, whether a server gets one processor only. */
    public static void main(String[] args) throws Exception {
        boolean oneCpu = Boolean.parseBoolean(args[2]);
        UploadBench bench = new UploadBench(
                Integer.parseInt(args[0]),
                Integer.parseInt(args[1]),
                oneCpu ? List.of("taskset", "-c", "0") : List.of());
        bench.run(oneCpu);
        System.exit(bench.report.status());
    }

    private void run(boolean oneCpu) throws Exception {
        int processors = Runtime.getRuntime().availableProcessors();
        report.say(
                "%s, load %s; bucket: 60 ms a read, 100 ms a write or list",
                oneCpu
                        ? "each server has one processor, bucket and clients have " + processors + " others"
                        : "machine: " + processors + " cores",
                Files.readString(Path.of("/proc/loadavg")).strip());
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        oldAlgorithm();
        glimpse(folder);
        ManyVersions.run(folder, before, report);
    }

    private void oldAlgorithm() throws Exception {
        report.say("");
        report.say("read the table twice, append a row; without an encoder");
        report.say("%8s %10s %8s %8s", "upload", "seconds", "class A", "class B");
        try (TestBucket bucket = TestBucket.start().slow();
                FirstVersion server = FirstVersion.start(bucket, before)) {
            boolean answered = true;
            for (int n = 1; n <= oldRows && answered; n++) {
                bucket.resetCounts();
                long start = System.nanoTime();
                answered = server.upload(n, WALL_SECONDS);
                double seconds = (System.nanoTime() - start) / 1e9;
                if (POINTS.contains(n) || n == oldRows || !answered) {
                    sayCounts(n, seconds, bucket);
                }
            }
        }
    }

    private void sayCounts(int n, double seconds, TestBucket bucket) {
        report.say("%8d %10.3f %8d %8d", n, seconds, bucket.count(RequestClass.A), bucket.count(RequestClass.B));
    }

    private void glimpse(Path folder) throws Exception {
        try (TestBucket bucket = TestBucket.start().slow();
                ObjectStore store = bucket.open();
                ServerProcess server = ServerProcess.start(
                        folder.resolve("data"), folder.resolve("log"), bucket.environment(), before)) {
            double write = median(times(20, n -> store.putIfAbsent("probe/" + n, new byte[8], "text/plain", Map.of())));
            Client client = server.client();
            AtomicInteger next = new AtomicInteger(1_000_000);
            times(100, n -> client.upload("warm.png", TestPictures.png(next.getAndIncrement())));
            settle(client);
            report.say("");
            report.say("Glimpse, after 100 uploads to warm up");
            report.say("%8s %10s %8s %8s (since the line before)", "upload", "seconds", "class A", "class B");
            List<Double> seconds = new ArrayList<>();
            long classA = 0;
            long rows = rows(client);
            long commits = 0;
            bucket.resetCounts();
            for (int n = 1; n <= uploads; n++) {
                seconds.addAll(times(1, x -> client.upload("a.png", TestPictures.png(next.getAndIncrement()))));
                if (POINTS.contains(n) || n == uploads) {
                    if (n == uploads) {
                        settle(client);
                    }
                    sayCounts(n, seconds.get(n - 1), bucket);
                    classA += bucket.count(RequestClass.A);
                    commits += commits(bucket);
                    bucket.resetCounts();
                }
            }
            long stored = rows(client) - rows;
            double perGroup = (double) stored / commits;
            double perUpload = (double) classA / uploads;
            double encoder = encoderSeconds();
            double outside = (median(seconds) - encoder) / write;
            List<Double> first = seconds.subList(0, Math.min(100, uploads));
            List<Double> last = seconds.subList(Math.max(0, uploads - 100), uploads);
            double growth = quantile(last, 0.95) / quantile(first, 0.95);
            report.bar(stored == uploads, "stored %d of %d", stored, uploads);
            report.bar(
                    growth <= 1.2,
                    "first 100: p50 %.3f s, p95 %.3f s; last 100: p50 %.3f s, p95 %.3f s; p95 last / first %.2f (at most 1.2)",
                    median(first),
                    quantile(first, 0.95),
                    median(last),
                    quantile(last, 0.95),
                    growth);
            report.bar(
                    outside <= 1.3,
                    "p50 of all %.3f s, decoding and encoding alone %.4f s, one write %.3f s: without the encoder %.2f of a write (at most 1.3)",
                    median(seconds),
                    encoder,
                    write,
                    outside);
            report.bar(
                    perUpload <= 1 + 5 / perGroup,
                    "class A an upload %.2f in groups of %.1f (at most 1 + 5/n = %.2f)",
                    perUpload,
                    perGroup,
                    1 + 5 / perGroup);
            bulk(bucket, client, next);
            report.say("server: %s", memory(server.handle().pid()));
        }
    }

    private void bulk(TestBucket bucket, Client client, AtomicInteger next) throws Exception {
        bucket.resetCounts();
        int from = next.get();
        long start = System.nanoTime();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < BULK; i++) {
            tasks.add(() -> client.upload("bulk.png", TestPictures.png(next.getAndIncrement()))
                    .status());
        }
        int stored = 0;
        List<Future<Integer>> answers = clients.invokeAll(tasks);
        clients.shutdown();
        for (Future<Integer> answer : answers) {
            stored += answer.get() == 201 ? 1 : 0;
        }
        double rate = BULK / ((System.nanoTime() - start) / 1e9);
        settle(client);
        double perUpload = (double) bucket.count(RequestClass.A) / BULK;
        report.bar(
                stored == BULK && perUpload <= 1.1,
                "%d clients, %d pictures, %d stored: %.1f/s; class A an upload %.3f in groups of %.0f (at most 1.1)",
                CLIENTS,
                BULK,
                stored,
                rate,
                perUpload,
                (double) BULK / commits(bucket));
        bucket.resetCounts();
        int known = 0;
        for (int n = from; n < from + AGAIN; n++) {
            Client.Answer answer = client.upload("again.png", TestPictures.png(n));
            known += answer.status() == 200 && !answer.json().get("stored").booleanValue() ? 1 : 0;
        }
        report.bar(
                known == AGAIN && bucket.count(RequestClass.A) <= AGAIN,
                "%d of them again, %d known: class A %d, class B %d (at most 1 class A each)",
                AGAIN,
                known,
                bucket.count(RequestClass.A),
                bucket.count(RequestClass.B));
    }

    /** Until all rows are committed. What may follow, the end of a marker, is free; to look for it would be a listing. */
    static void settle(Client client) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(2);
        while (client.get("/stats").json().get("pendingRows").longValue() > 0) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("rows still wait to be committed after two minutes");
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    private static long rows(Client client) {
        return client.get("/stats").json().get("rowCount").longValue();
    }

    private static long commits(TestBucket bucket) {
        return bucket.count("PUT", "vectors/images.lance/_versions/");
    }

    private static double encoderSeconds() throws Exception {
        TestDecoder decoder = new TestDecoder();
        try (ClipModel model = ClipModel.load(Path.of("models/mini-clip"), TestScheduler.SCHEDULER)) {
            times(
                    100,
                    n -> model.embed(decoder.decode(TestPictures.png(n)), TestScheduler.ticket())
                            .join());
            return median(times(
                    100,
                    n -> model.embed(decoder.decode(TestPictures.png(n)), TestScheduler.ticket())
                            .join()));
        }
    }

    private static String memory(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("")
                .replaceAll("\\s+", " ");
    }

    private interface Step {
        Object run(int n);
    }

    /** Seconds that each took. */
    private static List<Double> times(int count, Step step) {
        List<Double> seconds = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            long start = System.nanoTime();
            Object result = step.run(n);
            seconds.add((System.nanoTime() - start) / 1e9);
            if (result instanceof Client.Answer answer && answer.status() != 201) {
                throw new IllegalStateException(answer.toString());
            }
        }
        return seconds;
    }
}

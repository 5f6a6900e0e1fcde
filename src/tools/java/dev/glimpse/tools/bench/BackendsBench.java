package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.seconds;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestImages;
import dev.glimpse.tools.bench.BackEnd.Prices;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same steps on each {@link BackEnd}, with servers in processes of their own: {@code scripts/bench backends}. Arguments: pictures, of
 * which a fifth comes one by one, two fifths by {@value #CLIENTS} clients, and the rest by {@code scripts/bulk-load}.
 */
final class BackendsBench {
    private static final int CLIENTS = 8;
    private static final int WARM_UP = 64;
    private static final int SEARCHES = 100;

    /** A PNG of noise has three bytes for each pixel, so this is one of 200 kB. */
    private static final int PIXELS_A_SIDE = 258;

    private final Report report;
    private final BackEnd backEnd;
    private final @Nullable TestBucket bucket;
    private final Path folder;
    private final List<Path> pictures;

    /** Figures by what they are of, in the order in which they are shown. */
    private final Map<String, String> figures = new LinkedHashMap<>();

    private BackendsBench(
            Report report, BackEnd backEnd, @Nullable TestBucket bucket, Path folder, List<Path> pictures) {
        this.report = report;
        this.backEnd = backEnd;
        this.bucket = bucket;
        this.folder = folder;
        this.pictures = pictures;
    }

    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[0]);
        Report report = new Report();
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        try {
            List<Path> pictures = draw(Files.createDirectory(folder.resolve("pictures")), WARM_UP + count);
            report.say(
                    "%,d pictures of %,d bytes each after %d to warm up; %s",
                    count, Files.size(pictures.get(0)), WARM_UP, Report.machine());
            Map<String, Map<String, String>> figures = new LinkedHashMap<>();
            for (BackEnd backEnd : BackEnd.ALL) {
                long start = System.nanoTime();
                try (TestBucket bucket = backEnd.start()) {
                    Path own =
                            Files.createDirectory(folder.resolve(backEnd.title().replace(" ", "-")));
                    BackendsBench bench = new BackendsBench(report, backEnd, bucket, own, pictures);
                    bench.run();
                    figures.put(backEnd.title(), bench.figures);
                }
                report.say("%s: %.0f s; %s", backEnd.title(), seconds(start), Report.machine());
            }
            table(report, figures);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
        System.exit(report.status());
    }

    private static List<Path> draw(Path folder, int count) throws IOException {
        List<Path> files = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            Random random = new Random(n);
            BufferedImage noise = new BufferedImage(PIXELS_A_SIDE, PIXELS_A_SIDE, BufferedImage.TYPE_INT_RGB);
            for (int pixel = 0; pixel < PIXELS_A_SIDE * PIXELS_A_SIDE; pixel++) {
                noise.setRGB(pixel % PIXELS_A_SIDE, pixel / PIXELS_A_SIDE, random.nextInt());
            }
            files.add(Files.write(folder.resolve(n + ".png"), TestImages.write(noise, "png")));
        }
        return files;
    }

    private static void table(Report report, Map<String, Map<String, String>> figures) {
        report.say("");
        StringBuilder head = new StringBuilder("%-58s".formatted(""));
        figures.keySet().forEach(title -> head.append("%14s".formatted(title)));
        report.say("%s", head);
        Map<String, String> most = figures.values().stream()
                .max(Comparator.comparingInt(Map::size))
                .orElseThrow();
        for (String what : most.keySet()) {
            StringBuilder line = new StringBuilder("%-58s".formatted(what));
            figures.values().forEach(own -> line.append("%14s".formatted(own.getOrDefault(what, "-"))));
            report.say("%s", line);
        }
    }

    private void run() throws Exception {
        int measured = pictures.size() - WARM_UP;
        List<Path> alone = pictures.subList(WARM_UP, WARM_UP + measured / 5);
        List<Path> together = pictures.subList(WARM_UP + measured / 5, WARM_UP + measured / 5 * 3);
        List<Path> bulk = pictures.subList(WARM_UP + measured / 5 * 3, pictures.size());
        Path data = Files.createDirectory(folder.resolve("data"));
        try (ServerProcess server = start(data)) {
            Client client = server.client();
            upload(client, CLIENTS, pictures.subList(0, WARM_UP));
            UploadBench.settle(client);

            resetCounts();
            figure("one by one: p50 of an upload, ms", "%.0f", median(upload(client, 1, alone)) * 1e3);
            requests("one by one", client, alone.size());

            resetCounts();
            long start = System.nanoTime();
            List<Double> times = upload(client, CLIENTS, together);
            double rate = together.size() / seconds(start);
            figure("8 clients: p50 of an upload, ms", "%.0f", median(times) * 1e3);
            figure("8 clients: pictures a second", "%.1f", rate);
            requests("8 clients", client, together.size());
            spent("8 clients", together.size());

            resetCounts();
            figure("bulk-load: pictures a second", "%.1f", bulk.size() / bulkLoad(server.port(), bulk));
            requests("bulk-load", client, bulk.size());
            spent("bulk-load", bulk.size());
            stored(data);
            server.terminate();
        }
        Path empty = bucket == null ? data : Files.createDirectory(folder.resolve("empty"));
        FileSystemUtils.deleteRecursively(data.resolve(".glimpse"));
        search(empty);
    }

    private ServerProcess start(Path data) throws IOException {
        Map<String, String> variables = new HashMap<>(bucket == null ? Map.of() : bucket.environment());
        variables.put("OMP_NUM_THREADS", "1");
        return ServerProcess.start(data, folder.resolve("log"), variables);
    }

    private void search(Path data) throws Exception {
        resetCounts();
        long start = System.nanoTime();
        try (ServerProcess server = start(data)) {
            figure("cold: ready after an empty start, s", "%.1f", seconds(start));
            Client client = server.client();
            figure("cold: first search, ms", "%.0f", search(client, "a first question") * 1e3);
            if (bucket != null) {
                figure("cold: class A until it is answered", "%d", bucket.count(RequestClass.A));
                figure("cold: class B until it is answered", "%d", bucket.count(RequestClass.B));
                figure("cold: kB read until it is answered", "%.0f", bucket.bytesSent() / 1e3);
            }
            long rows = client.get("/stats").json().get("rowCount").asLong();
            report.bar(rows == pictures.size(), "%s: %,d of %,d rows", backEnd.title(), rows, pictures.size());
            while (!client.get("/stats").json().path("reading").asString().equals("local")) {
                TimeUnit.MILLISECONDS.sleep(100);
            }
            for (int n = 0; n < SEARCHES; n++) {
                search(client, "to warm up " + n);
            }
            resetCounts();
            List<Double> times = new ArrayList<>();
            for (int n = 0; n < SEARCHES; n++) {
                times.add(search(client, "question number " + n));
            }
            figure("warm: p50 of a search, ms", "%.1f", median(times) * 1e3);
            if (bucket != null) {
                figure(
                        "warm: requests of " + SEARCHES + " searches",
                        "%d",
                        bucket.requests().size());
                long refused = bucket.requests().stream()
                        .filter(request -> request.method().equals("LIST")
                                && !request.key().isEmpty()
                                && !request.key().endsWith("/"))
                        .count();
                report.say("%s: %d listings of a part of a folder", backEnd.title(), refused);
            }
        }
    }

    private static double search(Client client, String text) {
        long start = System.nanoTime();
        Client.Answer answer = client.search(text, 10);
        double seconds = seconds(start);
        if (answer.status() != 200 || answer.json().get("results").size() != 10) {
            throw new IllegalStateException(answer.toString());
        }
        return seconds;
    }

    /** Seconds of each. */
    private static List<Double> upload(Client client, int clients, List<Path> files) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        List<Callable<Double>> tasks = new ArrayList<>();
        for (Path file : files) {
            tasks.add(() -> {
                byte[] picture = Files.readAllBytes(file);
                long start = System.nanoTime();
                Client.Answer answer = client.upload(file.getFileName().toString(), picture);
                if (answer.status() != 201) {
                    throw new IllegalStateException(answer.toString());
                }
                return seconds(start);
            });
        }
        List<Future<Double>> answers = threads.invokeAll(tasks);
        threads.shutdown();
        List<Double> times = new ArrayList<>();
        for (Future<Double> answer : answers) {
            times.add(answer.get());
        }
        return times;
    }

    /** Seconds, as the program says: without the start of its virtual machine. */
    private double bulkLoad(int port, List<Path> files) throws Exception {
        Path list = Files.write(
                folder.resolve("list"), files.stream().map(Path::toString).toList());
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xms32m",
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-jar",
                        "target/glimpse.jar",
                        "bulk-load",
                        "--json",
                        "--server",
                        "http://127.0.0.1:" + port,
                        list.toString())
                .redirectError(folder.resolve("bulk-load.log").toFile())
                .start();
        JsonNode summary = JsonMapper.shared().readTree(process.getInputStream().readAllBytes());
        if (process.waitFor() != 0 || summary.get("stored").asInt() != files.size()) {
            throw new IllegalStateException(
                    summary + Files.readString(folder.resolve("bulk-load.log"), StandardCharsets.UTF_8));
        }
        return summary.get("seconds").asDouble();
    }

    /** What the step has asked of the bucket until its rows were committed, merges and polls included. */
    private void requests(String step, Client client, int count) throws InterruptedException {
        UploadBench.settle(client);
        if (bucket != null) {
            figure(step + ": class A a picture", "%.3f", (double) bucket.count(RequestClass.A) / count);
            figure(step + ": class B a picture", "%.3f", (double) bucket.count(RequestClass.B) / count);
        }
    }

    private void spent(String step, int count) {
        if (bucket != null) {
            Prices prices = backEnd.prices();
            double requests =
                    bucket.count(RequestClass.A) * prices.classA() + bucket.count(RequestClass.B) * prices.classB();
            double bytes = bucket.bytesReceived() * prices.up() + bucket.bytesSent() * prices.down();
            figure(
                    step + ": dollars of a million pictures",
                    "%.2f",
                    requests / count + bytes / prices.gigabyte() * 1e6 / count);
        }
    }

    /** All that lies there, with what no version of the table names any more. */
    private void stored(Path data) throws IOException {
        double all = bucket == null
                ? bytes(data) - bytes(data.resolve(".glimpse"))
                : bucket.sizes("").values().stream().mapToLong(Long::longValue).sum();
        double images = bucket == null
                ? bytes(data.resolve("images"))
                : bucket.sizes("images/").values().stream()
                        .mapToLong(Long::longValue)
                        .sum();
        figure("bytes stored of a picture", "%,.0f", all / pictures.size());
        figure("of these, besides the picture", "%,.0f", (all - images) / pictures.size());
        if (bucket != null) {
            Prices prices = backEnd.prices();
            figure(
                    "dollars a month of a million pictures",
                    "%.2f",
                    all / pictures.size() * 1e6 / prices.gigabyte() * prices.storage());
        }
    }

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(BackendsBench::size)
                    .sum();
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void resetCounts() {
        if (bucket != null) {
            bucket.resetCounts();
        }
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private void figure(String what, String format, Object value) {
        figures.put(what, String.format(Locale.ROOT, format, value));
    }
}

package dev.glimpse.tools.selftest;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.vectors.Embedding;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;

/**
 * A server with a large table and a model of real size, under mixed load: how much memory it takes, its native memory included,
 * and whether that grows. {@code scripts/selftest read-path memory}; Linux.
 */
final class ReadPathMemory {
    private static final int ROWS = 100_000;
    private static final int CLUSTERS = 1_000;

    /** Of 10^6 bytes. */
    private static final long MOST_MEGABYTES = 1_600;

    private static final double MOST_PER_HOUR = 20;
    private static final Duration BETWEEN_SAMPLES = Duration.ofSeconds(30);

    private static final int[][] SIZES = {{640, 480}, {64, 48}, {1280, 960}, {640, 480}, {1920, 1080}, {4000, 3000}};

    private final Client client;
    private final Random chance = new Random(2026);
    private final List<String> words;
    private final byte[][] pictures = new byte[SIZES.length][];
    private final Deque<String> uploaded = new ArrayDeque<>();
    private final Map<String, Integer> answers = new ConcurrentHashMap<>();
    private final List<Long> searchMillis = Collections.synchronizedList(new ArrayList<>());
    private int uploads;

    private ReadPathMemory(Client client) {
        this.client = client;
        this.words = TestPictures.scenes().stream()
                .flatMap(scene -> Stream.of(scene[2].split(" ")))
                .distinct()
                .toList();
        for (int i = 0; i < SIZES.length; i++) {
            pictures[i] = TestImages.jpeg(SIZES[i][0], SIZES[i][1], i);
        }
    }

    /** Arguments: model folder, minutes, then settings for the server. */
    public static void main(String[] args) throws Exception {
        long minutes = Long.parseLong(args[1]);
        Path root = Files.createTempDirectory(Path.of("target"), "memory-").toAbsolutePath();
        say("%,d rows in a bucket in memory, %d minutes of load, %s", ROWS, minutes, ServerProcess.CONTAINER);
        int status = 1;
        try (TestBucket bucket = TestBucket.start()) {
            fill(bucket, root.resolve("loader"), stampOf(Path.of(args[0])));
            Path log = root.resolve("log");
            Map<String, String> environment = new HashMap<>(bucket.environment());
            environment.put("GLIMPSE_MODEL", Path.of(args[0]).toAbsolutePath().toString());
            environment.put("JAVA_OPTS", ServerProcess.CONTAINER);
            try (ServerProcess server = ServerProcess.run(root.resolve("data"), log, environment)) {
                boolean within = new ReadPathMemory(server.client()).watch(server, Duration.ofMinutes(minutes));
                status = within && server.terminate() == 143 ? 0 : 1;
            } finally {
                Files.readAllLines(log).stream()
                        .filter(line ->
                                line.contains("maintenance=") || line.contains("WARN") || line.contains("ERROR"))
                        .forEach(System.out::println);
            }
        }
        System.exit(status);
    }

    private static ModelStamp stampOf(Path folder) throws Exception {
        try (ClipModel model = ClipModel.load(folder, TestScheduler.SCHEDULER)) {
            var descriptor = model.descriptor();
            return new ModelStamp(descriptor.name(), descriptor.tableFingerprint(), descriptor.dimension());
        }
    }

    /** Rows without pictures, which searches do not need, and without an index. */
    private static void fill(TestBucket bucket, Path work, ModelStamp stamp) {
        ClusteredVectors vectors = ClusteredVectors.aroundOrigin(2026, CLUSTERS);
        TableSettings settings = new TableSettings(
                new CommitProperties(4096, Duration.ZERO),
                new ReplicaProperties(DataSize.ofGigabytes(4), Duration.ofSeconds(30)),
                new MaintenanceProperties(Duration.ofMinutes(30), Integer.MAX_VALUE, 0.95));
        try (ObjectStore store = bucket.open();
                ImageDataset dataset = ImageDataset.open(store, work, stamp, settings)) {
            List<CompletableFuture<Boolean>> added = new ArrayList<>();
            for (int n = 0; n < ROWS; n++) {
                ImageId id = ImageId.of(("row " + n).getBytes(StandardCharsets.UTF_8), ImageFormat.JPEG);
                added.add(dataset.add(new PictureRow(
                        id,
                        store.address(id.toString()),
                        Embedding.ofDirection(vectors.row(n)),
                        100_000,
                        1280,
                        960,
                        Instant.EPOCH.plusSeconds(n),
                        n + ".jpg",
                        null,
                        List.of())));
                if (added.size() == 4096) {
                    added.forEach(CompletableFuture::join);
                    added.clear();
                }
            }
            added.forEach(CompletableFuture::join);
        }
    }

    /**
     * @param megabytes resident, of which {@code anonymous} are of no file
     * @param heap used, MB
     */
    private record Sample(
            double hours, double megabytes, double anonymous, double file, double heap, double committed, double cpu) {}

    private boolean watch(ServerProcess server, Duration time) throws Exception {
        ScheduledExecutorService load = Executors.newScheduledThreadPool(4);
        repeat(load, "search", this::search, Duration.ZERO, Duration.ofMillis(200));
        repeat(load, "upload", this::upload, Duration.ZERO, Duration.ofMillis(1_200));
        repeat(load, "stats", this::stats, Duration.ZERO, Duration.ofSeconds(5));
        repeat(load, "delete", this::delete, Duration.ofSeconds(20), Duration.ofSeconds(11));
        List<Sample> samples = new ArrayList<>();
        double highest = 0;
        String atHighest = "";
        Instant start = Instant.now();
        Instant next = start;
        say(
                "%s",
                "minute    RSS = anonymous + files, MB   heap of committed   CPU s   version fragments unindexed    rows, caches of Lance MB, at work");
        while (Instant.now().isBefore(start.plus(time))) {
            Map<String, Double> status = server.memory();
            double minute = Duration.between(start, Instant.now()).toMillis() / 60_000.0;
            if (status.getOrDefault("VmRSS", 0.0) > highest) {
                highest = status.getOrDefault("VmRSS", 0.0);
                atHighest = "%.0f MB anonymous in minute %.1f: %s"
                        .formatted(status.get("RssAnon"), minute, working(stats().json()));
            }
            if (!Instant.now().isBefore(next)) {
                next = next.plus(BETWEEN_SAMPLES);
                samples.add(sample(server, minute / 60, status, samples.size() % 10 == 0 || minute < 6));
            }
            TimeUnit.SECONDS.sleep(1);
        }
        load.shutdownNow();
        load.awaitTermination(1, TimeUnit.MINUTES);
        double most = server.memory().getOrDefault("VmHWM", Double.MAX_VALUE);
        Slope slope = Slope.of(samples.subList(samples.size() / 2, samples.size()));
        Collections.sort(searchMillis);
        say("answers: %s", new TreeMap<>(answers));
        say(
                "searches, text encoder included: p50 %d ms, p99 %d ms",
                searchMillis.get(searchMillis.size() / 2), searchMillis.get(searchMillis.size() * 99 / 100));
        say("most: %,.0f MB; by the second: %,.0f MB, %s; allowed %,d MB", most, highest, atHighest, MOST_MEGABYTES);
        say(
                "slope of the second half: %+.1f MB an hour, standard error %.1f; allowed %+.0f",
                slope.perHour, slope.error, MOST_PER_HOUR);
        boolean refused = answers.keySet().stream().anyMatch(answer -> !answer.matches(".* 20[0-4]"));
        return most <= MOST_MEGABYTES && slope.perHour - 2 * slope.error <= MOST_PER_HOUR && !refused;
    }

    private Sample sample(ServerProcess server, double hours, Map<String, Double> status, boolean print) {
        double heap = 0;
        double committed = 0;
        for (String line : client.get("/actuator/prometheus").text().lines().toList()) {
            if (line.startsWith("jvm_memory_used_bytes{area=\"heap\"")) {
                heap += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)) / 1e6;
            } else if (line.startsWith("jvm_memory_committed_bytes{area=\"heap\"")) {
                committed += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)) / 1e6;
            }
        }
        double cpu = server.handle()
                .info()
                .totalCpuDuration()
                .map(Duration::toMillis)
                .map(millis -> millis / 1000.0)
                .orElse(Double.NaN);
        Sample sample = new Sample(
                hours,
                status.getOrDefault("VmRSS", Double.NaN),
                status.getOrDefault("RssAnon", Double.NaN),
                status.getOrDefault("RssFile", Double.NaN),
                heap,
                committed,
                cpu);
        if (print) {
            JsonNode stats = stats().json();
            say(
                    "%6.1f %7.0f = %5.0f + %4.0f %15.0f of %3.0f %13.0f %8d %7d %9d %9d %8.0f %s",
                    hours * 60,
                    sample.megabytes,
                    sample.anonymous,
                    sample.file,
                    sample.heap,
                    sample.committed,
                    sample.cpu,
                    stats.get("version").longValue(),
                    stats.get("fragments").longValue(),
                    stats.get("maintenance").get("unindexedRows").longValue(),
                    stats.get("committedRows").longValue(),
                    stats.get("memory").get("lanceCaches").longValue() / 1e6,
                    working(stats));
        }
        return sample;
    }

    private static String working(JsonNode stats) {
        JsonNode working = stats.get("maintenance").get("working");
        return working.isNull() ? "" : working.stringValue();
    }

    /** Least squares. */
    private record Slope(double perHour, double error) {
        static Slope of(List<Sample> samples) {
            double hours = samples.stream().mapToDouble(Sample::hours).average().orElse(0);
            double mean =
                    samples.stream().mapToDouble(Sample::megabytes).average().orElse(0);
            double spread = 0;
            double together = 0;
            for (Sample sample : samples) {
                spread += (sample.hours - hours) * (sample.hours - hours);
                together += (sample.hours - hours) * (sample.megabytes - mean);
            }
            double slope = together / spread;
            double rest = 0;
            for (Sample sample : samples) {
                double error = sample.megabytes - mean - slope * (sample.hours - hours);
                rest += error * error;
            }
            return new Slope(slope, Math.sqrt(rest / Math.max(1, samples.size() - 2) / spread));
        }
    }

    private interface Step {
        Client.Answer go();
    }

    private void repeat(ScheduledExecutorService load, String name, Step step, Duration first, Duration pause) {
        Runnable task = () -> {
            String answer;
            try {
                answer = name + " " + step.go().status();
            } catch (RuntimeException e) {
                answer = name + " " + e;
            }
            if (!Thread.currentThread().isInterrupted()) {
                answers.merge(answer, 1, Integer::sum);
            }
        };
        Future<?> unused = load.scheduleWithFixedDelay(task, first.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
    }

    private Client.Answer search() {
        StringBuilder text = new StringBuilder();
        synchronized (chance) {
            for (int i = 1 + chance.nextInt(chance.nextInt(20) == 0 ? 80 : 8); i > 0; i--) {
                text.append(words.get(chance.nextInt(words.size()))).append(' ');
            }
        }
        long start = System.nanoTime();
        Client.Answer answer = client.search(text.toString(), 10);
        searchMillis.add((System.nanoTime() - start) / 1_000_000);
        return answer;
    }

    private Client.Answer upload() {
        int n = uploads++;
        Client.Answer answer =
                client.upload(n + ".jpg", TestImages.commented(pictures[n % pictures.length], "upload " + n));
        if (answer.status() == 201) {
            synchronized (uploaded) {
                uploaded.add(answer.json().get("id").stringValue());
            }
        }
        return answer;
    }

    private Client.Answer stats() {
        return client.get("/stats", "Accept", "application/json");
    }

    private Client.Answer delete() {
        String id;
        synchronized (uploaded) {
            id = uploaded.poll();
        }
        return id == null ? stats() : client.delete("/" + id);
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void say(String format, Object... values) {
        System.out.println(String.format(Locale.ROOT, format, values));
    }
}

package dev.glimpse.tools.selftest;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.HostileForeignPictures;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * Uploads files that were made to break programs to a server in a container's JVM, with eight clients, and good photographs
 * meanwhile: first with a key of their own, then with that of the eight. {@code scripts/selftest hostile}; Linux.
 */
final class HostileUploads {
    private static final String FRIEND = "friend";
    private static final String STRANGER = "stranger";
    private static final int CLIENTS = 8;
    private static final int GOOD = 100;
    private static final int OTHERS = 1_000;
    private static final int FOREIGN = 300;
    private static final double MOST_SECONDS = 10;
    private static final double MOST_SLOWDOWN = 2;

    /** Of 10^6 bytes: a container of 2 GB, less what the system wants. */
    private static final double MOST_MEGABYTES = 1_600;

    private final byte[] photo = TestImages.jpeg(1280, 960, 1);
    private final Client client;
    private final Client goodClient;
    private final String goodKey;
    private final Report report;
    private final Map<String, AtomicInteger> answers = new ConcurrentHashMap<>();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());
    private final List<Double> seconds = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger good = new AtomicInteger();
    private volatile String slowest = "";

    private HostileUploads(ServerProcess server, String goodKey, Report report) {
        this.client = server.client();
        this.goodClient = server.client();
        this.goodKey = goodKey;
        this.report = report;
    }

    /** Arguments: folder of files, seed of their order; heap of the server, as {@code -Xmx} takes it, if it is not a container's. */
    public static void main(String[] args) throws Exception {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(Path.of(args[0]))) {
            files = new ArrayList<>(walk.filter(Files::isRegularFile).sorted().toList());
        }
        long seed = Long.parseLong(args[1]);
        files.addAll(foreign(seed));
        Collections.shuffle(files, new Random(seed));
        Report report = new Report();
        report.say("%,d files, seed %d, %d clients; %s", files.size(), seed, CLIENTS, Report.machine());
        for (String goodKey : List.of(FRIEND, STRANGER)) {
            report.say("# good uploads by the key %s, the others by the key %s", goodKey, STRANGER);
            Path root = Files.createTempDirectory(Path.of("target"), "hostile-").toAbsolutePath();
            try (TestBucket bucket = TestBucket.start()) {
                Map<String, String> environment = new HashMap<>(bucket.environment());
                environment.put(
                        "JAVA_OPTS",
                        args.length > 2 ? ServerProcess.CONTAINER + " -Xmx" + args[2] : ServerProcess.CONTAINER);
                List.of(FRIEND, STRANGER).forEach(key -> allow(key, environment));
                try (ServerProcess server = ServerProcess.run(root.resolve("data"), root.resolve("log"), environment)) {
                    new HostileUploads(server, goodKey, report).run(files, server);
                    report.bar(server.terminate() == 143, "the server is there and ends as it is asked to");
                }
            }
            try (Stream<String> log = Files.lines(root.resolve("log"))) {
                log.filter(line -> line.contains(" ERROR ")).forEach(System.out::println);
            }
        }
        System.exit(report.status());
    }

    /** The formats that have decoders of their own are tried too, whatever is in the folder. */
    private static List<Path> foreign(long seed) throws IOException {
        HostileForeignPictures pictures = new HostileForeignPictures(new Random(seed));
        Path folder = Files.createTempDirectory(Path.of("target"), "hostile-foreign-");
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < FOREIGN; i++) {
            HostileForeignPictures.Picture picture = pictures.next();
            files.add(Files.write(folder.resolve(i + "-" + picture.name()), picture.bytes()));
        }
        return files;
    }

    private static void allow(String key, Map<String, String> environment) {
        String variable = "GLIMPSE_ACCESS_KEYS_" + key.toUpperCase(Locale.ROOT);
        environment.put(variable + "_SHA256", Client.sha256(key));
        environment.put(variable + "_SCOPES", "upload");
        environment.put(variable + "_REQUESTSPERMINUTE", "100000");
    }

    private void run(List<Path> files, ServerProcess server) throws Exception {
        List<Double> warm = goodUploads(GOOD);
        List<Double> alone = goodUploads(GOOD);
        report.say("alone: good uploads p50 %.0f ms (while warming up %.0f)", median(alone), median(warm));
        List<Double> peace = beside(Collections.nCopies(OTHERS, () -> goodUpload(client, STRANGER)));
        report.say("beside %d clients that upload good ones too: p50 %.0f ms", CLIENTS, median(peace));
        long start = System.nanoTime();
        List<Double> amid =
                beside(files.stream().<Runnable>map(file -> () -> upload(file)).toList());
        report.say(
                "%,d files in %.0f s; answers %s",
                files.size(), (System.nanoTime() - start) / 1e9, new TreeMap<>(answers));
        report.say("seconds: p50 %.3f, p99 %.3f", Report.median(seconds), Report.quantile(seconds, 0.99));
        wrong.stream().limit(20).forEach(report::say);
        report.bar(wrong.isEmpty(), "answers that are neither 2xx nor a 4xx with a problem: %d", wrong.size());
        double most = seconds.stream().mapToDouble(each -> each).max().orElse(0);
        report.bar(most <= MOST_SECONDS, "slowest %.2f s (%s), at most %.0f", most, slowest, MOST_SECONDS);
        double peak = server.memory().getOrDefault("VmHWM", Double.MAX_VALUE);
        report.bar(peak <= MOST_MEGABYTES, "memory at most %.0f MB, allowed %.0f", peak, MOST_MEGABYTES);
        // All that have one key share one part of the server, with as many clients as there are, whatever they send.
        boolean sharesKey = goodKey.equals(STRANGER);
        report.bar(
                median(amid) <= MOST_SLOWDOWN * median(sharesKey ? peace : alone),
                "good uploads meanwhile: p50 %.0f ms of %d, %.2f times that alone, %.2f times that beside good ones; at most %.0f"
                        + " times that %s",
                median(amid),
                amid.size(),
                median(amid) / median(alone),
                median(amid) / median(peace),
                MOST_SLOWDOWN,
                sharesKey ? "beside good ones" : "alone");
    }

    /** A good upload now and then, as long as the other clients do this. */
    private List<Double> beside(List<Runnable> others) throws InterruptedException {
        List<Double> millis = new ArrayList<>();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        others.forEach(clients::execute);
        clients.shutdown();
        while (!clients.awaitTermination(1, TimeUnit.SECONDS)) {
            millis.add(goodUpload());
        }
        return millis;
    }

    private void upload(Path file) {
        long start = System.nanoTime();
        String name = file.getFileName().toString();
        try {
            Answer answer = upload(client, STRANGER, name.replace("\"", ""), Files.readAllBytes(file));
            double took = (System.nanoTime() - start) / 1e9;
            synchronized (seconds) {
                if (seconds.stream().noneMatch(other -> other > took)) {
                    slowest = name + ": " + answer.status();
                }
                seconds.add(took);
            }
            boolean problem = answer.status() >= 400
                    && answer.status() < 500
                    && answer.header("Content-Type").equals("application/problem+json")
                    && !answer.json().get("detail").stringValue().isBlank();
            String type = problem ? answer.json().get("type").stringValue().replace("/problems/", " ") : "";
            answers.computeIfAbsent(answer.status() + type, first -> new AtomicInteger())
                    .incrementAndGet();
            if (answer.status() / 100 != 2 && !problem) {
                wrong.add(name + ": " + answer);
            }
        } catch (IOException | RuntimeException e) {
            wrong.add(name + ": " + e);
        }
    }

    private List<Double> goodUploads(int count) {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            millis.add(goodUpload());
        }
        return millis;
    }

    private static Answer upload(Client client, String key, String name, byte[] bytes) {
        return client.multipart("/upload", List.of(Client.Part.file(name, bytes)), "X-API-Key", key);
    }

    private double goodUpload() {
        return goodUpload(goodClient, goodKey);
    }

    private double goodUpload(Client by, String key) {
        byte[] another = TestImages.commented(photo, "good " + good.getAndIncrement());
        long start = System.nanoTime();
        Answer answer = upload(by, key, "good.jpg", another);
        if (answer.status() != 201) {
            wrong.add("a good upload: " + answer);
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private static double median(List<Double> values) {
        return Report.median(values);
    }
}

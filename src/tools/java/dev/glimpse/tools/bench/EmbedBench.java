package dev.glimpse.tools.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.tools.BareEncoder;
import dev.glimpse.tools.BucketProcess;
import dev.glimpse.tools.Parallel;
import dev.glimpse.tools.Photographs;
import dev.glimpse.tools.Spent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Times the embedding path, each figure beside the one it is held against, in one run: {@code scripts/bench embed}. CPU
 * figures are of the whole process, all threads; wall figures carry whatever else the machine does.
 */
final class EmbedBench {
    private static final int BATCH = BareEncoder.BATCH;
    private static final int CLIENTS = 8;

    private final Path folder;
    private final int rounds;
    private final int images;
    private final int warmUp;
    private final int threads = Runtime.getRuntime().availableProcessors();

    private EmbedBench(Path folder, int rounds, int images, int warmUp) {
        this.folder = folder;
        this.rounds = rounds;
        this.images = images;
        this.warmUp = warmUp;
    }

    /** Arguments: model folder, rounds, images a round, uploads before the measured ones (0: no uploads at all). */
    public static void main(String[] args) throws Exception {
        new EmbedBench(
                        Path.of(args[0]),
                        Integer.parseInt(args[1]),
                        Integer.parseInt(args[2]),
                        Integer.parseInt(args[3]))
                .run();
    }

    private void run() throws Exception {
        say(
                "machine: %d cores, load %s",
                threads, Files.readString(Path.of("/proc/loadavg")).strip());
        double encoderCpu;
        try (ClipModel model = ClipModel.load(folder, TestScheduler.SCHEDULER)) {
            int size = model.descriptor().image().size();
            say("model: %s, %d px", model.descriptor().name(), size);
            try (NDManager manager = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
                say("GEMM 1 thread, 1024x1024x1024 fp32: %.1f GFLOP per CPU second", gemm(manager));
            }
            encoderCpu = images(model, size);
            texts(model);
        }
        if (warmUp > 0) {
            endToEnd(encoderCpu);
        }
    }

    private static double gemm(NDManager manager) throws Exception {
        NDArray left = manager.randomUniform(-1, 1, new Shape(1024, 1024));
        NDArray right = manager.randomUniform(-1, 1, new Shape(1024, 1024));
        double best = 0;
        for (int round = 0; round < 5; round++) {
            Spent spent = Spent.of(() -> {
                for (int i = 0; i < 10; i++) {
                    left.matMul(right).close();
                }
                return true;
            });
            best = Math.max(best, 10 * 2.0 * 1024 * 1024 * 1024 / 1e9 / spent.cpu());
        }
        return best;
    }

    /** The bare loop and the package by turns, so that both see the same machine; gives CPU seconds an image, bare. */
    private double images(ClipModel model, int size) throws Exception {
        DecodedImage picture =
                new TestDecoder().decode(Photographs.jpeg(Photographs.clouds(size, size, new Random(1))));
        byte[] square = picture.cropTo(size);
        int singles = images / BATCH;
        List<Spent> bare = new ArrayList<>();
        List<Spent> ours = new ArrayList<>();
        List<Spent> single = new ArrayList<>();
        try (BareEncoder encoder = new BareEncoder(folder, model.descriptor())) {
            for (int round = 0; round <= rounds; round++) {
                Spent first = Spent.of(() -> {
                    encoder.run(square, threads, images);
                    return true;
                });
                Spent second = Spent.of(() -> throughPackage(model, picture, images));
                Spent third = Spent.of(() -> {
                    for (int i = 0; i < singles; i++) {
                        model.embed(picture, TestScheduler.ticket()).join();
                    }
                    return true;
                });
                if (round > 0) { // the first one warms up
                    bare.add(first);
                    ours.add(second);
                    single.add(third);
                }
            }
        }
        double bareRate = images / median(bare.stream().map(Spent::wall).toList());
        double ourRate = images / median(ours.stream().map(Spent::wall).toList());
        double bareCpu = median(bare.stream().map(Spent::cpu).toList()) / images;
        double ourCpu = median(ours.stream().map(Spent::cpu).toList()) / images;
        say(
                "images, bare loop, %d threads, batch %d: %.2f/s, %.1f ms CPU each",
                threads, BATCH, bareRate, bareCpu * 1e3);
        say("images, embedding package:             %.2f/s, %.1f ms CPU each", ourRate, ourCpu * 1e3);
        say(
                "  package / bare loop: %.3f by the clock, %.3f by CPU (at least 0.95)",
                ourRate / bareRate, bareCpu / ourCpu);
        say(
                "  one at a time: %.1f ms, %.1f ms CPU",
                median(single.stream().map(Spent::wall).toList()) * 1e3 / singles,
                median(single.stream().map(Spent::cpu).toList()) * 1e3 / singles);
        return bareCpu;
    }

    /** As many waiting as fill all batches twice, like a server under load. */
    private boolean throughPackage(ClipModel model, DecodedImage picture, int count) throws Exception {
        Semaphore waiting = new Semaphore(2 * threads * BATCH);
        List<Future<?>> answers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            waiting.acquire();
            answers.add(model.embed(picture, TestScheduler.ticket())
                    .whenComplete((embedding, failure) -> waiting.release()));
        }
        for (Future<?> answer : answers) {
            answer.get();
        }
        return true;
    }

    private void texts(ClipModel model) throws Exception {
        String[] words = {"red", "dog", "car", "sea", "sun", "man", "cat", "old", "big", "sky", "box", "tree"};
        Random chance = new Random(3);
        int count = 40;
        for (int round = 0; round < 2; round++) {
            List<String> queries = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                StringBuilder text = new StringBuilder();
                for (int word = 0; word < 6; word++) {
                    text.append(words[chance.nextInt(words.length)]).append(' ');
                }
                queries.add(text.toString());
            }
            Spent fresh = Spent.of(() -> {
                queries.forEach(
                        text -> model.embed(text, TestScheduler.ticket()).join());
                return true;
            });
            Spent again = Spent.of(() -> {
                queries.forEach(
                        text -> model.embed(text, TestScheduler.ticket()).join());
                return true;
            });
            if (round == 1) {
                say(
                        "text of 8 token ids: %.1f ms, %.1f ms CPU; again, from the cache: %.3f ms",
                        fresh.wall() * 1e3 / count, fresh.cpu() * 1e3 / count, again.wall() * 1e3 / count);
            }
        }
    }

    /** Against a bucket without latency: the clock shall show the processors, not the waiting. */
    private void endToEnd(double encoderCpu) throws Exception {
        Path data = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        Map<String, String> settings = new HashMap<>();
        settings.put("GLIMPSE_MODEL", folder.toAbsolutePath().toString());
        Random chance = new Random(9);
        try (BucketProcess bucket = BucketProcess.start(1024)) {
            settings.putAll(bucket.environment());
            endToEnd(data, settings, bucket, chance, encoderCpu);
        }
    }

    private void endToEnd(
            Path data, Map<String, String> settings, BucketProcess bucket, Random chance, double encoderCpu)
            throws Exception {
        try (ServerProcess server = ServerProcess.start(data, data.resolve("log"), settings)) {
            // The JVM compiles what runs often, and that takes its time.
            for (int done = 0; done < warmUp; done += 2 * images) {
                uploadAll(server.client(), Photographs.jpegs(512, 512, images, chance));
                uploadAll(server.client(), Photographs.jpegs(1154, 866, images, chance));
            }
            upload(server, bucket, Photographs.jpegs(512, 512, images, chance), encoderCpu);
            upload(server, bucket, Photographs.jpegs(1154, 866, images, chance), encoderCpu);
            say("server: %s", memory(server.handle().pid()));
            say("SIGTERM amid uploads: %s", terminateUnderLoad(server, chance));
        }
    }

    private void upload(ServerProcess server, BucketProcess bucket, List<byte[]> files, double encoderCpu)
            throws Exception {
        TestDecoder decoder = new TestDecoder();
        double decodeCpu = 0;
        for (int round = 0; round < 3; round++) { // the last one counts, the JIT compiler has been there then
            Spent spent = Spent.of(() -> {
                files.forEach(file -> decoder.decode(file).cropTo(224));
                return true;
            });
            decodeCpu = spent.cpu() / files.size();
        }
        Map<String, Double> before = cpuByThread(server.handle().pid());
        double serverCpu = Spent.cpuOf(server.handle());
        double bucketCpu = Spent.cpuOf(bucket.handle());
        ScheduledExecutorService probe = Executors.newSingleThreadScheduledExecutor();
        List<Double> health = Collections.synchronizedList(new ArrayList<>());
        ScheduledFuture<?> probing = probe.scheduleAtFixedRate(
                () -> health.add(healthMillis(server.client())), 0, 50, TimeUnit.MILLISECONDS);
        Spent spent = Spent.of(() -> uploadAll(server.client(), files));
        probing.cancel(false);
        probe.shutdown();
        int count = files.size();
        serverCpu = (Spent.cpuOf(server.handle()) - serverCpu) / count;
        say(
                "POST /upload, JPEGs of %d kB, %d clients, bucket: %.2f/s; CPU an image: server %.1f ms, clients %.1f ms, bucket %.1f ms",
                files.get(0).length / 1024,
                CLIENTS,
                count / spent.wall(),
                serverCpu * 1e3,
                spent.cpu() * 1e3 / count,
                (Spent.cpuOf(bucket.handle()) - bucketCpu) * 1e3 / count);
        double inServer = 0;
        for (Map.Entry<String, Double> kind : cpuByThread(server.handle().pid()).entrySet()) {
            double each = (kind.getValue() - before.getOrDefault(kind.getKey(), 0.0)) / count;
            inServer = kind.getKey().equals("image-encoder") ? each : inServer;
            if (each >= 0.0005) {
                say("  %-24s %6.1f ms", kind.getKey(), each * 1e3);
            }
        }
        say(
                "  alone: encoder at batch %d %.1f ms, decode and resize %.1f ms",
                BATCH, encoderCpu * 1e3, decodeCpu * 1e3);
        say(
                "  (encoder + decode + resize) / server: %.3f; with the encoder's batches in the server: %.3f (at least 0.85)",
                (encoderCpu + decodeCpu) / serverCpu, (inServer + decodeCpu) / serverCpu);
        double[] sorted = health.stream().mapToDouble(millis -> millis).sorted().toArray();
        say(
                "  liveness meanwhile, %d times: median %.1f ms, p99 %.1f ms, longest %.1f ms",
                sorted.length, sorted[sorted.length / 2], sorted[sorted.length * 99 / 100], sorted[sorted.length - 1]);
    }

    /** Forward passes are running when the signal comes; none may be cut off by the end of the JVM. */
    private static String terminateUnderLoad(ServerProcess server, Random chance) throws Exception {
        List<byte[]> files = Photographs.jpegs(512, 512, 4 * CLIENTS, chance);
        Client client = server.client();
        AtomicInteger answered = new AtomicInteger();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        for (byte[] file : files) {
            clients.execute(() -> {
                try {
                    if (client.upload("last.jpg", file).status() == 201) {
                        answered.incrementAndGet();
                    }
                } catch (UncheckedIOException e) {
                    // what comes after the signal finds no server
                }
            });
        }
        while (answered.get() == 0) {
            Thread.onSpinWait();
        }
        long start = System.nanoTime();
        int status = server.terminate();
        double seconds = (System.nanoTime() - start) / 1e9;
        clients.shutdownNow();
        boolean crashed = Files.exists(Path.of("hs_err_pid" + server.handle().pid() + ".log"));
        return "exit status %d after %.1f s%s, %d of %d uploads done"
                .formatted(status, seconds, crashed ? ", CRASHED" : "", answered.get(), files.size());
    }

    private static String memory(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith("VmHWM") || line.startsWith("VmRSS"))
                .map(line -> line.replaceAll("\\s+", " "))
                .collect(Collectors.joining(", "));
    }

    private static double healthMillis(Client client) {
        long start = System.nanoTime();
        client.get("/actuator/health/liveness");
        return (System.nanoTime() - start) / 1e6;
    }

    private static boolean uploadAll(Client client, List<byte[]> files) throws Exception {
        Parallel.forEach(CLIENTS, files.size(), i -> {
            Client.Answer answer = client.upload("bench.jpg", files.get(i));
            if (answer.status() != 201) {
                throw new IllegalStateException(answer.toString());
            }
        });
        return true;
    }

    /** CPU seconds of the JVM's threads so far, numbers in their names left out. */
    private static Map<String, Double> cpuByThread(long pid) throws Exception {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(pid),
                        "Thread.print")
                .start();
        String dump = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, Double> seconds = new TreeMap<>();
        Matcher threads = Pattern.compile("(?m)^\"([^\"]+)\".* cpu=([0-9.]+)ms").matcher(dump);
        while (threads.find()) {
            seconds.merge(
                    threads.group(1).replaceAll("[-#]?\\d+", ""),
                    Double.parseDouble(threads.group(2)) / 1e3,
                    Double::sum);
        }
        return seconds;
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(value -> value).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }
}

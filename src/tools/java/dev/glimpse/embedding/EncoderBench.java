package dev.glimpse.embedding;

import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.ZooModel;
import com.sun.management.OperatingSystemMXBean;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.meters.Meters;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.vectors.Embedding;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Times the encoders of a model folder, as the server runs them, and by turns with them onnxruntime in Python:
 * {@code EncoderBench ROUNDS MODEL [PYTHON]}. Processor time is of the whole process. {@code scripts/bench encoders} calls it.
 */
final class EncoderBench implements AutoCloseable {
    private static final int BATCH = 8;
    private static final int TOKENS = 8;

    /** A turn is as many passes as take about this long. */
    private static final double TURN = 1.0;

    /** A model that is slower alone is not measured in batches, which would take minutes. */
    private static final double SLOW = 2.0;

    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    /** What a stretch of work took: seconds on the clock, and seconds of processor. */
    private record Spent(double wall, double cpu) {
        static Spent of(Callable<?> work) throws Exception {
            long wall = System.nanoTime();
            long cpu = SYSTEM.getProcessCpuTime();
            work.call();
            return new Spent((System.nanoTime() - wall) / 1e9, (SYSTEM.getProcessCpuTime() - cpu) / 1e9);
        }
    }

    /** Somebody who makes {@code passes} forward passes in each of some threads. */
    private interface Side {
        Spent run(int passes) throws Exception;
    }

    private final Path folder;
    private final ModelDescriptor descriptor;
    private final int rounds;
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final List<byte[]> pictures;
    private final List<long[]> texts;
    private final @Nullable Peer peer;

    private EncoderBench(Path folder, int rounds, @Nullable String python) throws IOException {
        this.folder = folder;
        this.rounds = rounds;
        this.descriptor = ModelDescriptor.peek(folder);
        this.pictures = pictures();
        int tokens = descriptor.text().padToContext() ? descriptor.text().contextLength() : TOKENS;
        Random chance = new Random(1);
        this.texts = Stream.generate(() -> chance.longs(tokens, 5, 400).toArray())
                .limit(BATCH)
                .toList();
        this.peer = python == null ? null : new Peer(python, folder, pictures);
    }

    public static void main(String[] arguments) throws Exception {
        ClipModel.loadEngine();
        try (EncoderBench bench = new EncoderBench(
                Path.of(arguments[1]), Integer.parseInt(arguments[0]), arguments.length > 2 ? arguments[2] : null)) {
            bench.run();
        }
    }

    private List<byte[]> pictures() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("samples"))) {
            List<byte[]> crops = new ArrayList<>();
            for (Path file : files.filter(file -> file.toString().endsWith(".jpg"))
                    .sorted()
                    .limit(BATCH)
                    .toList()) {
                crops.add(new TestDecoder()
                        .decode(Files.readAllBytes(file))
                        .cropTo(descriptor.image().square(), () -> {}));
            }
            return crops;
        }
    }

    private void run() throws Exception {
        ModelDescriptor.ImageInput image = descriptor.image();
        ModelDescriptor.TextInput text = descriptor.text();
        say(
                "%s: %d px, %d values%s; load %s",
                descriptor.name(),
                image.size(),
                descriptor.dimension(),
                peer == null ? "" : "; " + peer.version,
                Files.readString(Path.of("/proc/loadavg")).split(" ", 2)[0]);
        List<Embedding> exact = images(image.file(), false);
        if (image.int8File() != null) {
            say("  cosine to fp32 at least %.4f", least(exact, images(image.int8File(), true)));
        }
        exact = texts(text.file(), false);
        if (text.int8File() != null) {
            say("  cosine to fp32 at least %.4f", least(exact, texts(text.int8File(), true)));
        }
    }

    private List<Embedding> images(String file, boolean int8) throws Exception {
        ImageStacker stacker = new ImageStacker(descriptor.image());
        try (ZooModel<NDList, NDList> model = ClipModel.loadTorchScript(folder, file);
                TorchScriptPass<byte[]> pass = imagePass(model, stacker)) {
            String what = int8 ? "int8 " : "fp32 ";
            String asked = "image " + (int8 ? "int8:" + descriptor.image().file() : file) + " "
                    + descriptor.image().size() + " ";
            double alone = compare(what + "a picture alone", 1, 1, pass, pictures.subList(0, 1), asked);
            if (alone < SLOW) {
                compare(what + "a picture of 8", BATCH, 1, pass, pictures, asked);
                asTheServer(what + "as the server", model, stacker, asked);
            }
            List<Embedding> answers = new ArrayList<>();
            for (byte[] picture : pictures) {
                answers.addAll(pass.run(List.of(picture)));
            }
            return answers;
        }
    }

    private List<Embedding> texts(String file, boolean int8) throws Exception {
        try (ZooModel<NDList, NDList> model = ClipModel.loadTorchScript(folder, file);
                TorchScriptPass<long[]> pass = new TorchScriptPass<>(
                        model,
                        descriptor.text().method(),
                        new TextStacker(descriptor.text())::stack,
                        descriptor.dimension(),
                        Embedding::ofDirection)) {
            int tokens = texts.get(0).length;
            String asked = "text " + (int8 ? "int8:" + descriptor.text().file() : file) + " " + tokens + " ";
            compare(
                    (int8 ? "int8 " : "fp32 ") + "a text of " + tokens + " tokens",
                    1,
                    1,
                    pass,
                    texts.subList(0, 1),
                    asked);
            List<Embedding> answers = new ArrayList<>();
            for (long[] text : texts) {
                answers.addAll(pass.run(List.of(text)));
            }
            return answers;
        }
    }

    private <T> double compare(
            String what, int batch, int threads, TorchScriptPass<T> pass, List<T> inputs, String asked)
            throws Exception {
        return compare(
                what,
                batch,
                threads,
                asked,
                passes -> Spent.of(() -> {
                    for (int i = 0; i < passes; i++) {
                        pass.run(inputs);
                    }
                    return true;
                }));
    }

    /** Through the server's own queue, with as many pictures waiting as fill all batches twice. */
    private void asTheServer(String what, ZooModel<NDList, NDList> model, ImageStacker stacker, String asked)
            throws Exception {
        try (BatchingEncoder<byte[]> encoder =
                new BatchingEncoder<>("image-encoder", threads, BATCH, () -> imagePass(model, stacker), new Meters())) {
            compare(
                    what + ", " + threads + " threads",
                    BATCH,
                    threads,
                    asked,
                    passes -> Spent.of(() -> {
                        Semaphore places = new Semaphore(2 * threads * BATCH);
                        List<Future<?>> answers = new ArrayList<>();
                        for (int i = 0; i < threads * BATCH * passes; i++) {
                            places.acquire();
                            answers.add(encoder.encode(pictures.get(i % BATCH), TestScheduler.ticket())
                                    .whenComplete((embedding, failure) -> places.release()));
                        }
                        for (Future<?> answer : answers) {
                            answer.get();
                        }
                        return true;
                    }));
        }
    }

    /** Both by turns; gives the seconds of processor that an input takes here. */
    private double compare(String what, int batch, int threads, String asked, Side ours) throws Exception {
        Side theirs = peer == null ? null : passes -> peer.run(asked + batch + " " + threads + " " + passes);
        ours.run(1); // the first of all is slow
        int passes = (int) Math.max(1, Math.round(TURN / ours.run(1).wall));
        if (theirs != null) {
            theirs.run(1);
        }
        List<Spent> here = new ArrayList<>();
        List<Spent> there = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            here.add(ours.run(passes));
            if (theirs != null) {
                there.add(theirs.run(passes));
            }
        }
        double count = (double) passes * batch * threads;
        double cpu =
                ParityCheck.median(here.stream().map(spent -> spent.cpu / count).toList());
        String line = "  %-30s %8.1f ms CPU, %6.2f/s a core, %7.2f/s"
                .formatted(
                        what,
                        cpu * 1e3,
                        1 / cpu,
                        ParityCheck.median(
                                here.stream().map(spent -> count / spent.wall).toList()));
        if (!there.isEmpty()) {
            List<Double> cpus = new ArrayList<>();
            List<Double> walls = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                cpus.add(here.get(round).cpu / there.get(round).cpu);
                walls.add(here.get(round).wall / there.get(round).wall);
            }
            double theirCpu = ParityCheck.median(
                    there.stream().map(spent -> spent.cpu / count).toList());
            line += " | onnxruntime %8.1f ms CPU, %6.2f/s a core, %7.2f/s | ours / theirs: CPU %.2f, clock %.2f"
                    .formatted(
                            theirCpu * 1e3,
                            1 / theirCpu,
                            ParityCheck.median(there.stream()
                                    .map(spent -> count / spent.wall)
                                    .toList()),
                            ParityCheck.median(cpus),
                            ParityCheck.median(walls));
        }
        say("%s", line);
        return cpu;
    }

    private TorchScriptPass<byte[]> imagePass(ZooModel<NDList, NDList> model, ImageStacker stacker) {
        return new TorchScriptPass<>(
                model, descriptor.image().method(), stacker::stack, descriptor.dimension(), Embedding::ofDirection);
    }

    private static double least(List<Embedding> left, List<Embedding> right) {
        double least = 1;
        for (int i = 0; i < left.size(); i++) {
            least = Math.min(least, left.get(i).cosine(right.get(i)));
        }
        return least;
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }

    @Override
    public void close() throws IOException {
        if (peer != null) {
            peer.close();
        }
    }

    /** {@code tools/embed-peers.py} in a process of its own. */
    private static final class Peer implements AutoCloseable {
        private final Process process;
        private final PrintStream questions;
        private final BufferedReader answers;
        private final Path pixels;
        private final String version;

        Peer(String python, Path folder, List<byte[]> pictures) throws IOException {
            pixels = Files.createTempFile("pixels", ".rgb");
            for (byte[] picture : pictures) {
                Files.write(pixels, picture, StandardOpenOption.APPEND);
            }
            process = new ProcessBuilder(python, "tools/embed-peers.py", folder.toString(), pixels.toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            questions = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
            answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            version = answer();
        }

        private String answer() throws IOException {
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("onnxruntime in Python ended; what it says is above");
            }
            return line;
        }

        Spent run(String question) throws IOException {
            questions.println(question);
            String[] seconds = answer().split(" ", 2);
            return new Spent(Double.parseDouble(seconds[0]), Double.parseDouble(seconds[1]));
        }

        @Override
        public void close() throws IOException {
            process.destroy();
            Files.delete(pixels);
        }
    }
}

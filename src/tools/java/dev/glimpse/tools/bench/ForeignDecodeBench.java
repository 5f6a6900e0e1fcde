package dev.glimpse.tools.bench;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.foreign.DecoderPrograms;
import dev.glimpse.testing.HostileForeignPictures;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestDecoder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What a decode costs when another program does a part of it: {@code scripts/bench foreign}. For files by name, and for hostile ones made
 * up here. Processor time is that of this process; what programs take behind walls is charged to nobody that could tell. Linux.
 */
final class ForeignDecodeBench {
    private static final int ROUNDS = 5;
    private static final int HOSTILE = 300;
    private static final long SEED = 2026;
    private static final long MEMORY = 1L << 30;

    private final TestDecoder decoder = new TestDecoder(new ImageDecoder(
            TestScheduler.SCHEDULER,
            ImageDecoder.DEFAULT_MAX_PIXELS,
            ImageDecoder.memoryFor(ImageDecoder.DEFAULT_MAX_PIXELS),
            ImageDecoder.DEFAULT_TIME,
            DecoderPrograms.find(TestScheduler.SCHEDULER, MEMORY)));
    private final Report report = new Report();
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    private ForeignDecodeBench() {}

    /** Arguments: files. */
    public static void main(String[] args) throws IOException {
        ForeignDecodeBench bench = new ForeignDecodeBench();
        bench.report.say("%s; seconds", Report.machine());
        for (String file : args) {
            bench.measure(Path.of(file));
        }
        bench.hostile();
    }

    private record Cost(double wall, double here, String outcome) {}

    private void measure(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        List<Cost> costs = new ArrayList<>();
        cost(bytes);
        for (int i = 0; i < ROUNDS; i++) {
            costs.add(cost(bytes));
        }
        report.say(
                "%-30s %,12d bytes: wall %.3f, processor of the server %.3f (medians of %d); %s",
                file.getFileName(),
                bytes.length,
                Report.median(costs.stream().map(Cost::wall).toList()),
                Report.median(costs.stream().map(Cost::here).toList()),
                ROUNDS,
                costs.get(0).outcome());
    }

    private void hostile() {
        HostileForeignPictures pictures = new HostileForeignPictures(new Random(SEED));
        Map<String, Integer> outcomes = new TreeMap<>();
        List<Double> walls = new ArrayList<>();
        for (int i = 0; i < HOSTILE; i++) {
            Cost cost = cost(pictures.next().bytes());
            outcomes.merge(cost.outcome().replaceAll("[:0-9].*", ""), 1, Integer::sum);
            walls.add(cost.wall());
        }
        report.say(
                "%d damaged by chance, seed %d: wall p50 %.3f, most %.3f; %s",
                HOSTILE, SEED, Report.median(walls), Report.quantile(walls, 1), outcomes);
    }

    private Cost cost(byte[] bytes) {
        long start = System.nanoTime();
        long before = threads.getCurrentThreadCpuTime();
        String outcome;
        try {
            DecodedImage image = decoder.decode(bytes);
            outcome = "decoded %dx%d".formatted(image.width(), image.height());
        } catch (RuntimeException e) {
            outcome = e.getClass().getSimpleName() + ": " + e.getMessage();
        }
        double wall = (System.nanoTime() - start) / 1e9;
        return new Cost(wall, (threads.getCurrentThreadCpuTime() - before) / 1e9, outcome);
    }
}

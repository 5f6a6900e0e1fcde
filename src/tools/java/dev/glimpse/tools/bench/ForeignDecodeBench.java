package dev.glimpse.tools.bench;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.foreign.DecoderPrograms;
import dev.glimpse.testing.HostileForeignPictures;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What a decode costs when another program does a part of it, in processor time of this process and of all programs that it has run: {@code
 * scripts/bench foreign}. For files by name, and for hostile ones made up here. Linux.
 */
final class ForeignDecodeBench {
    private static final int ROUNDS = 5;
    private static final int HOSTILE = 300;
    private static final long SEED = 2026;
    private static final long MEMORY = 1L << 30;

    private final TestDecoder decoder = new TestDecoder(new ImageDecoder(
            TestScheduler.SCHEDULER,
            ImageDecoder.DEFAULT_MAX_PIXELS,
            ImageDecoder.DEFAULT_TIME,
            DecoderPrograms.find(TestScheduler.SCHEDULER, MEMORY)));
    private final Report report = new Report();

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

    /** @param programs processor time of the programs, to hundredths of a second */
    private record Cost(double wall, double here, double programs, String outcome) {
        double all() {
            return here + programs;
        }
    }

    private void measure(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        List<Cost> costs = new ArrayList<>();
        cost(bytes);
        for (int i = 0; i < ROUNDS; i++) {
            costs.add(cost(bytes));
        }
        report.say(
                "%-28s %,12d bytes: wall %.3f, processor %.3f here and %.3f in programs (medians of %d); %s",
                file.getFileName(),
                bytes.length,
                Report.median(costs.stream().map(Cost::wall).toList()),
                Report.median(costs.stream().map(Cost::here).toList()),
                Report.median(costs.stream().map(Cost::programs).toList()),
                ROUNDS,
                costs.get(0).outcome());
    }

    private void hostile() throws IOException {
        HostileForeignPictures pictures = new HostileForeignPictures(new Random(SEED));
        Map<String, Integer> outcomes = new TreeMap<>();
        List<Double> all = new ArrayList<>();
        List<Double> walls = new ArrayList<>();
        for (int i = 0; i < HOSTILE; i++) {
            Cost cost = cost(pictures.next().bytes());
            outcomes.merge(cost.outcome().replaceAll("[:0-9].*", ""), 1, Integer::sum);
            all.add(cost.all());
            walls.add(cost.wall());
        }
        report.say(
                "%d damaged by chance, seed %d: wall p50 %.3f, most %.3f; processor mean %.3f, most %.3f; %s",
                HOSTILE,
                SEED,
                Report.median(walls),
                Report.quantile(walls, 1),
                all.stream().mapToDouble(each -> each).average().orElse(0),
                Report.quantile(all, 1),
                outcomes);
    }

    private Cost cost(byte[] bytes) throws IOException {
        long start = System.nanoTime();
        double[] before = processor();
        String outcome;
        try {
            DecodedImage image = decoder.decode(bytes);
            outcome = "decoded %dx%d".formatted(image.width(), image.height());
        } catch (RuntimeException e) {
            outcome = e.getClass().getSimpleName() + ": " + e.getMessage();
        }
        double wall = (System.nanoTime() - start) / 1e9;
        double[] after = processor();
        return new Cost(wall, after[0] - before[0], after[1] - before[1], outcome);
    }

    /** Of this process, and of its children that have ended. */
    private static double[] processor() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        double ticks = 100;
        return new double[] {
            (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / ticks,
            (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) / ticks
        };
    }
}

package dev.glimpse.tools.bench;

import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.vectors.Hit;
import dev.glimpse.vectors.KeptInput;
import dev.glimpse.vectors.KeptOutput;
import dev.glimpse.vectors.Oversampling;
import dev.glimpse.vectors.VectorIndex;
import dev.glimpse.vectors.VectorView;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/**
 * Fills a {@link VectorIndex} with made-up vectors of 512 dimensions, and says what that and searches take. Arguments: the number of rows, then
 * any of origin (clusters around the origin) and cones (clusters in cones, as of CLIP; texts as queries), both without. The folder for the
 * files, of 2.5 kB a row, may be given in the system property {@code folder}. With {@code keep} set to true they stay, and the next run with the same
 * arguments searches them.
 */
final class RowsBench {
    private static final int CLUSTERS = 1000;
    private static final int K = 10;
    private static final double RECALL = 0.95;

    /** A little more than is asked for, because other queries than those that it is measured with find a little less. */
    private static final double CALIBRATED = 0.955;

    private static final int CALIBRATION_QUERIES = 100;
    private static final int QUERIES = 200;
    private static final int ROUNDS = 5;

    private final Path folder;
    private final Path kept;
    private final int rows;

    private RowsBench(Path folder, int rows) {
        this.folder = folder;
        this.kept = folder.resolve("kept");
        this.rows = rows;
    }

    public static void main(String[] args) throws IOException {
        Path parent = Path.of(System.getProperty("folder", System.getProperty("java.io.tmpdir")));
        int rows = Integer.parseInt(args[0]);
        for (String data : args.length > 1 ? List.of(args).subList(1, args.length) : List.of("origin", "cones")) {
            ClusteredVectors vectors = data.equals("origin")
                    ? ClusteredVectors.aroundOrigin(7, CLUSTERS)
                    : ClusteredVectors.inCones(7, CLUSTERS);
            System.out.printf(
                    "%,d rows, %s; %d processors, load %.4s, heap of at most %,d MB%n",
                    rows,
                    data,
                    Runtime.getRuntime().availableProcessors(),
                    Files.readString(Path.of("/proc/loadavg")),
                    Runtime.getRuntime().maxMemory() >> 20);
            Path folder = parent.resolve("rows-" + rows + "-" + data);
            RowsBench bench = new RowsBench(folder, rows);
            try {
                if (!Files.exists(bench.kept)) {
                    FileSystemUtils.deleteRecursively(folder);
                    bench.fill(vectors);
                }
                bench.search(vectors);
            } finally {
                if (!Boolean.getBoolean("keep")) {
                    FileSystemUtils.deleteRecursively(folder);
                }
            }
        }
    }

    /** Fills an index, and keeps it. */
    private void fill(ClusteredVectors vectors) throws IOException {
        try (VectorIndex index = new VectorIndex(folder, ClusteredVectors.DIMENSION)) {
            long putting = 0;
            for (int row = 0; row < rows; row++) {
                float[] vector = vectors.row(row);
                long start = System.nanoTime();
                index.put(row, vector);
                putting += System.nanoTime() - start;
            }
            System.out.printf("  put: %.1f s, %.1f us a row%n", putting / 1e9, putting / 1e3 / rows);
            long start = System.nanoTime();
            VectorView view = index.view(all());
            while (view.isSettling()) {
                LockSupport.parkNanos(100_000_000);
            }
            System.out.printf("  partitions: %b, after %.1f s%n", view.isPartitioned(), seconds(start));
            memory();
            start = System.nanoTime();
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            index.keep(new KeptOutput(bytes));
            Files.write(kept, bytes.toByteArray());
            System.out.printf("  kept in %.1f s%n", seconds(start));
        }
    }

    /** Opens an index that was kept, and searches it. */
    private void search(ClusteredVectors vectors) throws IOException {
        long start = System.nanoTime();
        try (VectorIndex index = open()) {
            VectorView view = index.view(all());
            System.out.printf("  opened in %.1f s%n", seconds(start));
            search(view, vectors, calibrated(view, vectors));
            memory();
        }
    }

    private VectorIndex open() throws IOException {
        try (KeptInput from = new KeptInput(new BufferedInputStream(Files.newInputStream(kept)), folder)) {
            return new VectorIndex(folder, ClusteredVectors.DIMENSION, from);
        }
    }

    private BitSet all() {
        BitSet all = new BitSet();
        all.set(0, rows);
        return all;
    }

    private static Oversampling calibrated(VectorView view, ClusteredVectors vectors) {
        long start = System.nanoTime();
        Oversampling effort = Oversampling.calibrate(view, queries(vectors, 0, CALIBRATION_QUERIES), K, CALIBRATED);
        System.out.printf(
                "  calibrated in %.1f s: %d candidates, share %.4f of the codes%n",
                seconds(start), effort.candidates(), effort.share());
        return effort;
    }

    private static void search(VectorView view, ClusteredVectors vectors, Oversampling effort) {
        List<float[]> queries = queries(vectors, CALIBRATION_QUERIES, QUERIES);
        // In one pass: the vectors of many rows are more than memory holds.
        List<List<Hit>> truth = view.nearestExact(queries, K, 0);
        double found = 0;
        for (int i = 0; i < QUERIES; i++) {
            Set<Long> hits = ids(nearest(view, queries.get(i), effort));
            hits.retainAll(ids(truth.get(i)));
            found += hits.size();
        }
        double recall = found / K / QUERIES;
        double[] millis = new double[QUERIES * ROUNDS];
        for (int i = 0; i < millis.length; i++) {
            long began = System.nanoTime();
            nearest(view, queries.get(i % QUERIES), effort);
            millis[i] = (System.nanoTime() - began) / 1e6;
        }
        Arrays.sort(millis);
        System.out.printf(
                "  search: p50 %.2f ms, p10 %.2f, p95 %.2f; recall@10 %.3f of %d other queries, %s %.2f%n",
                millis[millis.length / 2],
                millis[millis.length / 10],
                millis[millis.length * 95 / 100],
                recall,
                QUERIES,
                recall >= RECALL ? "at least" : "LESS THAN",
                RECALL);
    }

    private static List<Hit> nearest(VectorView view, float[] query, Oversampling effort) {
        return view.nearest(query, K, effort.candidates(), effort.share());
    }

    private static List<float[]> queries(ClusteredVectors vectors, int from, int count) {
        return IntStream.range(from, from + count).mapToObj(vectors::query).toList();
    }

    private static Set<Long> ids(List<Hit> hits) {
        return hits.stream().map(Hit::rowId).collect(Collectors.toSet());
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    /** What is used of the heap after a collection, what the process has in memory, and what of that are files. */
    private void memory() throws IOException {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            used = Math.min(
                    used,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        String process = Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.matches("(VmHWM|VmRSS|RssAnon|RssFile|RssShmem):.*"))
                .map(line -> line.replaceAll("\\s+", " "))
                .collect(Collectors.joining(", "));
        try (Stream<Path> files = Files.list(folder)) {
            long disk = files.mapToLong(file -> file.toFile().length()).sum();
            System.out.printf(
                    "  memory: heap %.1f MB after a collection; %s; files %,d MB%n",
                    used / 1e6, process, disk / 1_000_000);
        }
    }
}

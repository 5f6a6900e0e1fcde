package dev.glimpse.tools.bench;

import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.vectors.Hit;
import dev.glimpse.vectors.Metal;
import dev.glimpse.vectors.VectorIndex;
import dev.glimpse.vectors.VectorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.springframework.util.FileSystemUtils;

/** Measures recall and time of {@link VectorIndex}. Arguments: rows, queries, then any of origin, cones, isotropic. */
final class VectorIndexBench {
    private static final int K = 10;
    private static final int ROUNDS = 5;
    private static final int[] CANDIDATES = {50, 100, 200, 400, 800, 1600, 3200};

    private VectorIndexBench() {}

    public static void main(String[] args) throws Exception {
        int rows = Integer.parseInt(args[0]);
        int queries = Integer.parseInt(args[1]);
        for (String data : args.length > 2 ? List.of(args).subList(2, args.length) : List.of("origin", "cones")) {
            int clusters = (int) Math.min(1000, 3 * Math.sqrt(rows));
            ClusteredVectors vectors = switch (data) {
                case "origin" -> ClusteredVectors.aroundOrigin(7, clusters);
                case "cones" -> ClusteredVectors.inCones(7, clusters);
                default -> ClusteredVectors.isotropic(7);
            };
            Path folder = Files.createTempDirectory("vectors");
            try (VectorIndex memory = new VectorIndex(folder, ClusteredVectors.DIMENSION)) {
                measure(data, vectors, memory, rows, queries);
            } finally {
                FileSystemUtils.deleteRecursively(folder);
            }
        }
    }

    private static void measure(String data, ClusteredVectors vectors, VectorIndex memory, int rows, int count)
            throws Exception {
        long putting = 0;
        for (int row = 0; row < rows; row++) {
            float[] vector = vectors.row(row);
            long start = System.nanoTime();
            memory.put(row, vector);
            putting += System.nanoTime() - start;
        }
        BitSet live = new BitSet();
        live.set(0, rows);
        VectorView view = memory.view(live);
        System.out.printf("%s, %,d rows; put %.1f us a row%n", data, rows, putting / 1e3 / rows);
        query(
                view,
                "queries",
                IntStream.range(0, count).mapToObj(vectors::query).toList());
        if (data.equals("cones")) {
            List<float[]> pictures =
                    IntStream.range(rows, rows + count).mapToObj(vectors::row).toList();
            List<Set<Long>> truth = truth(view, pictures);
            for (int candidates : CANDIDATES) {
                System.out.printf(
                        "  pictures as queries, candidates %5d: recall@10 %.3f%n",
                        candidates, recall(view, pictures, truth, candidates));
            }
        }
    }

    private static void query(VectorView view, String name, List<float[]> queries) throws Exception {
        List<Set<Long>> truth = truth(view, queries);
        double[] exact = millis(queries.subList(0, Math.min(20, queries.size())), query -> view.nearestExact(query, K));
        System.out.printf("  exact: p50 %.2f ms, least %.2f%n", exact[0], exact[1]);
        double[] scan = millis(queries, Metal.codes(view.size())::apply);
        System.out.printf("  codes alone, Hamming distances of all: p50 %.2f ms, least %.2f%n", scan[0], scan[1]);
        for (int candidates : CANDIDATES) {
            double recall = recall(view, queries, truth, candidates);
            double[] all = millis(queries, query -> view.nearest(query, K, candidates));
            System.out.printf(
                    "  %s, candidates %5d: recall@10 %.3f  p50 %.2f ms, least %.2f%n",
                    name, candidates, recall, all[0], all[1]);
        }
        double one = throughput(view, queries, 1);
        double two = throughput(view, queries, 2);
        System.out.printf(
                "  400 candidates: 1 thread %.0f queries/s, 2 threads %.0f, ratio %.2f%n", one, two, two / one);
    }

    private interface Search {
        Object run(float[] query);
    }

    private static List<Set<Long>> truth(VectorView view, List<float[]> queries) {
        return queries.stream().map(query -> ids(view.nearestExact(query, K))).toList();
    }

    private static double recall(VectorView view, List<float[]> queries, List<Set<Long>> truth, int candidates) {
        double found = 0;
        for (int i = 0; i < queries.size(); i++) {
            Set<Long> hits = ids(view.nearest(queries.get(i), K, candidates));
            hits.retainAll(truth.get(i));
            found += hits.size();
        }
        return found / K / queries.size();
    }

    private static Set<Long> ids(List<Hit> hits) {
        return hits.stream().map(Hit::rowId).collect(Collectors.toSet());
    }

    /** Median and least of several rounds. */
    private static double[] millis(List<float[]> queries, Search search) {
        double[] times = new double[queries.size() * ROUNDS];
        for (int i = 0; i < times.length; i++) {
            long start = System.nanoTime();
            search.run(queries.get(i % queries.size()));
            times[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(times);
        return new double[] {times[times.length / 2], times[0]};
    }

    private static double throughput(VectorView view, List<float[]> queries, int threads) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            long start = System.nanoTime();
            List<Future<?>> running = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                running.add(pool.submit(() -> millis(queries, query -> view.nearest(query, K, 400))));
            }
            for (Future<?> future : running) {
                future.get();
            }
            return threads * queries.size() * ROUNDS / ((System.nanoTime() - start) / 1e9);
        } finally {
            pool.shutdown();
        }
    }
}

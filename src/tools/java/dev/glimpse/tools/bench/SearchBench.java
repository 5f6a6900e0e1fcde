package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;
import static dev.glimpse.testing.Report.seconds;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.KnownModels;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.lance.IndexTuning;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.LocalRows;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Metal;
import dev.glimpse.vectors.Oversampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.lance.Dataset;
import org.lance.ReadOptions;
import org.springframework.util.FileSystemUtils;

/**
 * Searches of a table in every way there is, side by side: {@code scripts/bench search}. Arguments: numbers of rows. Sides
 * take turns, so that what else the machine does meets all of them.
 */
final class SearchBench {
    private static final int QUERIES = 200;
    private static final int TURNS = 4;
    private static final int K = 10;
    private static final int MANY = 100;
    private static final double RECALL = 0.95;
    private static final int CROSS_CHECKED = 5;

    /** Queries that are not measured. */
    private static final int WARM_UP = 100;

    private static final double WARM_UP_SECONDS = 5;

    /** A turn ends after so long, if it has had a few queries. */
    private static final double TURN_SECONDS = 15;

    private static final int FEW = 5;
    private static final double THROUGHPUT_SECONDS = 2;
    private static final int THROUGHPUT_ROUNDS = 3;

    /** Larger tables are in a folder. */
    private static final int ROWS_IN_BUCKET = 100_000;

    /** Rows, and what the median of searches among them is to be, in milliseconds. */
    private static final Map<Integer, Integer> TARGETS = Map.of(10_000, 5, 100_000, 3, 1_000_000, 10);

    private final Report report;
    private final int rows;
    private final List<Embedding> queries;
    private final List<List<String>> truth = new ArrayList<>();

    private SearchBench(Report report, int rows) {
        this.report = report;
        this.rows = rows;
        this.queries = IntStream.range(0, QUERIES)
                .mapToObj(n -> new Embedding(FilledTable.VECTORS.query(n)))
                .toList();
    }

    public static void main(String[] args) throws Exception {
        Report report = new Report();
        report.sayMachine();
        report.say(
                "vectors: 512 dimensions, unit length; ClusteredVectors.aroundOrigin(seed 7, 1000 clusters), queries new draws");
        for (String rows : args) {
            new SearchBench(report, Integer.parseInt(rows)).run();
        }
        System.exit(report.status());
    }

    private interface Search {
        List<Neighbor> nearest(Embedding query) throws Exception;
    }

    /** One way to search, and what was measured of it. */
    private static final class Side {
        private final String name;
        private final int k;
        private final Search search;
        private final List<Double> millis = new ArrayList<>();
        private double cpuMillis;
        private long found;
        private long expected;

        private Side(String name, int k, Search search) {
            this.name = name;
            this.k = k;
            this.search = search;
        }

        private double recall() {
            return (double) found / expected;
        }

        private double p50() {
            return median(millis);
        }

        private void printTo(Report report) {
            report.say(
                    "%-48s %5d %7.3f %8.2f %8.2f %8.2f %8.2f",
                    name,
                    millis.size(),
                    recall(),
                    p50(),
                    quantile(millis, 0.95),
                    quantile(millis, 0.99),
                    cpuMillis / millis.size());
        }
    }

    private void run() throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        boolean inBucket = rows <= ROWS_IN_BUCKET;
        report.say("");
        report.say("%,d rows, in a %s; %s", rows, inBucket ? "bucket" : "folder", Report.machine());
        try (TestBucket bucket = TestBucket.start();
                ObjectStore store = inBucket ? bucket.open() : TestStores.folder(folder.resolve("store"))) {
            long start = System.nanoTime();
            FilledTable.fill(store, folder.resolve("first"), Rows.MODEL, rows);
            report.say("filled in %.0f s", seconds(start));
            start = System.nanoTime();
            // A folder's table is changed by renaming, so what works on it has to be on its file system.
            try (ImageDataset dataset =
                    ImageDataset.open(store, folder.resolve("first"), Rows.MODEL, FilledTable.SETTINGS)) {
                FilledTable.awaitCodes(dataset);
                report.say(
                        "searched in memory, measured: %.0f s after opening; %s",
                        seconds(start), dataset.state().search());
                start = System.nanoTime();
                FilledTable.awaitIndex(dataset);
                report.say("index: %.0f s; %s", seconds(start), dataset.state().indices());
                try (LanceTable table = FilledTable.open(store, folder.resolve("second"), Rows.MODEL)) {
                    compare(dataset, table, bucket);
                }
                FaissPeers.measure(folder, rows, QUERIES);
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private void compare(ImageDataset dataset, LanceTable table, TestBucket bucket) throws Exception {
        table.snapshots().refresh();
        Snapshot first = lance(table);
        List<Side> indexes = new ArrayList<>();
        String usual = dataset.state().indices().get(0).type();
        IndexTuning tuning = IndexTuning.of(table.manifest().metadata());
        indexes.add(lance(usual, table, first, tuning));
        if (tuning.ef() > 0) {
            // Rows as queries are found more easily in a graph than others, so what was measured may fall short.
            IndexTuning wider = new IndexTuning(tuning.nprobes(), 2 * tuning.ef(), 5, Double.NaN);
            indexes.add(lance(usual, table, first, wider));
        }
        buildLists(dataset);
        table.catchUp();
        table.snapshots().refresh();
        Snapshot last = lance(table);
        indexes.add(
                lance("IVF_FLAT", table, last, IndexTuning.of(table.manifest().metadata())));
        try {
            for (Embedding query : queries) {
                truth.add(
                        table
                                .reader()
                                .nearest(new NearestQuery(query, MANY, true), TableMeters.UNBOUND)
                                .neighbors()
                                .stream()
                                .map(Neighbor::id)
                                .toList());
            }
            Side ours = new Side("Glimpse", K, query -> dataset.nearest(query, K, false));
            Side exact = new Side("Glimpse, exact=true", K, query -> dataset.nearest(query, K, true));
            Side hundred = new Side("Glimpse, 100 hits", MANY, query -> dataset.nearest(query, MANY, false));
            Side scan = new Side(
                    "Lance, no index",
                    K,
                    query -> table.reader()
                            .nearestByLance(first, new NearestQuery(query, K, true), IndexTuning.UNMEASURED)
                            .neighbors());
            List<Side> sides = new ArrayList<>(List.of(ours, exact, hundred, scan));
            sides.addAll(indexes);
            measure(sides);
            crossCheck(table, scan);
            long requests = requests(dataset, bucket);
            pieces(dataset, table, ours);
            metal(ours, exact);
            double[] throughput = throughput(dataset);
            bars(ours, exact, hundred, indexes, scan, requests, throughput);
            report.say("%s", Report.machine());
        } finally {
            first.release();
            last.release();
        }
    }

    private void buildLists(ImageDataset dataset) {
        long start = System.nanoTime();
        FilledTable.buildLists(dataset);
        report.say("by request: %.0f s; %s", seconds(start), dataset.state().indices());
    }

    /** The newest version, with the caches that Lance has if nobody says anything: 6 GiB for an index. */
    private static Snapshot lance(LanceTable table) {
        Dataset dataset = Dataset.open()
                .allocator(table.datasets().allocator())
                .uri(table.replica().folder().toString())
                .readOptions(new ReadOptions.Builder()
                        .setVersion(table.manifest().version())
                        .build())
                .build();
        return new Snapshot(dataset, true, new KnownModels(Rows.MODEL));
    }

    private static Side lance(String index, LanceTable table, Snapshot snapshot, IndexTuning tuning) {
        String name =
                "Lance, %s nprobes=%d ef=%d refine=%d".formatted(index, tuning.nprobes(), tuning.ef(), tuning.refine());
        return new Side(
                name,
                K,
                query -> table.reader()
                        .nearestByLance(snapshot, new NearestQuery(query, K, false), tuning)
                        .neighbors());
    }

    private void measure(List<Side> sides) throws Exception {
        for (Side side : sides) {
            warmUp(query -> side.search.nearest(new Embedding(query)));
        }
        for (int turn = 0; turn < TURNS; turn++) {
            for (Side side : sides) {
                double cpu = Report.cpuMillis();
                long start = System.nanoTime();
                for (int i = 0; i < QUERIES / TURNS && (i < FEW || seconds(start) < TURN_SECONDS); i++) {
                    ask(side, turn * QUERIES / TURNS + i);
                }
                side.cpuMillis += Report.cpuMillis() - cpu;
            }
        }
        report.say("%-48s %5s %7s %8s %8s %8s %8s", "", "n", "recall", "p50 ms", "p95", "p99", "cpu each");
        sides.forEach(side -> side.printTo(report));
    }

    private void ask(Side side, int n) throws Exception {
        long start = System.nanoTime();
        List<Neighbor> hits = side.search.nearest(queries.get(n));
        side.millis.add(seconds(start) * 1e3);
        Set<String> ids = new HashSet<>(hits.stream().map(Neighbor::id).toList());
        List<String> expected = truth.get(n).subList(0, side.k);
        side.expected += expected.size();
        side.found += expected.stream().filter(ids::contains).count();
    }

    private interface Step {
        Object of(float[] query) throws Exception;
    }

    private static void warmUp(Step step) throws Exception {
        long start = System.nanoTime();
        for (int n = 0; n < WARM_UP && seconds(start) < WARM_UP_SECONDS; n++) {
            step.of(FilledTable.VECTORS.query(QUERIES + n));
        }
    }

    private double millis(Step step) throws Exception {
        warmUp(step);
        List<Double> millis = new ArrayList<>();
        for (Embedding query : queries.subList(0, QUERIES / TURNS)) {
            float[] values = query.toArray();
            long start = System.nanoTime();
            step.of(values);
            millis.add(seconds(start) * 1e3);
        }
        return median(millis);
    }

    /** The truth is ours; Lance is to have the same. */
    private void crossCheck(LanceTable table, Side scan) throws Exception {
        int same = 0;
        for (int n = 0; n < CROSS_CHECKED; n++) {
            List<String> theirs = scan.search.nearest(queries.get(n)).stream()
                    .map(Neighbor::id)
                    .sorted()
                    .toList();
            List<String> mine = table
                    .reader()
                    .nearest(new NearestQuery(queries.get(n), K, true), TableMeters.UNBOUND)
                    .neighbors()
                    .stream()
                    .map(Neighbor::id)
                    .sorted()
                    .toList();
            same += theirs.equals(mine) ? 1 : 0;
        }
        report.say("of %d exact searches Lance's scan finds the same in %d", CROSS_CHECKED, same);
    }

    /** Of all warm searches, but for the poll that goes on beside them. */
    private long requests(ImageDataset dataset, TestBucket bucket) {
        bucket.resetCounts();
        queries.forEach(query -> dataset.nearest(query, K, false));
        long polls = bucket.count("HEAD", ImageDataset.KEY + TableLocation.VERSIONS);
        return bucket.requests().size() - polls;
    }

    private void pieces(ImageDataset dataset, LanceTable table, Side ours) throws Exception {
        Oversampling effort = new Oversampling(dataset.state().search().candidates(), 1, Double.NaN);
        LocalRows local =
                Optional.ofNullable(table.snapshots().current().rows()).orElseThrow();
        double codes = millis(Metal.codes(rows)::apply);
        double memory = millis(query -> local.vectors().nearest(query, K, effort.candidates()));
        double whole = millis(query -> local.nearest(
                new NearestQuery(Embedding.ofDirection(query), K, false), effort, 1, TableMeters.UNBOUND));
        report.say(
                "of %.2f ms, when the codes of all rows are compared: codes %.2f, choosing, estimating and reading %d vectors again %.2f, the rows of %d hits %.2f, the rest %.2f",
                ours.p50(), codes, effort.candidates(), memory - codes, K, whole - memory, ours.p50() - whole);
    }

    private void metal(Side ours, Side exact) throws Exception {
        double megabytes = rows * 4.0 * ClusteredVectors.DIMENSION / 1e6;
        double memory = millis(Metal.memory(rows)::apply);
        double dots = millis(Metal.vectors(rows)::apply);
        double codes = millis(Metal.codes(rows)::apply);
        report.say(
                "the metal: %.0f MB of vectors read in %.2f ms (%.1f GB/s), their dot products %.2f ms, codes %.2f ms",
                megabytes, memory, megabytes / memory, dots, codes);
        report.say(
                "distance to the metal: Glimpse %.2f of reading the vectors and %.1f of the codes, exact=true %.1f of reading the vectors",
                ours.p50() / memory, ours.p50() / codes, exact.p50() / memory);
    }

    /** Searches a second, of one client, two and four. */
    private double[] throughput(ImageDataset dataset) throws Exception {
        int[] clients = {1, 2, 4};
        List<List<Double>> rates = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int round = 0; round < THROUGHPUT_ROUNDS; round++) {
            for (int i = 0; i < clients.length; i++) {
                rates.get(i).add(throughput(dataset, clients[i]));
            }
        }
        double[] medians = rates.stream().mapToDouble(Report::median).toArray();
        report.say(
                "searches a second: 1 client %.0f, 2 clients %.0f, 4 clients %.0f", medians[0], medians[1], medians[2]);
        return medians;
    }

    private double throughput(ImageDataset dataset, int clients) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(clients);
        try {
            long start = System.nanoTime();
            List<Future<Integer>> running = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                int first = client * QUERIES / clients;
                running.add(pool.submit(() -> {
                    int done = 0;
                    while (seconds(start) < THROUGHPUT_SECONDS) {
                        dataset.nearest(queries.get((first + done++) % QUERIES), K, false);
                    }
                    return done;
                }));
            }
            int done = 0;
            for (Future<Integer> client : running) {
                done += client.get();
            }
            return done / seconds(start);
        } finally {
            pool.shutdown();
        }
    }

    private void bars(
            Side ours, Side exact, Side hundred, List<Side> indexes, Side scan, long requests, double[] throughput) {
        report.bar(
                ours.recall() >= RECALL && hundred.recall() >= RECALL,
                "recall@10 %.3f, recall@100 %.3f, at least %.2f",
                ours.recall(),
                hundred.recall(),
                RECALL);
        if (rows <= ROWS_IN_BUCKET) {
            report.bar(requests == 0, "%d requests to the bucket in %d warm searches, none", requests, QUERIES);
        }
        report.bar(
                ours.p50() <= scan.p50() / 20, "1/%.0f of Lance's exact search, at most 1/20", scan.p50() / ours.p50());
        double best = indexes.stream()
                .filter(side -> side.recall() >= RECALL)
                .mapToDouble(Side::p50)
                .min()
                .orElse(Double.POSITIVE_INFINITY);
        report.bar(
                ours.p50() <= best,
                "p50 %.2f ms, that of the best index of Lance with such a recall %.2f ms",
                ours.p50(),
                best);
        Integer target = TARGETS.get(rows);
        if (target != null) {
            Side side = rows <= 10_000 ? exact : ours;
            report.bar(side.p50() <= target, "%s: p50 %.2f ms, at most %d ms", side.name, side.p50(), target);
        }
        report.bar(
                throughput[2] >= 1.6 * throughput[0],
                "4 clients %.2f times the searches of one, at least 1.6",
                throughput[2] / throughput[0]);
    }
}

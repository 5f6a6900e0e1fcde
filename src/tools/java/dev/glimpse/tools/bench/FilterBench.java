package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.RowFilter.AnyTag;
import dev.glimpse.dataset.RowFilter.Caption;
import dev.glimpse.dataset.RowFilter.Range;
import dev.glimpse.dataset.RowFilter.Text;
import dev.glimpse.dataset.RowFilter.Width;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.springframework.util.FileSystemUtils;

/**
 * Searches with filters beside searches without: {@code scripts/bench filters}. Arguments: numbers of rows. Sides take turns, so that what
 * else the machine does meets all of them.
 */
final class FilterBench {
    private static final int QUERIES = 200;
    private static final int WARM_UP = 400;
    private static final int TURNS = 10;
    private static final int K = 10;
    private static final double MOST_TIMES = 1.3;
    private static final int FACETS = 20;

    /** Widths are from 1 to this, evenly spread by chance. */
    private static final int WIDTHS = 1000;

    private final Report report;
    private final int rows;
    private final List<Embedding> queries = IntStream.range(0, QUERIES)
            .mapToObj(n -> new Embedding(FilledTable.VECTORS.query(n)))
            .toList();

    private FilterBench(Report report, int rows) {
        this.report = report;
        this.rows = rows;
    }

    public static void main(String[] args) throws Exception {
        Report report = new Report();
        report.sayMachine();
        report.say(
                "vectors: 512 dimensions, unit length; ClusteredVectors.aroundOrigin(seed 7, 1000 clusters), queries new draws");
        report.say(
                "rows pass filters by chance; a filter is remembered, unless it says new: then each query has another one");
        for (String rows : args) {
            new FilterBench(report, Integer.parseInt(rows)).run();
        }
        System.exit(report.status());
    }

    /** One filter for each query, and what was measured of searches with it. */
    private static final class Side {
        private final String name;
        private final IntFunction<RowFilter> filters;
        private final List<Double> millis = new ArrayList<>();
        private double cpuMillis;
        private long found;
        private long expected;

        private Side(String name, IntFunction<RowFilter> filters) {
            this.name = name;
            this.filters = filters;
        }

        private double p50() {
            return median(millis);
        }

        private double cpu() {
            return cpuMillis / millis.size();
        }
    }

    private static PictureRow row(int n) {
        SplittableRandom random = new SplittableRandom(n);
        int width = 1 + random.nextInt(WIDTHS);
        String caption = "%s on a picture of the year %d, number %d"
                .formatted(random.nextInt(100) == 0 ? "Some Café" : "Nothing", 1900 + random.nextInt(100), n);
        return new PictureRow(
                Rows.id(n),
                "somewhere",
                new Embedding(FilledTable.VECTORS.row(n)),
                1000 + n,
                width,
                480,
                Instant.parse("2026-01-01T00:00:00Z").plusSeconds(60L * n),
                "picture " + n + ".png",
                caption,
                List.of("all", "tag " + random.nextInt(100)));
    }

    private static Width widthUpTo(int most) {
        return new Width(Range.of(null, (long) most));
    }

    private static Side remembered(String name, RowFilter filter) {
        return new Side(name, n -> filter);
    }

    /** The width of no row is below zero, so this filter lets the same rows pass for each n. */
    private static RowFilter another(int n, RowFilter.Condition... conditions) {
        List<RowFilter.Condition> all = new ArrayList<>(List.of(conditions));
        all.add(new Width(Range.of(-1L - n, null)));
        return new RowFilter(all);
    }

    private void run() throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        report.say("");
        report.say("%,d rows, in a folder; %s", rows, Report.machine());
        try (ObjectStore store = TestStores.folder(folder.resolve("store"))) {
            FilledTable.fill(store, folder.resolve("work"), Rows.MODEL, rows, FilterBench::row);
            try (ImageDataset dataset =
                    ImageDataset.open(store, folder.resolve("work"), Rows.MODEL, FilledTable.SETTINGS)) {
                FilledTable.awaitCodes(dataset);
                FilledTable.awaitIndex(dataset);
                report.say("%s; %s", dataset.state().search(), dataset.memory());
                measure(dataset);
                facets(dataset);
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private void measure(ImageDataset dataset) {
        Side none = remembered("no filter", RowFilter.NONE);
        List<Side> bound = List.of(
                remembered("50 % of the rows, by width", RowFilter.of(widthUpTo(WIDTHS / 2))),
                remembered("10 %", RowFilter.of(widthUpTo(WIDTHS / 10))),
                remembered("1 %", RowFilter.of(widthUpTo(WIDTHS / 100))),
                remembered("0.1 %", RowFilter.of(widthUpTo(WIDTHS / 1000))),
                remembered("1 %, by tag", RowFilter.of(new AnyTag(Set.of("tag 7")))),
                remembered("1 %, by caption", RowFilter.of(new Caption(Text.containing("cafe")))));
        List<Side> sides = new ArrayList<>(List.of(none));
        sides.addAll(bound);
        sides.addAll(List.of(
                new Side("50 %, new", n -> another(n, widthUpTo(WIDTHS / 2))),
                new Side("1 %, new", n -> another(n, widthUpTo(WIDTHS / 100))),
                new Side("0.1 %, new", n -> another(n, widthUpTo(WIDTHS / 1000))),
                new Side("1 %, by tag, new", n -> another(n, new AnyTag(Set.of("tag 7")))),
                new Side("1 %, by caption, new", n -> another(n, new Caption(Text.containing("cafe"))))));
        for (Side side : sides) {
            for (int n = 0; n < WARM_UP; n++) {
                nearest(dataset, side, n, false);
            }
        }
        for (int turn = 0; turn < TURNS; turn++) {
            for (Side side : sides) {
                double cpu = Report.cpuMillis();
                for (int n = turn * QUERIES / TURNS; n < (turn + 1) * QUERIES / TURNS; n++) {
                    long start = System.nanoTime();
                    nearest(dataset, side, n, false);
                    side.millis.add((System.nanoTime() - start) / 1e6);
                }
                side.cpuMillis += Report.cpuMillis() - cpu;
            }
        }
        sides.forEach(side -> measureRecall(dataset, side));
        report.say("%-32s %5s %7s %8s %8s %8s %8s", "", "n", "recall", "p50 ms", "p95", "p99", "cpu each");
        for (Side side : sides) {
            report.say(
                    "%-32s %5d %7.3f %8.2f %8.2f %8.2f %8.2f",
                    side.name,
                    side.millis.size(),
                    (double) side.found / side.expected,
                    side.p50(),
                    quantile(side.millis, 0.95),
                    quantile(side.millis, 0.99),
                    side.cpu());
        }
        for (Side side : bound) {
            report.bar(
                    side.p50() <= MOST_TIMES * none.p50() && side.cpu() <= MOST_TIMES * none.cpu(),
                    "%s: p50 %.2f, CPU %.2f times that of no filter, at most %.1f",
                    side.name,
                    side.p50() / none.p50(),
                    side.cpu() / none.cpu(),
                    MOST_TIMES);
            report.bar(
                    side.found * none.expected >= none.found * side.expected,
                    "%s: recall %.3f, that of no filter %.3f",
                    side.name,
                    (double) side.found / side.expected,
                    (double) none.found / none.expected);
        }
    }

    private List<String> nearest(ImageDataset dataset, Side side, int n, boolean exact) {
        return dataset
                .nearest(new NearestQuery(queries.get(n % QUERIES), K, exact, side.filters.apply(n)))
                .neighbors()
                .stream()
                .map(Neighbor::id)
                .toList();
    }

    private void measureRecall(ImageDataset dataset, Side side) {
        for (int n = 0; n < QUERIES; n++) {
            List<String> truth = nearest(dataset, side, n, true);
            List<String> found = nearest(dataset, side, n, false);
            side.expected += truth.size();
            side.found += truth.stream().filter(found::contains).count();
        }
    }

    private void facets(ImageDataset dataset) {
        List<Double> millis = new ArrayList<>();
        Facets facets = dataset.facets(RowFilter.NONE);
        for (int i = 0; i < FACETS; i++) {
            long start = System.nanoTime();
            facets = dataset.facets(RowFilter.NONE);
            millis.add((System.nanoTime() - start) / 1e6);
        }
        report.say(
                "counts of all %,d rows: p50 %.2f ms, %d formats, %d tags, %d months",
                facets.rows(),
                median(millis),
                facets.formats().size(),
                facets.tags().size(),
                facets.months().size());
    }
}

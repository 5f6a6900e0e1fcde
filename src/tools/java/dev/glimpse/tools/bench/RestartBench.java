package dev.glimpse.tools.bench;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.springframework.util.FileSystemUtils;

/**
 * Opens a table of made-up rows as a server does, once with nothing kept of its rows and twice with what the run before has kept. Argument: the
 * number of rows. The folder of the table, of 8 kB a row, may be given in the system property {@code folder}.
 */
final class RestartBench {
    private static final int PARTITIONED_ROWS = 200_000;
    private static final int QUERIES = 200;
    private static final int K = 10;
    private static final Duration LONGEST = Duration.ofHours(1);

    private final ObjectStore store;
    private final Path work;
    private final int rows;

    private RestartBench(ObjectStore store, Path work, int rows) {
        this.store = store;
        this.work = work;
        this.rows = rows;
    }

    public static void main(String[] args) throws Exception {
        Path parent = Path.of(System.getProperty("folder", System.getProperty("java.io.tmpdir")));
        int rows = Integer.parseInt(args[0]);
        Path folder = Files.createTempDirectory(Files.createDirectories(parent), "restart");
        boolean same;
        try (ObjectStore store = TestStores.folder(folder)) {
            FilledTable.fill(store, folder.resolve("filling"), Rows.MODEL, rows);
            System.out.printf(
                    "%,d rows; %d processors, load %.4s, heap of at most %,d MB%n",
                    rows,
                    Runtime.getRuntime().availableProcessors(),
                    Files.readString(Path.of("/proc/loadavg")),
                    Runtime.getRuntime().maxMemory() >> 20);
            RestartBench bench = new RestartBench(store, folder.resolve("work"), rows);
            List<List<String>> cold = bench.run("nothing kept");
            same = bench.run("rows kept").equals(cold)
                    && bench.run("rows kept, again").equals(cold);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
        System.out.printf("  the same pictures are found: %b%n", same);
        System.exit(same ? 0 : 1);
    }

    /** What searches find. */
    private List<List<String>> run(String name) throws Exception {
        long start = System.nanoTime();
        ImageDataset dataset = ImageDataset.open(store, work, Rows.MODEL, FilledTable.SETTINGS);
        List<List<String>> found;
        long closing;
        try {
            double open = seconds(start);
            await(() -> dataset.state().pictureBytes() != null);
            double inMemory = seconds(start);
            await(() -> dataset.state().search().recall() != null
                    && (rows < PARTITIONED_ROWS || dataset.state().search().share() < 1));
            System.out.printf(
                    "  %s: open after %.1f s, rows ready after %.1f s, searches measured after %.1f s; files %,d MB%n",
                    name, open, inMemory, seconds(start), megabytes());
            found = search(dataset);
        } finally {
            closing = System.nanoTime();
            dataset.close();
        }
        System.out.printf("    closed in %.1f s%n", seconds(closing));
        return found;
    }

    private static List<List<String>> search(ImageDataset dataset) throws Exception {
        List<List<String>> found = new ArrayList<>();
        for (int n = 0; n < QUERIES; n++) {
            Embedding query = new Embedding(FilledTable.VECTORS.query(n));
            found.add(dataset.nearest(new NearestQuery(query, K, false)).neighbors().stream()
                    .map(Neighbor::id)
                    .toList());
        }
        return found;
    }

    private long megabytes() {
        try (Stream<Path> files = Files.walk(work.resolve("vectors"))) {
            return files.mapToLong(file ->
                                    file.toFile().isFile() ? file.toFile().length() : 0)
                            .sum()
                    / 1_000_000;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void await(BooleanSupplier condition) {
        Awaitility.await().atMost(LONGEST).pollInterval(Duration.ofMillis(50)).until(condition::getAsBoolean);
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }
}

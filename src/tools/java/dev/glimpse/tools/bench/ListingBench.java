package dev.glimpse.tools.bench;

import static dev.glimpse.testing.Report.median;
import static dev.glimpse.testing.Report.quantile;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.TableReader;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.springframework.util.FileSystemUtils;

/**
 * Pages of the listing, and what the row of one picture says, found by Lance and in memory: {@code scripts/bench listing}. Arguments:
 * numbers of rows.
 */
final class ListingBench {
    private static final int WARM_UP = 50;
    private static final int ROUNDS = 200;
    private static final int PAGE = 50;
    private static final int MOST = 1000;

    private final Report report;
    private final int rows;

    private ListingBench(Report report, int rows) {
        this.report = report;
        this.rows = rows;
    }

    public static void main(String[] args) throws Exception {
        Report report = new Report();
        report.say(
                "%s; Java %s, %d MB heap",
                Report.machine(),
                Runtime.version().feature(),
                Runtime.getRuntime().maxMemory() >> 20);
        for (String rows : args) {
            new ListingBench(report, Integer.parseInt(rows)).run();
        }
        System.exit(report.status());
    }

    private void run() throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        try (ObjectStore store = TestStores.folder(folder.resolve("store"))) {
            FilledTable.fill(store, folder.resolve("first"), Rows.MODEL, rows);
            try (LanceTable table = FilledTable.open(store, folder.resolve("second"), Rows.MODEL)) {
                report.say("");
                report.say("%,d rows in a folder", rows);
                report.say("%-40s %8s %8s", "", "p50 ms", "p95");
                measure("Lance, ", table.reader());
                // Opens the newest version, then reads its rows into memory.
                table.snapshots().refresh();
                measure("memory, ", table.reader());
            }
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private void measure(String how, TableReader reader) throws Exception {
        ListPosition middle = ListPosition.of(Picture.of(Rows.row(rows / 2)));
        ImageId id = Rows.id(rows / 3);
        measure(how + "first page of " + PAGE, () -> reader.newest(null, PAGE));
        measure(how + "page of " + PAGE + " in the middle", () -> reader.newest(middle, PAGE));
        measure(how + "page of " + MOST + " in the middle", () -> reader.newest(middle, MOST));
        measure(how + "one picture", () -> reader.find(id).stream().toList());
    }

    private void measure(String what, Callable<List<Picture>> page) throws Exception {
        List<Double> millis = new ArrayList<>();
        for (int i = -WARM_UP; i < ROUNDS; i++) {
            long start = System.nanoTime();
            if (page.call().isEmpty()) {
                throw new IOException("nothing was found");
            }
            if (i >= 0) {
                millis.add((System.nanoTime() - start) / 1e6);
            }
        }
        report.say("%-40s %8.2f %8.2f", what, median(millis), quantile(millis, 0.95));
    }
}

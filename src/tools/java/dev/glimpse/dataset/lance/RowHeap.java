package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.testing.ClusteredVectors;
import dev.glimpse.vectors.VectorIndex;
import dev.glimpse.vectors.VectorView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.springframework.util.FileSystemUtils;

/** Measures what each part that is kept of rows takes of the heap. Argument: rows. */
public final class RowHeap {
    private static final int TAGS = 500;
    private static final String HEX = "%016x%016x%032d";

    /** What was made, so that it stays. */
    private final List<Object> kept = new ArrayList<>();

    private final int rows;

    private RowHeap(int rows) {
        this.rows = rows;
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("row-heap");
        try {
            new RowHeap(Integer.parseInt(args[0])).measure(folder);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
    }

    private void measure(Path folder) {
        System.out.printf("%,d rows; bytes of the heap after a collection%n", rows);
        ClusteredVectors vectors = ClusteredVectors.inCones(7, 1000);
        long start = used();
        IdSet ids = keep(new IdSet(new MappedIds(folder)));
        fill(
                "ids of the ledger",
                row -> ids.add(ImageId.parse("images/" + sha(row) + ".jpg").orElseThrow()));
        RowKeys keys = keep(new RowKeys(folder));
        fill("keys", row -> keys.put(row, ListPosition.of(picture(row))));
        RowColumns columns = keep(new RowColumns(folder));
        fill("columns and two tags", row -> columns.put(row, picture(row)));
        RowLooks looks = keep(new RowLooks(folder));
        fill("looks", row -> looks.put(row, new Fingerprint(row, row)));
        RowFile file = keep(new RowFile(folder));
        fill("places in the file of rows", row -> file.write(row, 1, picture(row)));
        VectorIndex index = keep(new VectorIndex(folder, ClusteredVectors.DIMENSION));
        fill("codes by row id", row -> index.put(row, vectors.row(row)));
        BitSet live = new BitSet();
        live.set(0, rows);
        fill("a view, and partitions in the place of codes by row id", row -> {
            if (row == 0) {
                VectorView view = keep(index.view(live));
                while (view.isSettling()) {
                    LockSupport.parkNanos(10_000_000);
                }
                view.nearest(vectors.query(1), 10, 200, 0.01);
            }
        });
        System.out.printf("%-60s %7.1f a row%n", "all", (used() - start) / (double) rows);
        index.close();
        file.close();
        looks.close();
        columns.close();
        keys.close();
        ids.release();
    }

    private <T> T keep(T made) {
        kept.add(made);
        return made;
    }

    private void fill(String name, IntConsumer put) {
        long before = used();
        for (int row = 0; row < rows; row++) {
            put.accept(row);
        }
        System.out.printf("%-60s %7.1f a row%n", name, (used() - before) / (double) rows);
    }

    private static long used() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            System.gc();
            least = Math.min(
                    least,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return least;
    }

    private static String sha(int row) {
        Random random = new Random(row);
        return HEX.formatted(random.nextLong(), random.nextLong(), 0);
    }

    private static Picture picture(int row) {
        return new Picture(
                "images/" + sha(row) + ".jpg",
                null,
                ImageFormat.JPEG.mediaType(),
                100_000L + row,
                640,
                480,
                Instant.ofEpochSecond(1_700_000_000L + row),
                "IMG_" + row + ".jpg",
                null,
                List.of("tag" + row % TAGS, "other" + row % 7),
                null);
    }
}

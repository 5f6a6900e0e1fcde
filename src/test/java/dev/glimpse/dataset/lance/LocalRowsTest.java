package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.words.PendingWords;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Oversampling;
import dev.glimpse.vectors.VectorIndex;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalRowsTest {
    /** So high that its vector is read from a file, which an interrupt ends. */
    private static final int ROW = 1 << 20;

    @TempDir
    Path folder;

    @Test
    void interruptedSearchSaysThatTheTableIsBusy() {
        withOneRow(rows -> {
            Embedding vector = new Embedding(new float[] {0, 1});
            NearestQuery query = new NearestQuery(vector, 1, false);
            Oversampling effort = new Oversampling(1, 1, Double.NaN);

            assertInterruptedIsBusy(() -> rows.nearest(query, effort, 1, TableMeters.UNBOUND));
            assertInterruptedIsBusy(() -> rows.nearest(query.exactly(), effort, 1, TableMeters.UNBOUND));
            assertInterruptedIsBusy(() -> rows.calibrate(List.of(vector), 1, 0.95));
        });
    }

    @Test
    void groupsOfMoreRowsThanTheHeapHasRoomForAreNotMade() {
        withOneRow(rows -> {
            // Most of it goes by the highest number, and the rest by rows.
            long enough = 3 * (12L * (ROW + 1) + 28);

            rows.requireRoomForDuplicates(enough);

            assertThatThrownBy(() -> rows.requireRoomForDuplicates(enough - 3))
                    .isInstanceOf(TableBusyException.class)
                    .hasMessageContaining("larger heap");
        });
    }

    private void withOneRow(Consumer<LocalRows> test) {
        BitSet live = new BitSet();
        live.set(ROW);
        try (VectorIndex index = new VectorIndex(folder, 2);
                RowColumns columns = new RowColumns(folder);
                RowKeys rowKeys = new RowKeys(folder);
                RowLooks looks = new RowLooks(folder);
                RowFile file = new RowFile(folder);
                WordIndex words = new WordIndex(folder);
                PendingWords pendingWords = new PendingWords(folder)) {
            index.put(ROW, new float[] {0, 1});
            looks.put(ROW, new Fingerprint(1, 2));
            RowKeys.View keys = rowKeys.view(live);
            test.accept(new LocalRows(
                    "model",
                    index.view(live),
                    keys,
                    columns.view(live, keys),
                    looks.view(live),
                    file,
                    words,
                    pendingWords,
                    0));
        }
    }

    private static void assertInterruptedIsBusy(Runnable search) {
        Thread.currentThread().interrupt();
        assertThatThrownBy(search::run).isInstanceOf(TableBusyException.class).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
    }
}

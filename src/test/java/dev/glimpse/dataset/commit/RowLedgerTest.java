package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** In which state a row is, and what a search has to add to the table. */
class RowLedgerTest {
    private static final long READ = 7;

    private final RowLedger ledger = new RowLedger(READ);
    private final Pending row = new Pending(row("one"), new CompletableFuture<>());
    private final ImageId id = row.row().id();

    @Test
    void unknownPictureHasNoRow() {
        assertThat(ledger.contains(id)).isFalse();
        assertThat(ledger.isFound(id, READ)).isFalse();
        assertThat(ledger.isCommitted(id)).isFalse();
        assertThat(ledger.unsettled().isNothing()).isTrue();
    }

    @Test
    void pendingRowIsFoundInMemory() {
        ledger.add(row);

        assertThat(ledger.contains(id)).isTrue();
        assertThat(ledger.isFound(id, READ)).isTrue();
        assertThat(ledger.isCommitted(id)).isFalse();
        assertThat(ledger.unsettled().rows()).containsExactly(row.row());
    }

    @Test
    void committedRowStaysInMemoryUntilItsVersionIsRead() {
        ledger.add(row);
        ledger.committed(List.of(row), READ + 1);
        assertThat(ledger.pendingRows()).isZero();
        assertThat(ledger.isCommitted(id)).isTrue();
        assertThat(ledger.unsettled().rows()).containsExactly(row.row());

        ledger.served(READ + 1);

        assertThat(ledger.isFound(id, READ + 1)).isTrue();
        assertThat(ledger.unsettled().isNothing()).isTrue();
    }

    @Test
    void leavingRowIsHiddenUntilItIsShownAgain() {
        ledger.add(row);
        ledger.hide(id);
        assertThat(ledger.contains(id)).isFalse();
        assertThat(ledger.unsettled().rows()).isEmpty();
        assertThat(ledger.unsettled().hidden()).containsExactly(id.toString());

        ledger.show(id);

        assertThat(ledger.contains(id)).isTrue();
        assertThat(ledger.unsettled().hidden()).isEmpty();
    }

    @Test
    void removedRowIsHiddenUntilTheVersionWithoutItIsRead() {
        ledger.add(row);
        ledger.committed(List.of(row), READ);
        ledger.hide(id);
        ledger.removed(id, READ + 1);
        assertThat(ledger.isCommitted(id)).isFalse();
        assertThat(ledger.unsettled().hidden()).containsExactly(id.toString());

        ledger.served(READ + 1);

        assertThat(ledger.unsettled().isNothing()).isTrue();
    }

    private static PictureRow row(String name) {
        return new PictureRow(
                ImageId.of(name.getBytes(StandardCharsets.UTF_8), ImageFormat.PNG),
                "somewhere",
                new Embedding(new float[] {1, 0}),
                1,
                1,
                1,
                Instant.EPOCH,
                null,
                null,
                List.of());
    }
}

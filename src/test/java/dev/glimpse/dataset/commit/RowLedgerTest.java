package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** In which state a row is, and what a search has to add to the table. */
class RowLedgerTest {
    private static final long READ = 7;

    private final RowLedger ledger = new RowLedger(READ, IdSet.Memory.HEAP);
    private final Pending row = new Pending(row("one"), new CompletableFuture<>());
    private final ImageId id = row.row().id();

    @Test
    void unknownPictureHasNoRow() {
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.ABSENT);
        assertThat(ledger.overlay().rows()).isEmpty();
    }

    @Test
    void pendingRowIsFoundInMemory() {
        ledger.add(row);

        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.PENDING);
        assertThat(ledger.overlay().rows()).containsExactly(row.row());
    }

    @Test
    void committedRowStaysInMemoryUntilItsVersionIsRead() {
        ledger.add(row);
        ledger.committed(List.of(row), READ + 1);
        assertThat(ledger.pendingRows()).isZero();
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.COMMITTED);
        assertThat(ledger.overlay().rows()).containsExactly(row.row());

        ledger.served(READ + 1);

        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.COMMITTED);
        assertThat(ledger.overlay().rows()).isEmpty();
    }

    @Test
    void rowOfAnotherServerIsUnreadUntilItsVersionIsReadOrItIsGivenAgain() {
        IdSet others = new IdSet();
        others.add(id);
        ledger.accept(new FragmentIds.Change(others, false), READ + 1);
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.UNREAD);

        assertThat(ledger.giveAgain(row.row())).isTrue();
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.COMMITTED);
        assertThat(ledger.overlay().rows()).containsExactly(row.row());

        ledger.served(READ + 1);

        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.COMMITTED);
        assertThat(ledger.overlay().rows()).isEmpty();
    }

    @Test
    void leavingRowIsHiddenUntilItIsShownAgain() {
        ledger.add(row);
        ledger.hide(id);
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.LEAVING_PENDING);
        assertThat(ledger.overlay().rows()).isEmpty();
        assertThat(ledger.overlay().hidden()).containsExactly(id.toString());

        ledger.show(id);

        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.PENDING);
        assertThat(ledger.overlay().rows()).containsExactly(row.row());
        assertThat(ledger.overlay().hidden()).isEmpty();
    }

    @Test
    void leavingRowOfTheTableStaysInTheTable() {
        ledger.add(row);
        ledger.committed(List.of(row), READ);

        ledger.hide(id);

        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.LEAVING_COMMITTED);
        assertThat(ledger.giveAgain(row.row())).isTrue();
    }

    @Test
    void removedRowIsHiddenUntilTheVersionWithoutItIsRead() {
        ledger.add(row);
        ledger.committed(List.of(row), READ);
        ledger.hide(id);
        ledger.removed(List.of(id), READ + 1);
        assertThat(ledger.stateOf(id)).isEqualTo(PictureState.ABSENT);
        assertThat(ledger.overlay().hidden()).containsExactly(id.toString());

        ledger.served(READ + 1);

        assertThat(ledger.overlay().hidden()).isEmpty();
    }

    /** Whoever asks for the state of a picture waits for the ledger's monitor, and making room on a disk takes long. */
    @Test
    void roomForIdsIsMadeWithoutTheMonitor() {
        List<Boolean> held = new ArrayList<>();
        RowLedger[] made = new RowLedger[1];
        RowLedger large = new RowLedger(READ, (parts, longs) -> {
            held.add(Thread.holdsLock(made[0]));
            return IdSet.Memory.HEAP.allocate(parts, longs);
        });
        made[0] = large;
        large.committed(List.of(row), READ);

        large.makeRoom(100_000);
        IdSet others = new IdSet();
        IntStream.range(0, 150_000).forEach(n -> others.add(row("other " + n).id()));
        large.accept(new FragmentIds.Change(others, false), READ + 1);

        assertThat(held).containsExactly(false, false);
        assertThat(large.stateOf(id)).isEqualTo(PictureState.UNREAD);
        assertThat(large.stateOf(row("other 149999").id())).isEqualTo(PictureState.UNREAD);
    }

    @Test
    void idsThatThereIsNoRoomForGiveTheirMemoryBack() {
        AtomicInteger held = new AtomicInteger();
        IdSet others = new IdSet(
                (parts, longs) -> {
                    held.incrementAndGet();
                    return new IdSet.Parts(
                            IdSet.Memory.HEAP.allocate(parts, longs).buffers(), held::decrementAndGet);
                },
                70_000);
        IntStream.range(0, 70_000).forEach(n -> others.add(row("other " + n).id()));
        RowLedger full = new RowLedger(READ, (parts, longs) -> {
            throw new UncheckedIOException(new IOException("full"));
        });
        FragmentIds.Change change = new FragmentIds.Change(others, false);
        assertThat(held).hasValue(1);

        assertThatThrownBy(() -> full.accept(change, READ + 1)).isInstanceOf(UncheckedIOException.class);

        assertThat(held).hasValue(0);
        assertThat(full.stateOf(id)).isEqualTo(PictureState.ABSENT);
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

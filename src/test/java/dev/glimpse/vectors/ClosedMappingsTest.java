package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosedMappingsTest {
    private final AtomicInteger collections = new AtomicInteger();
    private final AtomicLong clock = new AtomicLong(-5);
    private final ClosedMappings mappings = new ClosedMappings(100, this::collect, clock::get, () -> {});

    /** What a collection does besides. */
    private Runnable freeing = () -> {};

    private void collect() {
        collections.incrementAndGet();
        freeing.run();
    }

    @TempDir
    private Path folder;

    @Test
    void closedFileCountsAsLongAsItIsMapped() {
        ClosedMappings.OfFile open = mappings.new OfFile();
        ClosedMappings.OfFile closed = mappings.new OfFile();
        ByteBuffer kept = ByteBuffer.allocate(50);
        open.add(ByteBuffer.allocate(60), 60);
        closed.add(kept, 50);
        closed.add(ByteBuffer.allocate(80), 80);

        closed.close();
        closed.close();
        await().until(() -> {
            System.gc();
            return mappings.bytes() == 50;
        });
        open.close();

        assertThat(mappings.bytes()).isEqualTo(kept.capacity());
    }

    @Test
    void collectionIsAskedForWhenMuchIsMappedAndOnceAMinuteAtMost() {
        ByteBuffer kept = ByteBuffer.allocate(101);
        close(ByteBuffer.allocate(0));
        mappings.collectIfMany();
        assertThat(collections).hasValue(0);

        close(kept);
        mappings.collectIfMany();
        mappings.collectIfMany();
        assertThat(collections).hasValue(1);
        ByteBuffer other = ByteBuffer.allocate(1);
        close(other);
        mappings.collectIfMany();
        assertThat(collections).hasValue(1);
        clock.addAndGet(TimeUnit.MINUTES.toNanos(1));
        mappings.collectIfMany();

        assertThat(collections).hasValue(2);
        assertThat(mappings.bytes()).isEqualTo(kept.capacity() + other.capacity());
    }

    @Test
    void collectionAfterWhichNothingWasClosedIsAskedForAgainAfterAnHour() {
        ByteBuffer kept = ByteBuffer.allocate(101);
        close(kept);
        mappings.collectIfMany();

        clock.addAndGet(TimeUnit.HOURS.toNanos(1) - 1);
        mappings.collectIfMany();
        assertThat(collections).hasValue(1);
        clock.incrementAndGet();
        mappings.collectIfMany();

        assertThat(collections).hasValue(2);
        assertThat(mappings.bytes()).isEqualTo(kept.capacity());
    }

    @Test
    void fullDiskAsksForACollectionOnlyIfThatCanFreeAnything() {
        assertThat(mappings.collect()).isFalse();
        assertThat(collections).hasValue(0);

        ByteBuffer kept = ByteBuffer.allocate(1);
        close(kept);

        assertThat(mappings.collect()).isFalse();
        assertThat(collections).hasValue(1);
        assertThat(mappings.bytes()).isEqualTo(kept.capacity());
    }

    /** The buffers are freed by hand, because a collection comes when it likes. */
    @Test
    void fullDiskIsToldWhetherACollectionHasFreedAnything() {
        ByteBuffer kept = ByteBuffer.allocate(90);
        ClosedMappings.OfFile file = close(kept);
        freeing = () -> file.remove(30);

        assertThat(mappings.collect()).isTrue();

        assertThat(mappings.bytes()).isEqualTo(kept.capacity() - 30);
    }

    @Test
    void fullDiskAsksForACollectionOnceInTenSecondsAndInAMinuteIfNothingWasClosedMeanwhile() {
        ByteBuffer kept = ByteBuffer.allocate(90);
        close(kept);
        mappings.collect();
        clock.addAndGet(TimeUnit.SECONDS.toNanos(10));
        mappings.collect();
        assertThat(collections).hasValue(1);
        close(kept);
        mappings.collect();
        assertThat(collections).hasValue(2);

        close(kept);
        mappings.collect();
        assertThat(collections).hasValue(2);
        clock.addAndGet(TimeUnit.MINUTES.toNanos(1));
        mappings.collect();

        assertThat(collections).hasValue(3);
        assertThat(mappings.bytes()).isEqualTo(3L * kept.capacity());
    }

    /** One row with a high number, so the file is long and has next to nothing on the disk. */
    @Test
    void vectorsOfAClosedIndexCountAsLongAsSomebodyHasTheIndex() {
        int row = 1 << 20;
        long bytes = (row + 1) * 2048L;
        List<VectorIndex> kept = new ArrayList<>(List.of(new VectorIndex(folder, 512)));
        float[] vector = new float[512];
        vector[0] = 1;
        kept.get(0).put(row, vector);
        kept.get(0).close();
        kept.get(0).close();

        assertThat(ClosedMappings.ALL.bytes()).isBetween(bytes, 2 * bytes - 1);
        kept.clear();
        await().until(() -> {
            System.gc();
            return ClosedMappings.ALL.bytes() < bytes;
        });
    }

    @Test
    void chunksOfAMappedFileCount() {
        MappedFile file = new MappedFile(folder, "test", 1 << 20);
        ByteBuffer chunk = file.chunk(3);

        file.close();

        assertThat(ClosedMappings.ALL.bytes()).isGreaterThanOrEqualTo(chunk.capacity());
    }

    private ClosedMappings.OfFile close(ByteBuffer mapped) {
        ClosedMappings.OfFile file = mappings.new OfFile();
        file.add(mapped, mapped.capacity());
        file.close();
        return file;
    }
}

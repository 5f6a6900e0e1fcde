package dev.glimpse.vectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosedMappingsTest {
    private final AtomicInteger collections = new AtomicInteger();
    private final AtomicLong clock = new AtomicLong(-5);
    private final ClosedMappings mappings = new ClosedMappings(100, collections::incrementAndGet, clock::get);

    @TempDir
    private Path folder;

    @Test
    void closedFileCountsAsLongAsItIsMapped() {
        ClosedMappings.OfFile open = mappings.new OfFile();
        ClosedMappings.OfFile closed = mappings.new OfFile();
        ByteBuffer kept = ByteBuffer.allocate(50);
        open.add(ByteBuffer.allocate(60));
        closed.add(kept);
        closed.add(ByteBuffer.allocate(80));

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
        clock.addAndGet(TimeUnit.MINUTES.toNanos(1));
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

        assertThat(mappings.collect()).isTrue();
        assertThat(collections).hasValue(1);
        assertThat(mappings.bytes()).isEqualTo(kept.capacity());
    }

    @Test
    void chunksOfAMappedFileCount() {
        MappedFile file = new MappedFile(folder, "test", 1 << 20);
        ByteBuffer chunk = file.chunk(3);

        file.close();

        assertThat(ClosedMappings.ALL.bytes()).isGreaterThanOrEqualTo(chunk.capacity());
    }

    private void close(ByteBuffer mapped) {
        ClosedMappings.OfFile file = mappings.new OfFile();
        file.add(mapped);
        file.close();
    }
}

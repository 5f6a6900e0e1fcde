package dev.glimpse.sources;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.sources.SourceMemory.Looked;
import dev.glimpse.sources.SourceMemory.Remembered;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.TestBucket;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SourceMemoryIT {
    private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Source SOURCE = new Source("photos/", 60, null, THEN);
    private static final Aside ASIDE =
            new Aside("photos/ä.png", 7, THEN, Aside.Kind.REFUSED, null, "not \"a\" picture");

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();

    @AfterEach
    void stop() {
        store.close();
        bucket.close();
    }

    @Test
    void anotherServerReadsWhatWasWritten() {
        SourceMemory memory = new SourceMemory(store);
        Remembered before = memory.read();
        Report report = new Progress().report();
        memory.write(SOURCE, before.keys());
        memory.write("photos/", new Looked(report, Map.of(ASIDE.key(), ASIDE)), before.keys());

        SourceMemory other = new SourceMemory(store);
        Remembered read = other.read();

        assertThat(read.sources()).containsExactly(Map.entry("photos/", SOURCE));
        Looked looked = other.looked("photos/", read.keys());
        assertThat(looked.asides()).containsExactly(Map.entry(ASIDE.key(), ASIDE));
        assertThat(looked.report()).isEqualTo(report);
    }

    @Test
    void oneObjectOfEachKindIsLeftHoweverOftenTheyAreWritten() {
        SourceMemory memory = new SourceMemory(store);
        for (int i = 1; i <= 12; i++) {
            Remembered now = memory.read();
            memory.write(new Source("photos/", i, 0.5, THEN), now.keys());
            memory.write("photos/", new Looked(null, Map.of()), now.keys());
        }

        assertThat(store.list("sources/")).hasSize(2);
        assertThat(memory.read().sources().values())
                .extracting(Source::everySeconds)
                .containsExactly(12L);

        Remembered last = memory.read();
        assertThat(memory.isSetUp("photos/", last.keys())).isTrue();
        memory.write(new Source("photos/", 13, 0.5, THEN), memory.read().keys());
        assertThat(memory.isSetUp("photos/", last.keys())).isFalse();

        memory.forget("photos/", memory.read().keys());
        assertThat(store.list("sources/")).isEmpty();
        assertThat(memory.read().sources()).isEmpty();
    }

    @Test
    void whatIsDamagedIsAsGoodAsNothing() {
        assertThat(SourceMemory.unpack("sources/x/looked-1", new byte[] {1, 2, 3}))
                .isEqualTo(new Looked(null, Map.of()));
    }
}

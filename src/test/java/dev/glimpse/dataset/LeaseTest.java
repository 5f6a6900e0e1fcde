package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeaseTest {
    /** The store tells whole seconds. */
    private static final Duration LONGEST = Duration.ofSeconds(3);

    @TempDir
    Path folder;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = TestStores.folder(folder.resolve("store"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Lease of(String server) throws IOException {
        return new Lease(store, folder.resolve(server), LONGEST);
    }

    @Test
    void oneServerHasItAtATimeAndTheNextOneAfterwards() throws IOException {
        Lease one = of("one");
        Lease other = of("other");

        assertThat(one.take()).isTrue();
        assertThat(other.take()).isFalse();

        one.release();
        await().until(other::take);
        assertThat(of("third").take()).isFalse();
    }

    @Test
    void serverThatRestartsHasWhatItHadWhenItDied() throws IOException {
        assertThat(of("one").take()).isTrue();

        assertThat(of("one").take()).isTrue();
    }

    @Test
    void leaseOfAServerThatDiedIsTakenOverAndItsReleaseComesTooLate() throws IOException {
        Lease dead = of("dead");
        assertThat(dead.take()).isTrue();
        Lease other = of("other");

        await().atMost(LONGEST.multipliedBy(4)).until(other::take);

        dead.release();
        assertThat(of("third").take()).isFalse();
    }

    @Test
    void serverThatSaysThatItIsAliveKeepsItForLongerThanThat() throws IOException {
        Lease one = of("one");
        assertThat(one.take()).isTrue();
        Lease other = of("other");
        Instant end = Instant.now().plus(LONGEST.multipliedBy(2));

        await().atMost(LONGEST.multipliedBy(4)).until(() -> {
            one.keep();
            assertThat(other.take()).isFalse();
            return Instant.now().isAfter(end);
        });
    }
}

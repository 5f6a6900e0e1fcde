package dev.glimpse.dataset.upkeep;

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

class MaintenanceLeaseTest {
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

    private MaintenanceLease of(String server) throws IOException {
        return new MaintenanceLease(store, folder.resolve(server), LONGEST);
    }

    @Test
    void oneServerHasItAtATimeAndTheNextOneAfterwards() throws IOException {
        MaintenanceLease one = of("one");
        MaintenanceLease other = of("other");

        assertThat(one.take(false)).isTrue();
        assertThat(other.take(false)).isFalse();

        one.release();
        await().until(() -> other.take(false));
        assertThat(of("third").take(false)).isFalse();
    }

    @Test
    void whatIsUrgentDoesNotWaitAfterANo() throws IOException {
        MaintenanceLease one = of("one");
        MaintenanceLease other = of("two");
        one.take(false);
        assertThat(other.take(false)).isFalse();
        one.release();

        assertThat(other.take(false)).isFalse();
        assertThat(other.take(true)).isTrue();
    }

    @Test
    void serverThatLeavesItToOthersDoesNotTakeItForAWhileHoweverUrgentItIs() throws IOException {
        MaintenanceLease one = of("one");
        one.take(false);
        one.leaveToOthers();
        one.release();

        assertThat(one.take(true)).isFalse();
        await().until(() -> one.take(false));
    }

    @Test
    void serverThatRestartsHasWhatItHadWhenItDied() throws IOException {
        assertThat(of("one").take(false)).isTrue();

        assertThat(of("one").take(false)).isTrue();
    }

    @Test
    void leaseOfAServerThatDiedIsTakenOverAndItsReleaseComesTooLate() throws IOException {
        MaintenanceLease dead = of("dead");
        assertThat(dead.take(false)).isTrue();
        MaintenanceLease other = of("other");

        await().atMost(LONGEST.multipliedBy(4)).until(() -> other.take(false));

        dead.release();
        assertThat(of("third").take(false)).isFalse();
    }

    @Test
    void serverThatSaysThatItIsAliveKeepsItForLongerThanThat() throws IOException {
        MaintenanceLease one = of("one");
        assertThat(one.take(false)).isTrue();
        MaintenanceLease other = of("other");
        Instant end = Instant.now().plus(LONGEST.multipliedBy(2));

        await().atMost(LONGEST.multipliedBy(4)).until(() -> {
            one.keep();
            assertThat(other.take(false)).isFalse();
            return Instant.now().isAfter(end);
        });
    }
}

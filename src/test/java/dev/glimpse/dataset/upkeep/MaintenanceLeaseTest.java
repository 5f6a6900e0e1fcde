package dev.glimpse.dataset.upkeep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaintenanceLeaseTest {
    private static final Duration LONGEST = Duration.ofMinutes(2);

    /** Longer than a server leaves the lease to others, or does not ask again. */
    private static final Duration A_WHILE = LONGEST.dividedBy(3);

    @TempDir
    Path folder;

    private final AtomicLong passedNanos = new AtomicLong();
    private final Elapsed.Clocks clocks =
            new Elapsed.Clocks(passedNanos::get, () -> 1_000_000_000_000L + passedNanos.get() / 1_000_000);
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
        return new MaintenanceLease(store, folder.resolve(server), LONGEST, clocks);
    }

    /** Time passes for the servers, and the lease in the store gets older. */
    private void pass(Duration time) throws IOException {
        passedNanos.addAndGet(time.toNanos());
        Path lease = folder.resolve("store").resolve(MaintenanceLease.KEY);
        if (Files.exists(lease)) {
            Files.setLastModifiedTime(
                    lease,
                    FileTime.from(Files.getLastModifiedTime(lease).toInstant().minus(time)));
        }
    }

    @Test
    void oneServerHasItAtATimeAndTheNextOneAfterwards() throws IOException {
        MaintenanceLease one = of("one");
        MaintenanceLease other = of("other");

        assertThat(one.take(false)).isTrue();
        assertThat(other.take(false)).isFalse();

        one.release();
        pass(A_WHILE);
        assertThat(other.take(false)).isTrue();
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
        pass(A_WHILE);
        assertThat(one.take(false)).isTrue();
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

        pass(A_WHILE);
        assertThat(other.take(false)).isFalse();
        pass(LONGEST);
        assertThat(other.take(false)).isTrue();

        dead.release();
        assertThat(of("third").take(false)).isFalse();
    }

    @Test
    void serverThatSaysThatItIsAliveKeepsItForLongerThanThat() throws IOException {
        MaintenanceLease one = of("one");
        assertThat(one.take(false)).isTrue();
        MaintenanceLease other = of("other");

        for (Duration passed = Duration.ZERO;
                passed.compareTo(LONGEST.multipliedBy(2)) < 0;
                passed = passed.plus(A_WHILE)) {
            pass(A_WHILE.plusMillis(1));
            one.keep();
            assertThat(other.take(false)).isFalse();
        }
    }
}

package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.TestBucket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StoreWatchIT {
    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final StoreWatch watch = new StoreWatch(store, Duration.ofMillis(50));

    @AfterEach
    void stop() {
        watch.stop();
        store.close();
        bucket.close();
    }

    @Test
    void storeThatMayBeWrittenAgainIsFoundOutWithoutAnUpload() {
        bucket.readOnly();
        watch.start();
        await().until(() -> store.problem().isPresent());

        bucket.clearFaults();

        await().until(() -> store.isTried() && store.problem().isEmpty());
        await().until(() -> store.list("").isEmpty());
    }

    @Test
    void bucketThatIsAwayIsAskedAgainAndCalledNoRefusal() {
        bucket.down();
        watch.start();
        await().until(() -> bucket.count("PUT", "doctor/") > 0);
        assertThat(store.problem()).isEmpty();

        bucket.clearFaults();

        await().atMost(Duration.ofSeconds(60)).until(store::isTried);
    }

    @Test
    void storeThatTakesWritesIsAskedNothing() {
        store.requireConditionalPuts();
        bucket.resetCounts();

        watch.start();

        await().during(Duration.ofMillis(300)).until(() -> bucket.requests().isEmpty());
    }
}

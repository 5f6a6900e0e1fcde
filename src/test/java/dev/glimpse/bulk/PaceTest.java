package dev.glimpse.bulk;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final int MOST = 8;

    private final AtomicLong now = new AtomicLong(1);
    private final Pace pace = new Pace(MOST, Double.POSITIVE_INFINITY, Duration.ofSeconds(1), now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    /** Windows in which as many requests as are allowed end, each with so many pictures. */
    private void work(int windows, IntUnaryOperator picturesAt) throws InterruptedException {
        for (int i = 0; i < windows; i++) {
            int requests = pace.limit();
            for (int request = 0; request < requests; request++) {
                long unused = pace.enter();
            }
            pass(Duration.ofSeconds(2));
            for (int request = 0; request < requests; request++) {
                pace.answered(picturesAt.applyAsInt(requests));
                pace.leave();
            }
        }
    }

    @Test
    void moreRequestsAreAllowedWhileTheyBringMore() throws InterruptedException {
        work(60, requests -> 10);

        assertThat(pace.limit()).isEqualTo(MOST);
    }

    @Test
    void serverThatCannotEncodeMoreIsNotGivenMore() throws InterruptedException {
        work(60, requests -> 60 / requests);

        assertThat(pace.limit()).isLessThanOrEqualTo(3);
    }

    @Test
    void refusalHalvesOnceForRequestsThatWereUnderWayTogether() throws InterruptedException {
        work(60, requests -> 10);
        long first = pace.enter();
        long second = pace.enter();
        pass(Duration.ofMillis(10));

        pace.busy(first, Duration.ofSeconds(3));
        pace.busy(second, Duration.ofSeconds(3));

        assertThat(pace.limit()).isEqualTo(MOST / 2);
    }

    @Test
    void nothingBeginsBeforeTheServerWantsIt() throws InterruptedException {
        long started = pace.enter();
        pass(Duration.ofMillis(1));

        pace.busy(started, Duration.ofSeconds(3));
        pace.leave();

        assertThat(pace.untilNext()).isEqualTo(Duration.ofSeconds(3).toNanos());
        pass(Duration.ofSeconds(3));
        assertThat(pace.untilNext()).isZero();
    }

    @Test
    void wishOfAnHourIsCutToAMinute() throws InterruptedException {
        long started = pace.enter();
        pass(Duration.ofMillis(1));

        pace.busy(started, Duration.ofHours(1));
        pace.leave();

        assertThat(pace.untilNext()).isEqualTo(Pace.LONGEST_WAIT.toNanos());
    }

    @Test
    void waitsForAServerThatIsAwayBecomeLonger() {
        pace.away();
        assertThat(pace.untilNext()).isEqualTo(Duration.ofSeconds(1).toNanos());
        pass(Duration.ofSeconds(1));

        pace.away();

        assertThat(pace.untilNext()).isEqualTo(Duration.ofSeconds(2).toNanos());
        assertThat(pace.trouble()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void troubleEndsWithAnAnswer() {
        pace.away();
        pass(Duration.ofSeconds(5));

        pace.answered(1);

        assertThat(pace.trouble()).isZero();
    }
}

package dev.glimpse.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final Instant START = Instant.parse("2026-11-29T22:00:00Z");

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Counter dollars = registry.counter("glimpse.store.dollars");
    private final Counter stored = registry.counter("glimpse.uploads", "outcome", "failed");
    private Instant now = START;
    private final Sampler sampler = new Sampler(new Figures(registry), new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return now;
        }
    });

    /** Goes on by steps of ten seconds, and takes a sample at the end of each. */
    private void pass(Duration time) {
        for (long i = 0; i < time.dividedBy(Duration.ofSeconds(10)); i++) {
            now = now.plusSeconds(10);
            sampler.sample();
        }
    }

    @Test
    void hourAndDayAreRememberedAndNoMore() {
        sampler.sample();
        pass(Duration.ofHours(26));

        assertThat(sampler.hour(0).times())
                .hasSize(360)
                .endsWith(now.getEpochSecond())
                .startsWith(now.getEpochSecond() - 3590);
        assertThat(sampler.day(0).times()).hasSize(288);
        assertThat(sampler.day(0).intervalSeconds()).isEqualTo(300);
        assertThat(sampler.day(0).times().get(0))
                .isBetween(now.getEpochSecond() - 86_400, now.getEpochSecond() - 86_000);
    }

    @Test
    void failuresOfLongerTimesAreToldForEachSecondToo() {
        sampler.sample();
        stored.increment(30);
        pass(Duration.ofMinutes(5));

        assertThat(sampler.day(0).series().get("failures")).containsExactly(null, 0.1);
    }

    @Test
    void todayBeginsAtMidnightOrWithTheServer() {
        dollars.increment(0.5);
        sampler.sample();
        assertThat(sampler.today()).isEqualTo(new Sampler.Today(START, 0.5));

        pass(Duration.ofHours(2));
        dollars.increment(0.25);

        assertThat(sampler.today().since()).isEqualTo(Instant.parse("2026-11-30T00:00:00Z"));
        assertThat(sampler.today().dollars()).isCloseTo(0.25, within(1e-9));
    }

    @Test
    void monthCostsAsTheLastDayDidWithoutTheStart() {
        dollars.increment(100);
        sampler.sample();
        assertThat(sampler.month()).isNull();

        pass(Duration.ofMinutes(30));
        dollars.increment(0.01);
        assertThat(sampler.month()).isCloseTo(0.01 * 2 * 24 * 30, within(1e-6));

        pass(Duration.ofDays(2));
        assertThat(sampler.month()).isCloseTo(0, within(1e-9));
    }
}

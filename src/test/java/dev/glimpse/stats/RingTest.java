package dev.glimpse.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.stats.Ring.Samples;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RingTest {
    private static final Instant START = Instant.parse("2026-11-29T10:00:00Z");

    private final Ring ring = new Ring(Duration.ofSeconds(10), Duration.ofSeconds(50));

    private void add(long second, double pictures, double uploads) {
        ring.add(START.plusSeconds(second), Map.of(Series.PICTURES, pictures, Series.UPLOADS, uploads));
    }

    @Test
    void countsAreToldForEachSecondAndLevelsAsTheyAre() {
        add(0, 3, 100);
        add(10, 5, 120);
        add(21, 5, 120);
        add(30, 4, 129);

        Samples samples = ring.after(0);

        assertThat(samples.intervalSeconds()).isEqualTo(10);
        assertThat(samples.times().stream().map(time -> time - START.getEpochSecond()))
                .containsExactly(0L, 10L, 21L, 30L);
        assertThat(samples.series().get("pictures")).containsExactly(3.0, 5.0, 5.0, 4.0);
        assertThat(samples.series().get("uploads")).containsExactly(null, 2.0, 0.0, 1.0);
        assertThat(samples.series().get("searchP95")).containsOnlyNulls().hasSize(4);
    }

    @Test
    void oldSamplesGiveWayToNewOnes() {
        for (int i = 0; i < 12; i++) {
            add(i * 10L, i, 10.0 * i);
        }

        Samples samples = ring.after(0);

        assertThat(samples.series().get("pictures")).containsExactly(7.0, 8.0, 9.0, 10.0, 11.0);
        assertThat(samples.series().get("uploads")).containsExactly(null, 1.0, 1.0, 1.0, 1.0);
        assertThat(ring.first(Series.PICTURES)).isEqualTo(new Ring.Point(START.plusSeconds(70), 7));
    }

    @Test
    void laterSamplesAloneAreToldWithTheirRates() {
        add(0, 1, 0);
        add(10, 2, 30);
        add(20, 3, 40);

        Samples samples = ring.after(START.getEpochSecond() + 10);

        assertThat(samples.times()).containsExactly(START.getEpochSecond() + 20);
        assertThat(samples.series().get("uploads")).isEqualTo(List.of(1.0));
        assertThat(ring.after(START.getEpochSecond() + 20).times()).isEmpty();
    }

    @Test
    void samplesThatComeTooEarlyAreLeftOut() {
        add(0, 1, 0);
        add(4, 2, 0);
        add(9, 3, 0);

        assertThat(ring.after(0).series().get("pictures")).containsExactly(1.0, 3.0);
    }
}

package dev.glimpse.sources;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.SourceRows.Place;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KnownPlacesTest {
    private static Place place(int n) {
        return new Place("photos/" + n + ".png", n, Instant.ofEpochSecond(n));
    }

    @Test
    void placeIsSeenOnlyIfKeySizeAndTimeAreTheSame() {
        KnownPlaces places = new KnownPlaces();
        IntStream.range(0, 5_000).forEach(n -> places.add(place(n)));
        places.complete();

        assertThat(places.see(place(7))).isTrue();
        assertThat(places.see(place(5_000))).isFalse();
        assertThat(places.see(new Place("photos/8.png", 9, Instant.ofEpochSecond(8))))
                .isFalse();
        assertThat(places.see(new Place("photos/8.png", 8, Instant.ofEpochSecond(9))))
                .isFalse();

        assertThat(places.isUnseen(place(7))).isFalse();
        assertThat(places.isUnseen(place(8))).isTrue();
        assertThat(places.isUnseen(place(5_000))).as("was never added").isFalse();
        assertThat(places.anyUnseen()).isTrue();
        IntStream.range(0, 5_000).forEach(n -> places.see(place(n)));
        assertThat(places.anyUnseen()).isFalse();
    }
}

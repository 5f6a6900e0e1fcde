package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.WordHit;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FusionTest {
    @Test
    void hitOfBothListsComesFirstAndSaysSo() {
        List<Hit> fused = Fusion.of(List.of(near("a", 0.1), near("b", 0.2)), List.of(worded("b", 0.2)));

        assertThat(fused).extracting(FusionTest::id).containsExactly("b", "a");
        assertThat(fused.get(0).matched()).containsExactly(Mode.VECTOR, Mode.TEXT);
        assertThat(fused.get(1).matched()).containsExactly(Mode.VECTOR);
    }

    @Test
    void ranksAreAddedUp() {
        // 1/61 + 1/64 for c, 1/62 + 1/62 for b, 1/63 + 1/61 for a.
        List<Hit> fused = Fusion.of(
                List.of(near("c", 0.1), near("b", 0.2), near("a", 0.3)),
                List.of(worded("a", 0.3), worded("b", 0.2), worded("x", null), worded("c", 0.1)));

        assertThat(fused).extracting(FusionTest::id).containsExactly("a", "b", "c", "x");
    }

    @Test
    void ofEqualRanksTheNearestComesFirstAndTheUnknownLast() {
        List<Hit> fused = Fusion.of(List.of(near("a", 0.5)), List.of(worded("b", 0.6)));
        List<Hit> unknown = Fusion.of(List.of(near("b", 0.5)), List.of(worded("a", null)));

        assertThat(fused).extracting(FusionTest::id).containsExactly("a", "b");
        assertThat(unknown).extracting(FusionTest::id).containsExactly("b", "a");
    }

    @Test
    void hitsOfBothListsAreThere() {
        List<Hit> vectors =
                IntStream.range(0, 5).mapToObj(n -> near("v" + n, n)).toList();
        List<Hit> words =
                IntStream.range(0, 5).mapToObj(n -> worded("w" + n, 1.5)).toList();

        assertThat(Fusion.of(vectors, words))
                .extracting(FusionTest::id)
                .startsWith("v0", "w0", "v1")
                .hasSize(10);
    }

    @Test
    void wordsTakeTheFirstPlaceOnlyFromTheNearest() {
        List<Hit> vectors =
                IntStream.rangeClosed(1, 100).mapToObj(n -> near("v" + n, n)).toList();

        List<Hit> tenth = Fusion.of(vectors, List.of(worded("v10", 10.0)));
        List<Hit> eleventh = Fusion.of(vectors, List.of(worded("v11", 11.0)));
        List<Hit> none = Fusion.of(vectors, List.of(worded("w", 101.0)));

        assertThat(tenth).extracting(FusionTest::id).startsWith("v10", "v1", "v2");
        assertThat(eleventh).extracting(FusionTest::id).startsWith("v1", "v11", "v2");
        assertThat(eleventh.get(1).matched()).containsExactly(Mode.VECTOR, Mode.TEXT);
        assertThat(none).extracting(FusionTest::id).startsWith("v1", "w", "v2");
    }

    private static String id(Hit hit) {
        return hit.picture().id();
    }

    private static Hit near(String id, double distance) {
        return Hit.of(new Neighbor(picture(id), distance));
    }

    private static Hit worded(String id, @Nullable Double distance) {
        return Hit.of(new WordHit(picture(id), distance));
    }

    private static Picture picture(String id) {
        return new Picture(id, null, null, null, null, null, null, null, null, List.of());
    }
}

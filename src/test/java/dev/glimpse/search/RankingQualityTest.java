package dev.glimpse.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RankingQualityTest {
    private static final List<String> RANKING = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k");

    @Test
    void perfectRankingHasOneOfEach() {
        assertThat(RankingQuality.of(RANKING, Set.of("a"))).isEqualTo(new RankingQuality(1, 1, 1, 1, 1));
    }

    @Test
    void rankingWithoutAnythingRelevantHasNothing() {
        assertThat(RankingQuality.of(RANKING, Set.of("z"))).isEqualTo(new RankingQuality(0, 0, 0, 0, 0));
        assertThat(RankingQuality.of(List.of(), Set.of("z"))).isEqualTo(new RankingQuality(0, 0, 0, 0, 0));
    }

    @Test
    void relevantPictureBeyondTheTenthHitDoesNotCount() {
        assertThat(RankingQuality.of(RANKING, Set.of("k"))).isEqualTo(new RankingQuality(0, 0, 0, 0, 0));
    }

    @Test
    void severalRelevantPicturesAreCountedAsTheirDefinitionsSay() {
        RankingQuality quality = RankingQuality.of(RANKING, Set.of("b", "d", "j", "z"));

        assertThat(quality.recallAt1()).isZero();
        assertThat(quality.recallAt5()).isEqualTo(0.5);
        assertThat(quality.recallAt10()).isEqualTo(0.75);
        assertThat(quality.mrr()).isEqualTo(0.5);
        // (1/log2(3) + 1/log2(5) + 1/log2(11)) / (1 + 1/log2(3) + 1/log2(4) + 1/log2(5))
        assertThat(quality.ndcgAt10()).isCloseTo(0.5273, within(5e-5));
    }

    @Test
    void meanIsThatOfEachFigure() {
        RankingQuality mean = RankingQuality.mean(
                List.of(new RankingQuality(1, 1, 1, 1, 1), new RankingQuality(0, 0.5, 0.5, 0.25, 0)));

        assertThat(mean).isEqualTo(new RankingQuality(0.5, 0.75, 0.75, 0.625, 0.5));
    }
}

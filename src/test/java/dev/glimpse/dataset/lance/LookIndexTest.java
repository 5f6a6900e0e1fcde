package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Likeness;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LookIndexTest {
    private record Pair(int one, int other) {}

    private static List<Pair> found(long[] looks) {
        List<Pair> pairs = new ArrayList<>();
        new LookIndex(looks).pairs((one, other) -> {
            pairs.add(new Pair(one, other));
            return 1;
        });
        return pairs;
    }

    /** Looks of which many differ from another one in some bits. */
    private static long[] looks(int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] looks = new long[count];
        for (int i = 0; i < count; i++) {
            looks[i] = i == 0 || random.nextBoolean() ? random.nextLong() : looks[random.nextInt(i)];
            for (int bits = random.nextInt(14); bits > 0; bits--) {
                looks[i] ^= 1L << random.nextInt(64);
            }
        }
        return looks;
    }

    @Test
    void eachPairThatDiffersInFewBitsIsFoundOnceAndNoOther() {
        for (int seed = 0; seed < 20; seed++) {
            long[] looks = looks(500, seed);
            List<Pair> expected = new ArrayList<>();
            for (int one = 0; one < looks.length; one++) {
                for (int other = 0; other < one; other++) {
                    if (Long.bitCount(looks[one] ^ looks[other]) <= Likeness.MOST_LOOK_BITS) {
                        expected.add(new Pair(one, other));
                    }
                }
            }

            assertThat(found(looks)).hasSizeGreaterThan(100).containsExactlyInAnyOrderElementsOf(expected);
        }
    }

    @Test
    void lookThatIsComparedEnoughIsComparedWithNoMore() {
        long[] looks = new long[100];
        int[] compared = new int[looks.length];

        new LookIndex(looks).pairs((one, other) -> 3 - ++compared[one]);

        assertThat(Arrays.stream(compared).max()).hasValue(3);
    }

    @Test
    void noLookHasNoPair() {
        assertThat(found(new long[0])).isEmpty();
        assertThat(found(new long[1])).isEmpty();
    }
}

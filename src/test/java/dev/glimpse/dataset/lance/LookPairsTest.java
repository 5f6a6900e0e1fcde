package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.Likeness;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LookPairsTest {
    /** So many that asking about all of them takes the bands. */
    private static final int MANY = 10_000;

    private record Pair(int one, int other) {
        static Pair of(int a, int b) {
            return new Pair(Math.max(a, b), Math.min(a, b));
        }
    }

    private static BitSet asked(int count, IntPredicate which) {
        return IntStream.range(0, count).filter(which).collect(BitSet::new, BitSet::set, BitSet::or);
    }

    private static List<Pair> found(long[] looks, BitSet asked) {
        List<Pair> pairs = new ArrayList<>();
        assertThat(new LookPairs(looks, share -> {}, (one, other) -> pairs.add(Pair.of(one, other))).find(asked))
                .isTrue();
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

    private static List<Pair> expected(long[] looks, BitSet asked) {
        List<Pair> expected = new ArrayList<>();
        for (int one = 0; one < looks.length; one++) {
            for (int other = 0; other < one; other++) {
                if (Long.bitCount(looks[one] ^ looks[other]) <= Likeness.MOST_LOOK_BITS
                        && (asked.get(one) || asked.get(other))) {
                    expected.add(Pair.of(one, other));
                }
            }
        }
        return expected;
    }

    private static void assertFoundOnceAndNoOther(long[] looks, BitSet asked) {
        List<Pair> found = found(looks, asked);

        assertThat(new HashSet<>(found))
                .hasSizeGreaterThan(20)
                .hasSameSizeAs(found)
                .isEqualTo(new HashSet<>(expected(looks, asked)));
    }

    @Test
    void eachPairOfFewLooksThatDiffersInFewBitsIsFoundOnceAndNoOther() {
        for (int seed = 0; seed < 20; seed++) {
            assertFoundOnceAndNoOther(looks(500, seed), asked(500, look -> true));
            assertFoundOnceAndNoOther(looks(500, seed), asked(500, look -> look % 3 == 0));
        }
    }

    @Test
    void eachPairOfManyLooksThatDiffersInFewBitsIsFoundOnceAndNoOther() {
        assertFoundOnceAndNoOther(looks(MANY, 1), asked(MANY, look -> true));
        assertFoundOnceAndNoOther(looks(MANY, 2), asked(MANY, look -> look % 3 == 0));
        assertFoundOnceAndNoOther(looks(MANY, 3), asked(MANY, look -> look == 5 || look > MANY - 30));
    }

    @Test
    void lookThatIsComparedEnoughIsComparedWithNoMore() {
        for (int count : new int[] {100, MANY}) {
            int[] compared = new int[count];

            new LookPairs(new long[count], share -> {}, (one, other) -> ++compared[one] < 3)
                    .find(asked(count, look -> true));

            // A look that wants no more is asked once more in each block of others.
            assertThat(IntStream.of(compared).max().orElseThrow()).isBetween(3, 3 + count / 1000);
        }
    }

    @Test
    void equalLooksOfManyAreComparedInBoundedTime() {
        long[] looks = new long[200_000];
        double[] last = {0};
        long[] pairs = {0};

        boolean complete = new LookPairs(
                        looks,
                        share -> {
                            assertThat(share).isBetween(last[0], 1.0);
                            last[0] = share;
                        },
                        (one, other) -> ++pairs[0] < 0)
                .find(asked(looks.length, look -> true));

        assertThat(complete).isFalse();
        assertThat(pairs[0]).isBetween(1L, 4L * looks.length);
        assertThat(last[0]).isGreaterThan(0.9);
    }

    @Test
    void progressThatThrowsEndsTheSearch() {
        LookPairs pairs = new LookPairs(
                new long[MANY],
                share -> {
                    throw new IllegalStateException("enough");
                },
                (one, other) -> true);

        assertThatThrownBy(() -> pairs.find(asked(MANY, look -> true))).hasMessage("enough");
    }

    @Test
    void noLookHasNoPair() {
        assertThat(found(new long[0], new BitSet())).isEmpty();
        assertThat(found(new long[1], asked(1, look -> true))).isEmpty();
        assertThat(found(new long[2], new BitSet())).isEmpty();
    }
}

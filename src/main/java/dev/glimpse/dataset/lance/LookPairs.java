package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Likeness;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Finds the pairs of looks that differ in at most {@link Likeness#MOST_LOOK_BITS} bits. For one thread.
 *
 * <p>If few looks are asked about, each is compared with all others. Else multi-index hashing spares most comparisons, see Norouzi, Punjani
 * and Fleet, "Fast Search in Hamming Space with Multi-Index Hashing" (CVPR 2012): looks are cut into four bands of 16 bits. Of two looks that
 * differ in at most 10 bits, the last band differs in at most one, or one of the others in at most two. So in each band those looks meet whose
 * values are so near. All looks of one value meet all of another one at once, because then the looks lie side by side in memory.
 *
 * <p>Of a million looks that are spread evenly, one is compared with 6,500 others; those of photographs are not, and meet more.
 */
final class LookPairs {
    private static final int BAND_BITS = 16;
    private static final int VALUES = 1 << BAND_BITS;

    /** In how many bits the values of two looks that meet may differ, in each band. */
    private static final int[] NEAR_BITS = {2, 2, 2, 1};

    /** What it takes to go through all values of all bands, in comparisons. */
    private static final long ALL_VALUES = 1 << 24;

    /** One look of so many is asked about, or fewer: then comparing these with all takes less time than all bands. */
    private static final int FEW = 256;

    /** Comparisons between two calls of the progress: some milliseconds. */
    private static final long PIECE = 1 << 22;

    /** Looks that are compared with all that are asked about while they are in the cache. */
    private static final int BLOCK = 2048;

    /**
     * How many comparisons one look takes at most, on average. It bounds the time if very many pictures look nearly the same: a million looks
     * take at most six times as long as those that are spread evenly.
     */
    private static final long MOST_MET = 20_000;

    private final long[] looks;
    private final Progress progress;
    private final Pairs pairs;

    /** Comparisons that are to be made, that are made, and that were when the progress was told last. */
    private long total;

    private long made;
    private long told;

    /** Takes pairs. */
    interface Pairs {
        /** Takes a pair of numbers of looks. Answers whether more pairs of the first one are wanted now. */
        boolean take(int one, int other);
    }

    /** @param looks not copied */
    LookPairs(long[] looks, Progress progress, Pairs pairs) {
        int sum = Arrays.stream(NEAR_BITS).map(bits -> bits + 1).sum();
        if (sum <= Likeness.MOST_LOOK_BITS || NEAR_BITS.length * BAND_BITS != Long.SIZE) {
            throw new IllegalStateException("bands miss looks that differ in " + Likeness.MOST_LOOK_BITS + " bits");
        }
        this.looks = looks;
        this.progress = progress;
        this.pairs = pairs;
    }

    /**
     * Hands over each pair of which at least one look is asked about, once.
     *
     * @param asked numbers of looks
     * @return false if so many looks are nearly the same that some pairs were left out
     */
    boolean find(BitSet asked) {
        long few = asked.cardinality();
        long one = few * looks.length;
        if (few * FEW <= looks.length || one <= ALL_VALUES) {
            total = one;
            compareWithAll(asked.stream().toArray(), asked);
            return true;
        }
        return compareInBands(asked);
    }

    // ---- few looks

    private void compareWithAll(int[] few, BitSet asked) {
        for (int from = 0; from < looks.length; from += BLOCK) {
            int to = Math.min(looks.length, from + BLOCK);
            for (int one : few) {
                compareWith(one, from, to, asked);
                count(to - from);
            }
        }
    }

    private void compareWith(int one, int from, int to, BitSet asked) {
        long look = looks[one];
        for (int other = from; other < to; other++) {
            if (Long.bitCount(look ^ looks[other]) <= Likeness.MOST_LOOK_BITS
                    && (other < one || (other > one && !asked.get(other)))
                    && !pairs.take(one, other)) {
                return;
            }
        }
    }

    // ---- many looks

    private boolean compareInBands(BitSet asked) {
        int[][] starts = new int[NEAR_BITS.length][];
        for (int band = 0; band < NEAR_BITS.length; band++) {
            starts[band] = starts(band);
        }
        int most = Integer.MAX_VALUE;
        total = comparisons(starts, most);
        if (total > MOST_MET * looks.length) {
            most = Integer.highestOneBit(looks.length);
            while (most > 1 && comparisons(starts, most) > MOST_MET * looks.length) {
                most /= 2;
            }
            total = comparisons(starts, most);
        }
        for (int band = 0; band < NEAR_BITS.length; band++) {
            new Band(band, starts[band], most).compare(asked);
        }
        return most == Integer.MAX_VALUE;
    }

    /** Where the looks of each value of this band begin, if they are in the order of their values. */
    private int[] starts(int band) {
        int[] starts = new int[VALUES + 1];
        for (long look : looks) {
            starts[value(look, band) + 1]++;
        }
        for (int value = 0; value < VALUES; value++) {
            starts[value + 1] += starts[value];
        }
        return starts;
    }

    /** @param most looks of each value that are compared */
    private static long comparisons(int[][] starts, int most) {
        long sum = 0;
        for (int band = 0; band < starts.length; band++) {
            for (int bits = 0; bits < VALUES; bits++) {
                if (Integer.bitCount(bits) <= NEAR_BITS[band]) {
                    sum += comparisons(starts[band], bits, most);
                }
            }
        }
        return sum;
    }

    private static long comparisons(int[] starts, int bits, int most) {
        long sum = 0;
        for (int value = 0; value < VALUES; value++) {
            int other = value ^ bits;
            if (other >= value) {
                long looks = Math.min(most, starts[value + 1] - starts[value]);
                long others = Math.min(most, starts[other + 1] - starts[other]);
                sum += bits == 0 ? looks * (looks - 1) / 2 : looks * others;
            }
        }
        return sum;
    }

    private static int value(long look, int band) {
        return (int) (look >>> (band * BAND_BITS)) & (VALUES - 1);
    }

    /** All looks in the order of their values in one band. Takes 12 bytes for each. */
    private final class Band {
        private final int band;
        private final int[] starts;
        private final int most;
        private final int[] numbers = new int[looks.length];
        private final long[] ordered = new long[looks.length];

        /** @param most looks of each value that are compared: those with the largest numbers */
        Band(int band, int[] starts, int most) {
            this.band = band;
            this.starts = starts;
            this.most = most;
            int[] next = Arrays.copyOf(starts, VALUES);
            for (int i = 0; i < looks.length; i++) {
                int place = next[value(looks[i], band)]++;
                numbers[place] = i;
                ordered[place] = looks[i];
            }
        }

        void compare(BitSet asked) {
            for (int bits = 0; bits < VALUES; bits++) {
                if (Integer.bitCount(bits) <= NEAR_BITS[band]) {
                    for (int value = 0; value < VALUES; value++) {
                        if ((value ^ bits) >= value) {
                            compare(value, value ^ bits, asked);
                        }
                    }
                }
            }
        }

        private int first(int value) {
            return Math.max(starts[value], starts[value + 1] - most);
        }

        private void compare(int value, int otherValue, BitSet asked) {
            int begin = first(otherValue);
            int end = starts[otherValue + 1];
            if (begin == end) {
                return;
            }
            for (int one = first(value); one < starts[value + 1]; one++) {
                int from = value == otherValue ? one + 1 : begin;
                compare(one, from, end, asked);
                count(end - from);
            }
        }

        private void compare(int one, int from, int end, BitSet asked) {
            long look = ordered[one];
            for (int other = from; other < end; other++) {
                long differing = look ^ ordered[other];
                if (Long.bitCount(differing) <= Likeness.MOST_LOOK_BITS
                        && isFirst(differing)
                        && (asked.get(numbers[one]) || asked.get(numbers[other]))
                        && !pairs.take(numbers[one], numbers[other])) {
                    return;
                }
            }
        }

        /** Whether no band before this one has met the pair. */
        private boolean isFirst(long differing) {
            for (int before = 0; before < band; before++) {
                if (Integer.bitCount(value(differing, before)) <= NEAR_BITS[before]) {
                    return false;
                }
            }
            return true;
        }
    }

    private void count(int comparisons) {
        made += comparisons;
        if (made - told >= PIECE) {
            told = made;
            progress.at(made / (double) total);
        }
    }
}

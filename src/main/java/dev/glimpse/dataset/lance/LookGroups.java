package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Likeness;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one version that look the same, in groups: two rows are in the same group if they look the same, or if others between them do.
 * While it is made it takes heap: see {@link #heapBytes}. Immutable.
 *
 * @param looks the rows that were compared
 * @param same groups of rows with the same pixels; the arrays are not to be changed
 * @param all groups of rows with the same pixels or alike; the arrays are not to be changed
 * @param complete false if so many rows look nearly the same that not all of them were compared with each other
 */
record LookGroups(RowLooks.View looks, List<int[]> same, List<int[]> all, boolean complete) {
    /** What one row takes while groups are made, without what each number up to the highest row takes. */
    private static final int BYTES_PER_ROW = 28;

    /** What {@link Sets} have for each number. */
    private static final int BYTES_PER_NUMBER = 12;

    /** Vectors that one picture is compared with. It bounds the time if very many pictures look nearly the same. */
    private static final int MOST_COMPARED = 64;

    /** Pairs that are known to be in one group already take so much less time than those whose vectors are compared. */
    private static final int QUICKER = 64;

    /** About how many bytes of the heap it takes to make groups of these rows. */
    static long heapBytes(BitSet rows) {
        return (long) rows.length() * BYTES_PER_NUMBER + (long) rows.cardinality() * BYTES_PER_ROW;
    }

    /**
     * Compares all rows with all others. Reads the vectors of those whose looks differ in few bits. Takes some seconds for a million rows.
     *
     * @throws RuntimeException that the progress throws
     */
    static LookGroups of(RowLooks.View looks, VectorView vectors, Progress progress) {
        return new Making(looks, vectors, looks.rows()).groups(List.of(), List.of(), progress);
    }

    /**
     * The groups of a later version. If these are complete, it compares rows that were put since, and those of which a row of their group is
     * gone, with all others; all other groups are what they were. Else it compares all rows.
     *
     * @param now of the same rows as the looks of these groups
     * @throws RuntimeException that the progress throws
     */
    LookGroups next(RowLooks.View now, VectorView vectors, Progress progress) {
        if (!complete) {
            // Those that made it so may be gone.
            return of(now, vectors, progress);
        }
        BitSet loose = now.putSince(looks);
        BitSet unchanged = (BitSet) now.rows().clone();
        unchanged.andNot(loose);
        List<int[]> kept = new ArrayList<>();
        for (int[] group : all) {
            if (IntStream.of(group).allMatch(unchanged::get)) {
                kept.add(group);
            } else {
                IntStream.of(group).filter(now.rows()::get).forEach(loose::set);
            }
        }
        // They lie in one of the other groups each, so the first row tells of all.
        List<int[]> keptSame = same.stream()
                .filter(group -> unchanged.get(group[0]) && !loose.get(group[0]))
                .toList();
        return new Making(now, vectors, loose).groups(keptSame, kept, progress);
    }

    /** For one thread. */
    private static final class Making {
        private final RowLooks.View looks;
        private final VectorView vectors;
        private final BitSet loose;
        private final int[] rows;
        private final Sets sets;

        /** @param loose rows that are in no group yet and are compared with all others */
        private Making(RowLooks.View looks, VectorView vectors, BitSet loose) {
            this.looks = looks;
            this.vectors = vectors;
            this.loose = loose;
            this.rows = looks.rows().stream().toArray();
            this.sets = new Sets(looks.rows().length());
        }

        LookGroups groups(List<int[]> keptSame, List<int[]> kept, Progress progress) {
            progress.at(0);
            keptSame.forEach(sets::unite);
            uniteSame();
            List<int[]> same = sets.groups(rows);
            // All rows with the same pixels are like the same others, so the first one is compared for all of them.
            int[] heads =
                    IntStream.of(rows).filter(row -> sets.find(row) == row).toArray();
            kept.forEach(sets::unite);
            boolean complete = uniteAlike(heads, progress);
            return new LookGroups(looks, same, sets.groups(rows), complete);
        }

        /** Unites loose rows with all that have the same pixels. */
        private void uniteSame() {
            int size = Integer.highestOneBit(Math.max(1, loose.cardinality())) * 4;
            int[] table = new int[size];
            for (int row = loose.nextSetBit(0); row >= 0; row = loose.nextSetBit(row + 1)) {
                table[place(row, table)] = row + 1;
            }
            for (int row : rows) {
                int found = table[place(row, table)];
                if (found != 0) {
                    sets.unite(found - 1, row);
                }
            }
        }

        /** Where the table has a row with the same pixels as this one, or room for it. */
        private int place(int row, int[] table) {
            long pixels = looks.pixels(row);
            int at = Long.hashCode(pixels) & (table.length - 1);
            while (table[at] != 0 && looks.pixels(table[at] - 1) != pixels) {
                at = (at + 1) & (table.length - 1);
            }
            return at;
        }

        /** Answers whether all were compared. */
        private boolean uniteAlike(int[] heads, Progress progress) {
            BitSet asked = new BitSet();
            long[] compared = new long[heads.length];
            for (int i = 0; i < heads.length; i++) {
                compared[i] = looks.look(heads[i]);
                asked.set(i, loose.get(heads[i]));
            }
            Comparison comparison = new Comparison(heads, vectors, sets);
            return new LookPairs(compared, progress, comparison::unite).find(asked) && comparison.complete;
        }
    }

    /** For one thread. */
    private static final class Comparison {
        private final int[] heads;
        private final VectorView vectors;
        private final Sets sets;

        /** What may still be done for each head, in {@link #QUICKER}ths of a comparison of two vectors. */
        private final int[] left;

        /** Whether each pair that was handed over is known to be alike or not. */
        private boolean complete = true;

        private int number = -1;
        private @Nullable Embedding vector;

        private Comparison(int[] heads, VectorView vectors, Sets sets) {
            this.heads = heads;
            this.vectors = vectors;
            this.sets = sets;
            this.left = new int[heads.length];
            Arrays.fill(left, MOST_COMPARED * QUICKER);
        }

        /** Unites two heads if they are alike. Answers whether the first one may be compared with others. */
        boolean unite(int one, int other) {
            if (sets.areOne(heads[one], heads[other])) {
                left[one]--;
            } else if (left[one] > 0 && left[other] > 0) {
                left[one] -= QUICKER;
                left[other] -= QUICKER;
                if (areNear(one, other)) {
                    sets.unite(heads[one], heads[other]);
                }
            } else {
                complete = false;
            }
            // Those that it is not compared with any more are not handed over.
            complete &= left[one] > 0;
            return left[one] > 0;
        }

        private boolean areNear(int one, int other) {
            if (number != one) {
                number = one;
                vector = vector(one).orElse(null);
            }
            Embedding own = vector;
            return own != null
                    && vector(other)
                            .filter(near -> 1 - own.cosine(near) <= Likeness.MOST_DISTANCE)
                            .isPresent();
        }

        private Optional<Embedding> vector(int head) {
            return vectors.vector(heads[head]).map(Embedding::ofDirection);
        }
    }

    /** Disjoint sets of rows. The smallest row stands for its set. */
    private static final class Sets {
        private final int[] parents;

        private Sets(int size) {
            parents = IntStream.range(0, size).toArray();
        }

        private int find(int row) {
            int at = row;
            while (parents[at] != at) {
                parents[at] = parents[parents[at]];
                at = parents[at];
            }
            return at;
        }

        boolean areOne(int a, int b) {
            return find(a) == find(b);
        }

        void unite(int a, int b) {
            int first = find(a);
            int second = find(b);
            parents[Math.max(first, second)] = Math.min(first, second);
        }

        private void unite(int[] rows) {
            for (int row : rows) {
                unite(rows[0], row);
            }
        }

        /**
         * The rows of each set that has two or more.
         *
         * @param rows all of them, the smallest first
         */
        private List<int[]> groups(int[] rows) {
            int[] sizes = new int[parents.length];
            for (int row : rows) {
                sizes[find(row)]++;
            }
            List<int[]> groups = new ArrayList<>();
            int[] numbers = new int[parents.length];
            for (int row : rows) {
                int head = find(row);
                if (head == row && sizes[head] == 1) {
                    continue;
                }
                if (head == row) {
                    numbers[head] = groups.size();
                    groups.add(new int[sizes[head]]);
                }
                // From here on the size is that of the rows that are still to come.
                int[] group = groups.get(numbers[head]);
                group[group.length - sizes[head]] = row;
                sizes[head]--;
            }
            return groups;
        }
    }
}

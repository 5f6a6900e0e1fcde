package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Likeness;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of one version that look the same, in groups: two rows are in the same group if they look the same, or if others between them do.
 * Takes about 90 bytes of heap for each row while it is made. Immutable.
 *
 * @param same groups of rows with the same pixels
 * @param all groups of rows with the same pixels or alike
 */
record LookGroups(List<int[]> same, List<int[]> all) {
    /** Vectors that one picture is compared with. It bounds the time if very many pictures look nearly the same. */
    private static final int MOST_COMPARED = 64;

    /** Takes two seconds for 100,000 rows, and over a minute for a million. Reads the vectors of rows whose looks differ in few bits. */
    static LookGroups of(RowLooks.View looks, VectorView vectors) {
        int[] rows = looks.rows().stream().toArray();
        Sets sets = new Sets(rows.length);
        int[] heads = uniteSame(rows, looks, sets);
        List<int[]> same = sets.groups(rows);
        uniteAlike(heads, rows, looks, vectors, sets);
        return new LookGroups(same, sets.groups(rows));
    }

    /** Unites rows with the same pixels. Answers the first row of each such set. */
    private static int[] uniteSame(int[] rows, RowLooks.View looks, Sets sets) {
        int size = Integer.highestOneBit(Math.max(1, rows.length)) * 4;
        int[] table = new int[size];
        int[] heads = new int[rows.length];
        int count = 0;
        for (int i = 0; i < rows.length; i++) {
            long pixels = looks.pixels(rows[i]);
            int at = Long.hashCode(pixels) & (size - 1);
            while (table[at] != 0 && looks.pixels(rows[table[at] - 1]) != pixels) {
                at = (at + 1) & (size - 1);
            }
            if (table[at] == 0) {
                table[at] = i + 1;
                heads[count++] = i;
            } else {
                sets.unite(table[at] - 1, i);
            }
        }
        return Arrays.copyOf(heads, count);
    }

    private static void uniteAlike(int[] heads, int[] rows, RowLooks.View looks, VectorView vectors, Sets sets) {
        long[] compared =
                IntStream.of(heads).mapToLong(head -> looks.look(rows[head])).toArray();
        Comparison comparison = new Comparison(heads, rows, vectors, sets);
        new LookIndex(compared).pairs(comparison::unite);
    }

    /** For one thread. */
    private static final class Comparison {
        private final int[] heads;
        private final int[] rows;
        private final VectorView vectors;
        private final Sets sets;
        private int number = -1;
        private @Nullable Embedding vector;
        private int left;

        private Comparison(int[] heads, int[] rows, VectorView vectors, Sets sets) {
            this.heads = heads;
            this.rows = rows;
            this.vectors = vectors;
            this.sets = sets;
        }

        /** Unites two heads if they are alike. Answers how many vectors the first one may still be compared with. */
        int unite(int one, int other) {
            if (number != one) {
                number = one;
                vector = vector(one).orElse(null);
                left = vector == null ? 0 : MOST_COMPARED;
            }
            Embedding own = vector;
            if (own == null || sets.areOne(heads[one], heads[other])) {
                return left;
            }
            left--;
            if (vector(other)
                    .filter(near -> 1 - own.cosine(near) <= Likeness.MOST_DISTANCE)
                    .isPresent()) {
                sets.unite(heads[one], heads[other]);
            }
            return left;
        }

        private Optional<Embedding> vector(int head) {
            return vectors.vector(rows[heads[head]]).map(Embedding::ofDirection);
        }
    }

    /** Disjoint sets of the numbers from 0 on. The smallest number stands for its set. */
    private static final class Sets {
        private final int[] parents;

        private Sets(int size) {
            parents = IntStream.range(0, size).toArray();
        }

        private int find(int number) {
            int at = number;
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

        /** The rows of each set that has two or more. */
        private List<int[]> groups(int[] rows) {
            Map<Integer, List<Integer>> found = new HashMap<>();
            for (int i = 0; i < parents.length; i++) {
                int head = find(i);
                if (head != i) {
                    found.computeIfAbsent(head, first -> new ArrayList<>(List.of(rows[first])))
                            .add(rows[i]);
                }
            }
            return found.values().stream()
                    .map(group -> group.stream().mapToInt(row -> row).toArray())
                    .toList();
        }
    }
}

package dev.glimpse.vectors;

import dev.glimpse.vectors.Searchers.Searcher;
import java.util.BitSet;
import java.util.function.IntPredicate;

/**
 * Compares codes with one query: binary ones, whose nearest rows it keeps in the searcher's {@link Searcher#near}, and finer ones. It uses the
 * searcher's memory. For one thread.
 */
final class CodeScan {
    /** Levels that estimated cosines are rounded to. A level is far smaller than the error of an estimate. */
    static final int LEVELS = 4096;

    /**
     * Codes that are touched before the first of them is used. They are far apart, and so the processor waits for several of them at once: a search of
     * ten million rows takes a quarter less time.
     */
    private static final int AHEAD = 32;

    private final CodeStore store;
    private final float[] query;
    private final BinaryCodes.Query coded;
    private final Searcher searcher;

    /** @param coded the query, prepared for the codes of the store */
    CodeScan(CodeStore store, float[] query, BinaryCodes.Query coded, Searcher searcher) {
        this.store = store;
        this.query = query;
        this.coded = coded;
        this.searcher = searcher;
    }

    /** Begins anew, for so many of the nearest rows. */
    void start(int nearest) {
        searcher.near.start(nearest, query.length + 1);
    }

    /** Compares rows wherever they are. */
    void compareOneByOne(BitSet rows) {
        for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
            searcher.near.addIfNearer(row, store.distance(coded, row));
        }
    }

    /** Compares rows that are in no partition. */
    void compareBlocks(BitSet rows) {
        int[] distances = searcher.distances;
        for (int row = rows.nextSetBit(0); row >= 0; ) {
            int start = row - row % distances.length;
            int count = Math.min(distances.length, rows.length() - start);
            coded.distances(store.chunk(row), start % VectorIndex.CHUNK_ROWS, count, distances);
            keep(count, rows::get, start, false);
            row = rows.nextSetBit(start + count);
        }
    }

    /**
     * Compares the grouped rows of the groups that are nearest to the query.
     *
     * @param layout of the store's partitions
     * @param most rows to compare; those of the last group may be more
     */
    void comparePartitions(PartitionLayout layout, long most) {
        Partitions partitions = layout.partitions();
        if (most >= layout.size()) {
            comparePositions(layout, 0, partitions.size(), layout.size() == partitions.size());
            return;
        }
        BitSet done = new BitSet();
        long left = most;
        int wanted = layout.groupsFor(most);
        while (left > 0 && done.cardinality() < partitions.count()) {
            for (int group : partitions.nearest(query, coded, wanted)) {
                if (left > 0 && !done.get(group)) {
                    int start = partitions.start(group);
                    int end = partitions.end(group);
                    int count = layout.count(group);
                    if (count > 0) {
                        comparePositions(layout, start, end, count == end - start);
                    }
                    left -= count;
                    done.set(group);
                }
            }
            // Hardly ever: the nearest groups have fewer rows than groups have on the average.
            wanted = partitions.count();
        }
    }

    /** @param all whether the layout has all rows at these positions */
    private void comparePositions(PartitionLayout layout, int from, int end, boolean all) {
        Partitions partitions = layout.partitions();
        int[] distances = searcher.distances;
        for (int at = from; at < end; ) {
            int start = at;
            int inChunk = start % Partitions.CHUNK_ROWS;
            int count = Math.min(Math.min(distances.length, end - start), Partitions.CHUNK_ROWS - inChunk);
            coded.distances(partitions.codes(start), inChunk, count, distances);
            keep(count, position -> all || layout.grouped().get(partitions.row(position)), start, true);
            at += count;
        }
    }

    /**
     * Keeps rows that are near. One of the partitions is kept as the bitwise complement of its position, because to look for the position of a row
     * takes longer than what is done with it then.
     *
     * @param start row of the first distance, or its position in the partitions
     * @param wanted tells it of one of these
     */
    private void keep(int count, IntPredicate wanted, int start, boolean positions) {
        TopK near = searcher.near;
        int[] distances = searcher.distances;
        int bound = near.bound();
        for (int group = 0; group < count; group += 8) {
            // Eight at a time, because hardly a row is near enough: measured a quarter faster than one by one.
            if (least(distances, group) < bound) {
                for (int i = group; i < Math.min(group + 8, count); i++) {
                    if (distances[i] < bound && wanted.test(start + i)) {
                        near.add(positions ? ~(start + i) : start + i, distances[i]);
                        bound = near.bound();
                    }
                }
            }
        }
    }

    private static int least(int[] of, int at) {
        int first = Math.min(Math.min(of[at], of[at + 1]), Math.min(of[at + 2], of[at + 3]));
        int second = Math.min(Math.min(of[at + 4], of[at + 5]), Math.min(of[at + 6], of[at + 7]));
        return Math.min(first, second);
    }

    /** Estimates the cosines of the nearest rows. */
    void estimate(TopK nearer) {
        TopK near = searcher.near;
        int count = near.finish();
        for (int from = 0; from < count; from += AHEAD) {
            int end = Math.min(count, from + AHEAD);
            for (int i = from; i < end; i++) {
                searcher.touched ^= store.touch(near.row(i));
            }
            for (int i = from; i < end; i++) {
                estimate(near.row(i), nearer);
            }
        }
    }

    private void estimate(int place, TopK nearer) {
        if (place >= 0) {
            nearer.addIfNearer(place, level(store.cosine(coded, place)));
            return;
        }
        int level = level(store.cosineAt(coded, ~place));
        if (level < nearer.bound()) {
            nearer.add(store.rowAt(~place), level);
        }
    }

    /** Estimates the cosines of these rows. */
    void estimate(BitSet rows, TopK nearer) {
        for (int row = rows.nextSetBit(0); row >= 0; row = rows.nextSetBit(row + 1)) {
            nearer.addIfNearer(row, level(store.cosine(coded, row)));
        }
    }

    /** Estimates the cosines of these candidates by their finer codes, if they are more than so many, and keeps so many of them. */
    TopK best(TopK candidates, int most) {
        int count = candidates.finish();
        if (count <= most) {
            return candidates;
        }
        TopK best = searcher.best;
        best.start(most, LEVELS + 1);
        long[] code = store.newFinerCode();
        for (int from = 0; from < count; from += AHEAD) {
            int end = Math.min(count, from + AHEAD);
            for (int i = from; i < end; i++) {
                searcher.touched ^= store.touchFiner(candidates.row(i));
            }
            for (int i = from; i < end; i++) {
                int row = candidates.row(i);
                best.addIfNearer(row, level(store.finerCosine(coded, row, code)));
            }
        }
        return best;
    }

    private static int level(float cosine) {
        return (int) (Math.min(1, Math.max(0, (1 - cosine) / 2)) * LEVELS);
    }
}

package dev.glimpse.vectors;

import java.util.BitSet;

/** Which rows of a view are where, in partitions that were made after the view. Immutable: nothing of it is changed. */
final class PartitionLayout {
    private static final int FEWEST_GROUPS = 16;
    private static final double RESERVE = 1.5;

    private final Partitions partitions;

    /** Rows that the partitions have in the group they belong to. */
    private final BitSet grouped;

    /** Rows that the partitions do not have. */
    private final BitSet later;

    /** Rows that the partitions may have in a wrong group. */
    private final BitSet moved;

    /** The number of grouped rows of each group. */
    private final int[] counts;

    private final int size;

    /** @param live rows of the view; not changed */
    PartitionLayout(Partitions partitions, BitSet live) {
        this.partitions = partitions;
        moved = partitions.moved();
        counts = new int[partitions.count()];
        grouped = new BitSet(live.length());
        for (int group = 0; group < counts.length; group++) {
            for (int at = partitions.start(group); at < partitions.end(group); at++) {
                int row = partitions.row(at);
                if (live.get(row) && !moved.get(row)) {
                    grouped.set(row);
                    counts[group]++;
                }
            }
        }
        size = grouped.cardinality();
        moved.and(live);
        BitSet rest = (BitSet) live.clone();
        rest.andNot(grouped);
        rest.andNot(moved);
        // A clone takes no more than its highest row needs, and a layout is kept for each filter that is remembered.
        later = (BitSet) rest.clone();
    }

    boolean isOf(Partitions current) {
        return partitions == current;
    }

    Partitions partitions() {
        return partitions;
    }

    BitSet grouped() {
        return grouped;
    }

    /** The number of grouped rows. */
    int size() {
        return size;
    }

    BitSet later() {
        return later;
    }

    BitSet moved() {
        return moved;
    }

    /** How many of the nearest groups most likely have so many grouped rows. */
    int groupsFor(long rows) {
        int groups = partitions.count();
        double inProportion = groups * (rows / (double) Math.max(1, size));
        return (int) Math.min(groups, FEWEST_GROUPS + RESERVE * inProportion);
    }

    /** The number of grouped rows of this group. */
    int count(int group) {
        return counts[group];
    }
}

package dev.glimpse.dataset.lance;

import static dev.glimpse.dataset.DuplicateGroups.MOST_PICTURES;

import dev.glimpse.dataset.DuplicateGroups.Group;
import dev.glimpse.dataset.Likeness.Kind;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The groups of rows of one version that look the same, in their order. Immutable. Safe for use by several threads. */
public final class Duplicates {
    /** What a group takes besides its rows, and what each of its rows takes. */
    private static final long BYTES_PER_GROUP = 48;

    private static final long BYTES_PER_ROW = 4;

    /** A group. */
    private static final class Entry {
        private final Kind kind;

        /** The newest first. Never changed. */
        private final int[] rows;

        private Entry(Kind kind, int[] rows) {
            this.kind = kind;
            this.rows = rows;
        }
    }

    private final LookGroups groups;
    private final List<Entry> same;
    private final List<Entry> all;
    private final long unknown;
    private final RowKeys.View keys;
    private final RowFile file;

    /** @param live number of rows of the version */
    Duplicates(LookGroups groups, RowKeys.View keys, RowFile file, int live) {
        this.groups = groups;
        this.keys = keys;
        this.file = file;
        this.unknown = (long) live - groups.looks().rows().cardinality();
        this.same = entries(groups.same());
        this.all = entries(groups.all());
    }

    /** Whether these are groups of rows that were read together with those of this view. */
    boolean isOf(RowLooks.View looks) {
        return groups.looks().isOfSameRows(looks);
    }

    /** See {@link LookGroups#next}. */
    LookGroups next(RowLooks.View looks, VectorView vectors, Progress progress) {
        return groups.next(looks, vectors, progress);
    }

    private List<Entry> entries(List<int[]> found) {
        Comparator<Integer> order = keys.order(this::id);
        return found.stream()
                .map(rows -> new Entry(
                        kind(rows),
                        IntStream.of(rows)
                                .boxed()
                                .sorted(order)
                                .mapToInt(row -> row)
                                .toArray()))
                .sorted((one, other) -> order.compare(one.rows[0], other.rows[0]))
                .toList();
    }

    private Kind kind(int[] rows) {
        long pixels = groups.looks().pixels(rows[0]);
        return IntStream.of(rows).allMatch(row -> groups.looks().pixels(row) == pixels) ? Kind.SAME : Kind.ALIKE;
    }

    /** In a file, so it is asked for only if two rows came in the same microsecond. */
    private String id(int row) {
        return file.readRows(List.of(row)).get(0).id();
    }

    /** Rows that have no fingerprint, so that they are in no group. */
    public long unknown() {
        return unknown;
    }

    /** Whether all pairs were compared: see {@link LookGroups#complete}. */
    public boolean isComplete() {
        return groups.complete();
    }

    /** The number of groups. */
    public int size() {
        return all.size();
    }

    /** About how many bytes of the heap the groups take. */
    public long bytes() {
        return bytes(same) + bytes(all);
    }

    private static long bytes(List<Entry> entries) {
        // Each group is there twice: in the order of the rows, and in that of their times.
        return 2
                * entries.stream()
                        .mapToLong(entry -> BYTES_PER_GROUP + entry.rows.length * BYTES_PER_ROW)
                        .sum();
    }

    /**
     * The first {@code k} groups after this position.
     *
     * @param kind {@link Kind#SAME} for groups of rows with the same pixels, {@link Kind#ALIKE} for groups in which not all have the same;
     *     null for these and those groups of the same pixels that nothing else is alike to
     * @param after null for the first groups
     * @param now a later version, or the same; rows that it does not have are in no group
     * @param hidden pictures that are in no group
     * @param shown whether a group of these pictures is wanted; not asked of groups that have more than {@code MOST_PICTURES}
     * @param large whether those groups are wanted
     */
    public List<Group> after(
            @Nullable Kind kind,
            @Nullable ListPosition after,
            int k,
            LocalRows now,
            Predicate<Picture> hidden,
            Predicate<List<Picture>> shown,
            boolean large) {
        List<Entry> entries = kind == Kind.SAME ? same : all;
        List<Group> found = new ArrayList<>();
        for (Entry entry : entries.subList(after == null ? 0 : firstAfter(after, entries), entries.size())) {
            if (found.size() == k) {
                break;
            }
            if (kind == Kind.ALIKE && entry.kind != Kind.ALIKE) {
                continue;
            }
            List<Integer> rows =
                    Arrays.stream(entry.rows).filter(now::hasLook).boxed().toList();
            List<Picture> read =
                    file.readRows(rows.stream().limit(MOST_PICTURES).toList());
            List<Picture> pictures = read.stream()
                    .filter(hidden.negate())
                    .sorted(Comparator.comparing(ListPosition::of))
                    .toList();
            if (pictures.size() > 1 && (rows.size() > MOST_PICTURES ? large : shown.test(pictures))) {
                int gone = read.size() - pictures.size();
                found.add(new Group(position(entry), entry.kind, rows.size() - gone, pictures));
            }
        }
        return found;
    }

    private ListPosition position(Entry entry) {
        return new ListPosition(keys.micros(entry.rows[0]), id(entry.rows[0]));
    }

    /** The number of the first group after this position. */
    private int firstAfter(ListPosition position, List<Entry> entries) {
        int low = 0;
        int high = entries.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (keys.isAfter(entries.get(middle).rows[0], position, this::id)) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}

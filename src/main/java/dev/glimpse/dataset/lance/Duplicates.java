package dev.glimpse.dataset.lance;

import static dev.glimpse.dataset.DuplicateGroups.MOST_PICTURES;

import dev.glimpse.dataset.DuplicateGroups.Group;
import dev.glimpse.dataset.Likeness.Kind;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The groups of rows of one version that look the same, in their order. Immutable. Safe for use by several threads. */
public final class Duplicates {
    /** @param rows the newest first */
    private record Entry(ListPosition position, Kind kind, List<Integer> rows) {}

    private final List<Entry> same;
    private final List<Entry> all;
    private final long unknown;
    private final RowFile file;

    private Duplicates(List<Entry> same, List<Entry> all, long unknown, RowFile file) {
        this.same = same;
        this.all = all;
        this.unknown = unknown;
        this.file = file;
    }

    /** @param live number of rows of the version */
    static Duplicates of(RowLooks.View looks, VectorView vectors, RowKeys.View keys, RowFile file, int live) {
        LookGroups groups = LookGroups.of(looks, vectors);
        return new Duplicates(
                entries(groups.same(), looks, keys, file),
                entries(groups.all(), looks, keys, file),
                live - looks.rows().cardinality(),
                file);
    }

    private static List<Entry> entries(List<int[]> groups, RowLooks.View looks, RowKeys.View keys, RowFile file) {
        return groups.stream()
                .map(rows -> entry(rows, looks, keys, file))
                .sorted(Comparator.comparing(Entry::position))
                .toList();
    }

    private static Entry entry(int[] rows, RowLooks.View looks, RowKeys.View keys, RowFile file) {
        List<Integer> sorted = IntStream.of(rows)
                .boxed()
                .sorted(Comparator.comparingLong(keys::micros).reversed())
                .toList();
        long newest = keys.micros(sorted.get(0));
        // Nearly always one, so that the file is read once.
        List<Integer> first =
                sorted.stream().takeWhile(row -> keys.micros(row) == newest).toList();
        ListPosition position = file.readRows(first).stream()
                .map(ListPosition::of)
                .min(Comparator.naturalOrder())
                .orElseThrow();
        long pixels = looks.pixels(rows[0]);
        boolean same = IntStream.of(rows).allMatch(row -> looks.pixels(row) == pixels);
        return new Entry(position, same ? Kind.SAME : Kind.ALIKE, sorted);
    }

    /** Rows that have no fingerprint, so that they are in no group. */
    public long unknown() {
        return unknown;
    }

    /**
     * The first {@code k} groups after this position.
     *
     * @param kind {@link Kind#SAME} for groups of rows with the same pixels, {@link Kind#ALIKE} for groups in which not all have the same;
     *     null for these and those groups of the same pixels that nothing else is alike to
     * @param after null for the first groups
     * @param hidden pictures that are in no group
     * @param shown whether a group of these pictures is wanted; not asked of groups that have more than {@code MOST_PICTURES}
     * @param large whether those groups are wanted
     */
    public List<Group> after(
            @Nullable Kind kind,
            @Nullable ListPosition after,
            int k,
            Predicate<Picture> hidden,
            Predicate<List<Picture>> shown,
            boolean large) {
        List<Group> groups = new ArrayList<>();
        for (Entry entry : kind == Kind.SAME ? same : all) {
            if (groups.size() == k) {
                break;
            }
            if ((after != null && entry.position.compareTo(after) <= 0)
                    || (kind == Kind.ALIKE && entry.kind != Kind.ALIKE)) {
                continue;
            }
            List<Picture> read =
                    file.readRows(entry.rows.stream().limit(MOST_PICTURES).toList());
            List<Picture> pictures = read.stream()
                    .filter(hidden.negate())
                    .sorted(Comparator.comparing(ListPosition::of))
                    .toList();
            if (pictures.size() > 1 && (entry.rows.size() > MOST_PICTURES ? large : shown.test(pictures))) {
                int gone = read.size() - pictures.size();
                groups.add(new Group(entry.position, entry.kind, entry.rows.size() - gone, pictures));
            }
        }
        return groups;
    }
}

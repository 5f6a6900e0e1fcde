package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.lance.Manifest.FragmentState;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Knows which pictures have rows, and follows that from one version to the next by reading only the fragments that are new. It keeps a sum
 * over the ids of each fragment, of about 40 bytes. A merge replaces fragments by others with the same ids. Then the sums are equal, so no
 * id has gone. Ids are hashes, so different ids have equal sums with a chance of 1 in 10^38. For one thread.
 */
public final class FragmentIds {
    /** Reads the pictures of rows, with the fragment of each row. */
    interface Source {
        /**
         * Reads the rows of these fragments.
         *
         * @param fragments null for all
         */
        void scan(@Nullable List<Integer> fragments, Rows rows) throws IOException;
    }

    /** Takes a row. */
    interface Rows {
        void row(int fragment, ImageId id);
    }

    /**
     * The pictures that one version has and the version before has not.
     *
     * @param ids the new pictures, or all of them
     * @param all whether these are all pictures of the version
     */
    public record Change(IdSet ids, boolean all) {}

    /**
     * A sum over ids, modulo 2^64 in each half.
     *
     * @param count of ids
     */
    private record Sum(long count, long high, long low) {
        static final Sum NONE = new Sum(0, 0, 0);

        Sum plus(Sum other) {
            return new Sum(count + other.count, high + other.high, low + other.low);
        }

        Sum minus(Sum other) {
            return new Sum(count - other.count, high - other.high, low - other.low);
        }

        static Sum of(ImageId id) {
            return new Sum(1, IdSet.high(id), IdSet.low(id));
        }

        static Sum of(Collection<ImageId> ids) {
            return ids.stream().map(Sum::of).reduce(NONE, Sum::plus);
        }
    }

    private record Known(FragmentState state, Sum sum) {}

    private final IdSet.Memory memory;
    private Map<Integer, Known> known = new HashMap<>();

    /** @param memory for large sets of ids */
    FragmentIds(IdSet.Memory memory) {
        this.memory = memory;
    }

    /**
     * Goes on to this version, and reads what is new in it.
     *
     * @param isKnown whether the version before had a row of this picture
     * @param source of this version
     */
    Change follow(Manifest manifest, Predicate<ImageId> isKnown, Source source) throws IOException {
        List<Integer> fresh = fresh(manifest);
        boolean touched = manifest.fragments().stream()
                .anyMatch(state -> known.containsKey(state.id())
                        && !known.get(state.id()).state.equals(state));
        if (touched) {
            return readAll(manifest, source);
        }
        IdSet added = new IdSet(memory);
        Map<Integer, Sum> sums = new HashMap<>();
        Sum[] kept = {Sum.NONE};
        if (!fresh.isEmpty()) {
            scan(source, fresh, added, (fragment, id) -> {
                sums.merge(fragment, Sum.of(id), Sum::plus);
                if (isKnown.test(id)) {
                    kept[0] = kept[0].plus(Sum.of(id));
                } else {
                    added.add(id);
                }
            });
        }
        if (!goneFrom(manifest).equals(kept[0])) {
            added.release();
            return readAll(manifest, source);
        }
        accept(manifest, sums);
        return new Change(added, false);
    }

    /** Goes on to this version, and reads all ids of it. */
    Change readAll(Manifest manifest, Source source) throws IOException {
        known = new HashMap<>();
        IdSet all = new IdSet(memory, Math.min(IdSet.MOST, manifest.rows()));
        Map<Integer, Sum> sums = new HashMap<>();
        scan(source, null, all, (fragment, id) -> {
            sums.merge(fragment, Sum.of(id), Sum::plus);
            all.add(id);
        });
        accept(manifest, sums);
        return new Change(all, true);
    }

    /** Scans into this set. After a failure nobody has the set, so it gives its memory back. */
    private static void scan(Source source, @Nullable List<Integer> fragments, IdSet into, Rows rows)
            throws IOException {
        try {
            source.scan(fragments, rows);
        } catch (IOException | RuntimeException | Error e) {
            into.release();
            throw e;
        }
    }

    /** Goes on to a version that has rows of these pictures in addition. Nothing is read. */
    void appended(Manifest manifest, Collection<ImageId> ids) {
        fillIn(manifest, Sum.of(ids));
    }

    /** Goes on to a version in which several fragments have become one, with the same rows. Nothing is read. */
    void merged(Manifest manifest) {
        fillIn(manifest, goneFrom(manifest));
    }

    /** Goes on to a version in which fragments have other files, and the same rows. Nothing is read. */
    void refilled(Manifest manifest) {
        accept(manifest, Map.of());
    }

    /**
     * Goes on to a version in which rows have been written again. Nothing is read.
     *
     * @param ids of the rows that it had before, by the fragments that they were in
     * @param again of the rows that it has instead
     */
    void replaced(Manifest manifest, Map<Integer, List<ImageId>> ids, Collection<ImageId> again) {
        List<Integer> fresh = fresh(manifest);
        if (fresh.size() == 1) {
            Map<Integer, Sum> sums = without(ids);
            sums.put(fresh.get(0), Sum.of(again));
            accept(manifest, sums);
        }
    }

    /** Goes on to a version that has lost these rows, given by the fragments that they were in. Nothing is read. */
    void deleted(Manifest manifest, Map<Integer, List<ImageId>> ids) {
        accept(manifest, without(ids));
    }

    /** The sums of these fragments after they have lost these rows. */
    private Map<Integer, Sum> without(Map<Integer, List<ImageId>> ids) {
        Map<Integer, Sum> sums = new HashMap<>();
        ids.forEach((fragment, gone) -> {
            Known before = known.get(fragment);
            if (before != null) {
                sums.put(fragment, before.sum.minus(Sum.of(gone)));
            }
        });
        return sums;
    }

    private List<Integer> fresh(Manifest manifest) {
        return manifest.fragments().stream()
                .map(FragmentState::id)
                .filter(id -> !known.containsKey(id))
                .toList();
    }

    /** Gives the sum to the new fragment. If several are new, it is not known which has which ids, so {@link #follow} reads them. */
    private void fillIn(Manifest manifest, Sum sum) {
        List<Integer> fresh = fresh(manifest);
        if (fresh.size() == 1) {
            accept(manifest, Map.of(fresh.get(0), sum));
        }
    }

    private Sum goneFrom(Manifest manifest) {
        Set<Integer> there =
                manifest.fragments().stream().map(FragmentState::id).collect(Collectors.toSet());
        return known.entrySet().stream()
                .filter(fragment -> !there.contains(fragment.getKey()))
                .map(fragment -> fragment.getValue().sum)
                .reduce(Sum.NONE, Sum::plus);
    }

    private void accept(Manifest manifest, Map<Integer, Sum> changed) {
        Map<Integer, Known> next = new HashMap<>();
        for (FragmentState state : manifest.fragments()) {
            Known before = known.get(state.id());
            Sum sum = changed.get(state.id());
            next.put(state.id(), new Known(state, sum != null ? sum : before == null ? Sum.NONE : before.sum));
        }
        known = next;
    }
}

package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.Facets;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Nearest;
import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableMeters;
import dev.glimpse.dataset.WordHit;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.words.PendingWords;
import dev.glimpse.dataset.words.WordIndex;
import dev.glimpse.dataset.words.WordReader;
import dev.glimpse.dataset.words.WordSearch;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import dev.glimpse.vectors.Hit;
import dev.glimpse.vectors.Oversampling;
import dev.glimpse.vectors.SearchInterruptedException;
import dev.glimpse.vectors.VectorView;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Searches the rows of one version without Lance and without the bucket. Safe for use by several threads. */
public final class LocalRows {
    /** The most filters whose rows are remembered. Of a million rows, one takes 250 kB. */
    private static final int FILTERS = 16;

    /** Rows of about the same look whose vectors are compared with that of one picture. */
    private static final int MOST_NEAR = 64;

    private final String model;
    private final VectorView vectors;
    private final RowKeys.View keys;
    private final RowColumns.View columns;
    private final RowLooks.View looks;
    private final RowFile rows;
    private final WordIndex words;
    private final PendingWords pendingWords;
    private final int skipped;

    /** Negative before anybody has asked. */
    private volatile long pictureBytes = -1;

    /** The rows that pass filters, of those that were asked for last. Guarded by itself. */
    private final Map<RowFilter, Passing> remembered = new LinkedHashMap<>(FILTERS, 0.75f, true);

    /**
     * The rows that pass a filter.
     *
     * @param rows of all rows; not to be changed
     * @param vectors of those that have one
     */
    private record Passing(BitSet rows, VectorView vectors) {}

    /**
     * @param model fingerprint of the model that made the vectors
     * @param vectors of the rows that have one
     * @param keys of all rows
     * @param columns of all rows
     * @param looks of all rows
     * @param words of all rows
     * @param pendingWords of rows that are in memory
     * @param skipped number of rows of the version that have no vector
     */
    LocalRows(
            String model,
            VectorView vectors,
            RowKeys.View keys,
            RowColumns.View columns,
            RowLooks.View looks,
            RowFile rows,
            WordIndex words,
            PendingWords pendingWords,
            int skipped) {
        this.model = model;
        this.vectors = vectors;
        this.keys = keys;
        this.columns = columns;
        this.looks = looks;
        this.rows = rows;
        this.words = words;
        this.pendingWords = pendingWords;
        this.skipped = skipped;
    }

    /** The number of rows of the version that no search finds, because they have no vector. */
    public int skipped() {
        return skipped;
    }

    /** Bytes of the pictures whose rows say how many they have. Goes through all rows the first time. */
    public long pictureBytes() {
        long known = pictureBytes;
        if (known < 0) {
            known = columns.pictureBytes();
            pictureBytes = known;
        }
        return known;
    }

    /** Fingerprint of the model that made the vectors. */
    public String model() {
        return model;
    }

    public VectorView vectors() {
        return vectors;
    }

    int size() {
        return vectors.size();
    }

    /**
     * Finds near rows that a query asks for. Unless the query is exact, one of the true nearest rows may be missing.
     *
     * @param effort what to look at, unless it is exact
     * @param version of the table that these rows are of
     * @param meters get what the steps take
     * @throws TableBusyException if the thread is interrupted
     */
    public Nearest nearest(NearestQuery query, Oversampling effort, long version, TableMeters meters) {
        long start = System.nanoTime();
        VectorView among = query.filter().isNone() ? vectors : passing(query.filter()).vectors;
        boolean exact = query.exact() || among.isExact(query.k(), effort.candidates());
        float[] vector = query.vector().toArray();
        List<Hit> hits = search(() -> exact
                ? among.nearestExact(vector, query.k(), (float) query.leastDistance())
                : among.nearest(vector, query.k(), effort.candidates(), effort.share()));
        long searched = System.nanoTime();
        List<Neighbor> neighbors = rows.read(hits);
        meters.scans().record(searched - start, TimeUnit.NANOSECONDS);
        meters.rows().record(System.nanoTime() - searched, TimeUnit.NANOSECONDS);
        return new Nearest(
                neighbors,
                new Nearest.Effort(
                        version,
                        exact ? Nearest.Method.EXACT : Nearest.Method.CODES,
                        size(),
                        (long) among.size(),
                        (long) (exact ? among.size() : VectorView.vectorsRead(query.k(), effort.candidates())),
                        0));
    }

    /**
     * Finds the rows that have the words of a query, the best first; among them are rows in memory that the version does not have.
     *
     * @param memory rows of different pictures that wait in memory
     * @param hidden ids of rows that are not found
     * @throws TableBusyException if the thread is interrupted
     */
    public List<WordHit> words(WordQuery query, List<PictureRow> memory, Set<String> hidden) {
        BitSet shown = passing(query.filter()).rows;
        if (!hidden.isEmpty()) {
            shown = (BitSet) shown.clone();
            rowsOf(hidden, shown).values().forEach(shown::clear);
        }
        if (memory.isEmpty()) {
            try (WordReader reader = words.reader()) {
                return WordSearch.search(List.of(new WordSearch.Part(reader, shown)), query).stream()
                        .map(found -> hit(found.row(), query))
                        .toList();
            }
        }
        Set<String> known = inMemoryAndHere(memory, hidden);
        try (WordReader reader = words.reader();
                PendingWords.Reading pending = pendingWords.read(memory)) {
            WordSearch.Part ofMemory = pending.part(row ->
                    !known.contains(row.id().toString()) && query.filter().matches(row));
            return WordSearch.search(List.of(new WordSearch.Part(reader, shown), ofMemory), query).stream()
                    .map(found ->
                            found.part() == 0 ? hit(found.row(), query) : WordHit.of(pending.row(found.row()), query))
                    .toList();
        }
    }

    /** Ids of the pictures that both memory and this version have, and that are not hidden. */
    private Set<String> inMemoryAndHere(List<PictureRow> memory, Set<String> hidden) {
        Set<String> ids =
                memory.stream().map(row -> row.id().toString()).collect(Collectors.toCollection(HashSet::new));
        ids.removeAll(hidden);
        return rowsOf(ids, passing(RowFilter.NONE).rows).keySet();
    }

    /** Those of these rows that have one of these ids, by id. */
    private Map<String, Integer> rowsOf(Set<String> ids, BitSet among) {
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(ids, among, candidates::add);
        List<Picture> pictures = rows.readRows(candidates);
        Map<String, Integer> found = new HashMap<>();
        for (int i = 0; i < pictures.size(); i++) {
            if (ids.contains(pictures.get(i).id())) {
                found.put(pictures.get(i).id(), candidates.get(i));
            }
        }
        return found;
    }

    private WordHit hit(int row, WordQuery query) {
        Picture picture = rows.readRows(List.of(row)).get(0);
        return search(() -> vectors.vector(row))
                .map(vector -> WordHit.of(picture, Embedding.ofDirection(vector), query.vector()))
                .orElseGet(() -> new WordHit(picture, null));
    }

    private Passing passing(RowFilter filter) {
        synchronized (remembered) {
            Passing known = remembered.get(filter);
            if (known != null) {
                return known;
            }
        }
        BitSet passing = columns.matching(filter);
        Passing found = new Passing(passing, vectors.restrictedTo(passing));
        synchronized (remembered) {
            remembered.put(filter, found);
            if (remembered.size() > FILTERS) {
                remembered.remove(remembered.keySet().iterator().next());
            }
        }
        return found;
    }

    /**
     * Counts the rows that pass a filter.
     *
     * @param apart ids of pictures whose rows are not counted; those that pass are in the result
     */
    TableReader.Counted count(RowFilter filter, Set<String> apart) {
        BitSet counted = (BitSet) passing(filter).rows.clone();
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(apart, counted, candidates::add);
        List<Picture> pictures = rows.readRows(candidates);
        List<Picture> found = new ArrayList<>();
        for (int i = 0; i < pictures.size(); i++) {
            if (apart.contains(pictures.get(i).id())) {
                found.add(pictures.get(i));
                counted.clear(candidates.get(i));
            }
        }
        Facets.Counter counter = new Facets.Counter();
        columns.count(counted, counter);
        return new TableReader.Counted(counter, found);
    }

    /**
     * Measures what a search needs to look at to reach the recall; see {@link Oversampling#calibrate}.
     *
     * @throws TableBusyException if the thread is interrupted
     */
    Oversampling calibrate(List<Embedding> queries, int k, double recall) {
        List<float[]> arrays = queries.stream().map(Embedding::toArray).toList();
        return search(() -> Oversampling.calibrate(vectors, arrays, k, recall));
    }

    /**
     * The ids of the true neighbors of each query; see {@link Oversampling#truth}.
     *
     * @throws TableBusyException if the thread is interrupted
     */
    List<Set<String>> truth(List<Embedding> queries, int k) {
        List<float[]> arrays = queries.stream().map(Embedding::toArray).toList();
        return search(() -> Oversampling.truth(vectors, arrays, k)).stream()
                .map(hits -> rows
                        .readRows(hits.stream().map(hit -> (int) hit.rowId()).toList())
                        .stream()
                        .map(Picture::id)
                        .collect(Collectors.toSet()))
                .toList();
    }

    /** The first {@code k} pictures after this position, the newest first; of all pictures if the position is null. */
    List<Picture> newest(@Nullable ListPosition after, int k) {
        return rows.readRows(
                keys.first(after, k, row -> rows.readRows(List.of(row)).get(0).id()));
    }

    /** The vector of this picture. Empty if the version has no such row, or no vector in it. */
    public Optional<Embedding> vectorOf(ImageId id) {
        return rowOf(id).flatMap(row -> search(() -> vectors.vector(row))).map(Embedding::ofDirection);
    }

    /** Vectors of at most {@code count} rows, spread evenly over those that have one. */
    List<Embedding> sample(int count) {
        return search(
                () -> vectors.sample(count).stream().map(Embedding::ofDirection).toList());
    }

    private Optional<Integer> rowOf(ImageId id) {
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(id.toString(), candidates::add);
        return candidates.stream()
                .filter(row -> rows.readRows(List.of(row)).get(0).id().equals(id.toString()))
                .findFirst();
    }

    /** The picture with this id. Empty if the version has no such row. */
    public Optional<Picture> find(ImageId id) {
        List<Integer> candidates = new ArrayList<>();
        keys.mayHave(id.toString(), candidates::add);
        return rows.readRows(candidates).stream()
                .filter(picture -> picture.id().equals(id.toString()))
                .findFirst();
    }

    /** The fingerprint of this picture. Empty if the version has no such row, or no fingerprint in it. */
    public Optional<Fingerprint> fingerprintOf(ImageId id) {
        return rowOf(id)
                .filter(row -> looks.rows().get(row))
                .map(row -> new Fingerprint(looks.pixels(row), looks.look(row)));
    }

    /** Rows that look the same as a picture with this fingerprint and this vector, itself included, in no order. */
    public List<Likeness> likenesses(Fingerprint fingerprint, Embedding vector) {
        List<Integer> near = looks.near(fingerprint, MOST_NEAR);
        List<Picture> pictures = rows.readRows(near);
        List<Likeness> found = new ArrayList<>();
        for (int i = 0; i < near.size(); i++) {
            int row = near.get(i);
            Picture picture = pictures.get(i);
            Fingerprint other = new Fingerprint(looks.pixels(row), looks.look(row));
            Likeness.of(
                            picture,
                            fingerprint,
                            other,
                            () -> search(() -> vectors.vector(row))
                                    .map(own -> 1 - Embedding.ofDirection(own).cosine(vector))
                                    .orElse(Double.POSITIVE_INFINITY))
                    .ifPresent(found::add);
        }
        return found;
    }

    /**
     * The groups of rows that look the same. Takes some seconds for a million rows; with the groups of an earlier version, as long as it takes
     * to compare rows that came since with all others.
     *
     * @param earlier groups; null to compare all rows, which also those of other rows than these, as of another model, make necessary
     * @throws RuntimeException that the progress throws
     */
    public Duplicates duplicates(@Nullable Duplicates earlier, Progress progress) {
        LookGroups groups = search(() -> earlier != null && earlier.isOf(looks)
                ? earlier.next(looks, vectors, progress)
                : LookGroups.of(looks, vectors, progress));
        return new Duplicates(groups, keys, rows, size() + skipped);
    }

    /** Whether these rows and the others are of versions that were read together, and share files: they are closed together. */
    public boolean isOfSameRows(LocalRows other) {
        return looks.isOfSameRows(other.looks);
    }

    /** Whether these rows are closed, so that they cannot be searched any more. */
    public boolean isClosed() {
        return vectors.isClosed();
    }

    /** Whether the version has this row, with a fingerprint. */
    boolean hasLook(int row) {
        return looks.rows().get(row);
    }

    /** About how many bytes of the heap it takes to make the groups of rows that look the same, while that is done. */
    public long bytesForDuplicates() {
        return LookGroups.heapBytes(looks.rows());
    }

    /**
     * Does nothing if so large a heap has room for making the groups of rows that look the same.
     *
     * @param heap in bytes
     * @throws TableBusyException if it has not
     */
    public void requireRoomForDuplicates(long heap) {
        long needed = bytesForDuplicates();
        long room = ServedRows.heapForRows(heap);
        if (needed > room) {
            throw new TableBusyException(
                    "duplicates among %d pictures take %d MB of heap while they are found, and at most %d MB are for that: the server needs a larger heap"
                            .formatted(vectors.size(), needed >> 20, room >> 20));
        }
    }

    private static <T> T search(Supplier<T> search) {
        try {
            return search.get();
        } catch (SearchInterruptedException e) {
            throw new TableBusyException("interrupted while reading vectors");
        }
    }
}

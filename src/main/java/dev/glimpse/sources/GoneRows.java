package dev.glimpse.sources;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.RowNotes;
import dev.glimpse.dataset.SourceRows;
import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Takes rows of sources out of the table and keeps what was said of their pictures. Rows of pictures that lie elsewhere as well, in the
 * source or as uploads, name that place from then on. For one thread.
 */
final class GoneRows {
    /** Rows that go or move in one version. */
    static final int CHANGES = 1_000;

    /** Rows that are best given at once: the whole table is read for them. */
    static final int AT_ONCE = 20 * CHANGES;

    private final ObjectStore store;
    private final ImageDataset dataset;
    private final SourceRows rows;
    private final Originals originals;
    private final Reconciler reconciler;
    private final Executor requests;
    private final Set<ImageId> said;
    private final Progress progress;
    private final Waiting waiting;

    /**
     * @param said pictures of which something is kept; those are added of which something is kept now
     * @param progress is told how many have gone and moved
     */
    GoneRows(Look.Tools tools, Set<ImageId> said, Progress progress, Waiting waiting) {
        this.store = tools.store();
        this.dataset = tools.dataset();
        this.rows = tools.dataset().sourceRows();
        this.originals = new Originals(tools.store(), tools.dataset());
        this.reconciler = tools.reconciler();
        this.requests = tools.requests();
        this.said = said;
        this.progress = progress;
        this.waiting = waiting;
    }

    /**
     * Takes the rows of these pictures out, unless they name other places by now, or something else is said of them since this has begun.
     *
     * @param elsewhere where else pictures lie in the source
     * @throws InterruptedException also if nothing further may be begun
     */
    void remove(Collection<ImageId> gone, Map<ImageId, Place> elsewhere) throws InterruptedException {
        Map<ImageId, CompletableFuture<Optional<ObjectHead>>> heads = new HashMap<>();
        Map<ImageId, Place> others = new HashMap<>();
        for (ImageId id : gone) {
            Place other = elsewhere.get(id);
            if (other == null) {
                heads.put(id, CompletableFuture.supplyAsync(() -> store.head(id.toString()), requests));
            } else {
                others.put(id, other);
            }
        }
        List<ImageId> uploaded = new ArrayList<>();
        List<ImageId> nowhere = new ArrayList<>();
        for (Map.Entry<ImageId, CompletableFuture<Optional<ObjectHead>>> head : heads.entrySet()) {
            (waiting.await(head.getValue()).isPresent() ? uploaded : nowhere).add(head.getKey());
        }
        for (Map<ImageId, Place> some : parts(others)) {
            waiting.requireMayGoOn();
            progress.moved.addAndGet(waiting.await(rows.move(some, store)));
        }
        for (ImageId id : uploaded) {
            // What the upload has said is in its object.
            boolean there = waiting.await(reconciler.describe(id));
            (there ? progress.moved : progress.removed).incrementAndGet();
        }
        removeRows(nowhere);
    }

    /** Takes the rows of these pictures out, wherever else the pictures lie. Else as {@link #remove}. */
    void removeRows(Collection<ImageId> gone) throws InterruptedException {
        if (gone.isEmpty()) {
            return;
        }
        Set<ImageId> ids = Set.copyOf(gone);
        Map<ImageId, RowNotes> notes = new HashMap<>();
        dataset.forEachRow((id, row) -> {
            if (ids.contains(id)) {
                notes.put(id, row);
            }
        });
        for (Map<ImageId, RowNotes> some : parts(notes)) {
            waiting.requireMayGoOn();
            removeSome(some);
        }
    }

    private static <V> List<Map<ImageId, V>> parts(Map<ImageId, V> all) {
        List<Map<ImageId, V>> parts = new ArrayList<>();
        Map<ImageId, V> part = new HashMap<>();
        for (Map.Entry<ImageId, V> one : all.entrySet()) {
            if (part.isEmpty() || part.size() == CHANGES) {
                part = new HashMap<>();
                parts.add(part);
            }
            part.put(one.getKey(), one.getValue());
        }
        return parts;
    }

    private void removeSome(Map<ImageId, RowNotes> some) throws InterruptedException {
        List<CompletableFuture<Void>> kept = new ArrayList<>();
        some.forEach((id, row) -> {
            if (said.contains(id) || row.caption() != null || !row.tags().isEmpty()) {
                said.add(id);
                kept.add(CompletableFuture.runAsync(() -> originals.keepSaid(id, row.caption(), row.tags()), requests));
            }
        });
        for (CompletableFuture<Void> one : kept) {
            waiting.await(one);
        }
        progress.removed.addAndGet(waiting.await(rows.remove(some)).size());
    }
}

package dev.glimpse.spark;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlTooLargeException;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecoderBusyException;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Takes the pictures of one task in: the original into the store, and a row that is to be committed. Sources with the same bytes get one
 * row. Safe for use by several threads.
 */
final class PictureIntake {
    /** Attempts at a picture while others take the memory for pixels. */
    private static final int ATTEMPTS = 10;

    private final Workshop workshop;
    private final ObjectStore store;
    private final RowDeriver deriver;
    private final UrlFetcher fetcher;
    private final IdSet known;
    private final IdSet left;
    private final IdSet deleted;
    private final boolean isAgain;

    /** What became of the pictures of this task. */
    private final Map<ImageId, CompletableFuture<Outcome>> mine = new ConcurrentHashMap<>();

    /**
     * @param fetcher remains the caller's
     * @param known pictures that have rows
     * @param left pictures whose rows were written and not committed by a job before
     * @param deleted pictures that were deleted before the job began
     * @param isAgain whether the task has run before: then pictures that it stored may have been deleted since
     */
    PictureIntake(
            Workshop workshop,
            TableModels table,
            UrlFetcher fetcher,
            IdSet known,
            IdSet left,
            IdSet deleted,
            boolean isAgain) {
        this.workshop = workshop;
        this.store = workshop.store();
        this.deriver = workshop.deriver(table);
        this.fetcher = fetcher;
        this.known = known;
        this.left = left;
        this.deleted = deleted;
        this.isAgain = isAgain;
    }

    /**
     * Takes a picture in. Blocks until its row is made.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer; the task is to be run again then
     */
    Outcome take(Source source) {
        workshop.places().acquireUninterruptibly();
        try {
            return attempt(source);
        } catch (UnsupportedImageException
                | DamagedImageException
                | ImageTooLargeException
                | ImageTooSlowException
                | MetadataTooLongException
                | UrlTooLargeException e) {
            return Outcome.refused(e.getMessage());
        } catch (UrlNotFetchedException | DecoderUnavailableException e) {
            return Outcome.failed(e.getMessage());
        } finally {
            workshop.places().release();
        }
    }

    private Outcome attempt(Source source) {
        Optional<ImageId> stored = source.isUrl() ? Optional.empty() : ImageId.parse(source.place());
        if (stored.isPresent()) {
            return once(stored.get(), () -> rowOfStored(stored.get()));
        }
        if (source.isUrl()) {
            return store(source, fetcher.fetch(UrlFetcher.parse(source.place())));
        }
        Optional<byte[]> read;
        try {
            long size = source.bytes() < 0
                    ? store.head(source.place()).map(ObjectHead::bytes).orElse(0L)
                    : source.bytes();
            if (size > Workshop.LARGEST.toBytes()) {
                return tooLarge(size);
            }
            read = store.get(source.place());
        } catch (IllegalArgumentException e) {
            // A bucket may have keys that not every store can keep, and a list may have anything.
            return Outcome.refused(e.getMessage());
        }
        return read.map(bytes -> store(source, bytes))
                .orElseGet(() -> Outcome.failed("there is no object of this key"));
    }

    private static Outcome tooLarge(long bytes) {
        return Outcome.refused(bytes + " bytes, and a picture may have " + Workshop.LARGEST.toBytes());
    }

    private Outcome store(Source source, byte[] bytes) {
        if (bytes.length == 0) {
            return Outcome.refused("empty");
        }
        ImageFormat format = deriver.formatOf(bytes);
        ImageId id = ImageId.of(bytes, format);
        return once(id, () -> rowOf(source, id, bytes));
    }

    private interface Making {
        Outcome make();
    }

    private Outcome once(ImageId id, Making making) {
        if (known.contains(id)) {
            return Outcome.known();
        }
        if (left.contains(id)) {
            return Outcome.left();
        }
        CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        CompletableFuture<Outcome> before = mine.putIfAbsent(id, outcome);
        if (before != null) {
            return unwrapped(before).again();
        }
        try {
            Outcome made = patiently(making);
            // The row itself is not kept: of a large task all vectors would be in memory.
            outcome.complete(new Outcome(made.kind(), null, made.reason()));
            return made;
        } catch (RuntimeException | Error e) {
            outcome.completeExceptionally(e);
            throw e;
        }
    }

    /** Pictures wait for each other for half a minute at most, which a few large ones may take. */
    private static Outcome patiently(Making making) {
        for (int i = 1; ; i++) {
            try {
                return making.make();
            } catch (DecoderBusyException | EncoderBusyException e) {
                if (i == ATTEMPTS || Thread.currentThread().isInterrupted()) {
                    throw e;
                }
            }
        }
    }

    /** The row of a picture that lies in the store as pictures of Glimpse do. */
    private Outcome rowOfStored(ImageId id) {
        Optional<ObjectHead> head = store.head(id.toString());
        if (head.isPresent() && head.get().bytes() > Workshop.LARGEST.toBytes()) {
            return tooLarge(head.get().bytes());
        }
        return head.flatMap(said -> joined(() -> deriver.rowOf(id, said)))
                .map(Outcome::row)
                .orElseGet(() -> deleted.contains(id) || DeletedPictures.has(id, store)
                        ? Outcome.deleted()
                        : Outcome.failed("there is no picture of this id"));
    }

    /** A picture that was deleted and uploaded again is there, and may still be in the trash. */
    private boolean isDeleted(ImageId id) {
        return (deleted.contains(id) || (isAgain && DeletedPictures.has(id, store)))
                && store.head(id.toString()).isEmpty();
    }

    private Outcome rowOf(Source source, ImageId id, byte[] bytes) {
        if (isDeleted(id)) {
            return Outcome.deleted();
        }
        UploadMetadata notes = new UploadMetadata(source.name(), source.caption(), source.tags()).fitted();
        RowDeriver.Derived derived = deriver.derive(id, bytes, workshop.ticket());
        Instant uploadedAt = Instant.now().truncatedTo(ChronoUnit.MICROS);
        boolean first =
                store.putIfAbsent(id.toString(), bytes, id.format().mediaType(), notes.toMetadata(null, uploadedAt));
        if (first) {
            return Outcome.row(unwrapped(derived.row(notes, uploadedAt)));
        }
        // Of a picture that is there, the row says what the picture says.
        Optional<PictureRow> row =
                store.head(id.toString()).map(head -> unwrapped(RowDeriver.rowSaying(derived, head)));
        return row.map(Outcome::row).orElseGet(() -> Outcome.failed("deleted while it was stored"));
    }

    private interface Joining<T> {
        T get();
    }

    private static <T> T joined(Joining<T> joining) {
        try {
            return joining.get();
        } catch (CompletionException e) {
            throw cause(e);
        }
    }

    private static <T> T unwrapped(CompletableFuture<T> made) {
        return joined(made::join);
    }

    private static RuntimeException cause(CompletionException e) {
        return e.getCause() instanceof RuntimeException cause ? cause : e;
    }
}

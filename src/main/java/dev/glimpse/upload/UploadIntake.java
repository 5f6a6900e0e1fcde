package dev.glimpse.upload;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.consistency.UploadsBusyException;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlUploadOffException;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.StoreUse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Begins uploads: each gets a thread, then memory for its bytes, and goes to the {@link Uploader}. Threads and memory go to waiting uploads
 * in the order of their priority, so that a client with many files does not hold up others. Safe for use by several threads.
 */
public final class UploadIntake {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** Long enough that only a server that is busy for others all the time refuses a client with one file. */
    private static final Duration THREAD_PATIENCE = Duration.ofSeconds(30);

    private static final Duration MEMORY_PATIENCE = Duration.ofSeconds(10);

    private final Uploader uploader;
    private final UploadMeters meters;
    private final @Nullable UrlFetcher fetcher;
    private final MemoryBudget threads;
    private final MemoryBudget memory;
    private final Executor uploads;
    private final Executor fetches;
    private final DataSize largest;
    private final Duration deadline;

    /**
     * @param fetcher null if no URLs are taken
     * @param threads how many uploads of files may run; one unit for each
     * @param memory for the bytes of pictures; a budget of the same scheduler
     * @param uploads runs uploads of files
     * @param fetches runs uploads of URLs, and refuses those that are too many
     * @param largest the most bytes of a file
     * @param deadline after which the client of an upload waits no longer; the upload itself goes on
     */
    UploadIntake(
            Uploader uploader,
            @Nullable UrlFetcher fetcher,
            MemoryBudget threads,
            MemoryBudget memory,
            Executor uploads,
            Executor fetches,
            DataSize largest,
            Duration deadline) {
        this.uploader = uploader;
        this.meters = uploader.meters();
        this.fetcher = fetcher;
        this.threads = threads;
        this.memory = memory;
        this.uploads = uploads;
        this.fetches = fetches;
        this.largest = largest;
        this.deadline = deadline;
        meters.memory(memory);
    }

    /**
     * Uploads a picture, and waits until that is done.
     *
     * @param caption null if there is none
     * @param tags none of which has a comma: a comma parts tags
     * @throws FileTooLargeException if the picture has too many bytes
     * @throws MetadataTooLongException if too much is said of it
     * @throws UploadsBusyException if no thread or no memory is free in time
     * @throws CompletionException with what {@link Uploader#store} throws as its cause; with a {@link TimeoutException} at the deadline
     */
    public StoredPicture upload(SentPicture picture, @Nullable String caption, List<String> tags, Ticket ticket) {
        String[] captions = caption == null ? null : new String[] {caption};
        return await(upload(picture, new SentNotes(1, captions, tags.toArray(String[]::new)), 0, ticket));
    }

    /** Waits for an upload, and tells the log of changes if it has stored the picture. For the thread of the request, whose caller it names. */
    static StoredPicture await(CompletableFuture<StoredPicture> upload) {
        StoredPicture picture = upload.join();
        if (picture.stored()) {
            audit.info("stored {}", picture.id());
        }
        return picture;
    }

    /**
     * Uploads a picture of a request. Waits for a thread; the rest happens on that thread.
     *
     * @param index of the picture among those that the notes are for
     * @return completes with what {@link Uploader#store} returns or throws; with a {@link FileTooLargeException} if it has too many bytes,
     *     or a {@link MetadataTooLongException} if too much is said of it; with an {@link UploadsBusyException} if no thread or no memory
     *     is free in time; with a {@link TimeoutException} at the deadline
     */
    CompletableFuture<StoredPicture> upload(SentPicture picture, SentNotes notes, int index, Ticket ticket) {
        long start = System.nanoTime();
        return meters.watched(start, begun(picture, notes, index, ticket, start));
    }

    private CompletableFuture<StoredPicture> begun(
            SentPicture picture, SentNotes notes, int index, Ticket ticket, long start) {
        try {
            UploadMetadata said = notes.of(index, picture.filename());
            if (picture.size() > largest.toBytes()) {
                throw new FileTooLargeException(said.displayName(), largest);
            }
            Lease thread = acquire(
                    threads, 1, ticket, THREAD_PATIENCE, "more pictures are being uploaded than there are threads");
            try {
                return begin(uploads, () -> {
                    try (thread) {
                        return store(picture.size(), () -> bytes(picture), said, ticket, start);
                    }
                });
            } catch (RuntimeException | Error e) {
                thread.close();
                throw e;
            }
        } catch (UploadsBusyException | FileTooLargeException | MetadataTooLongException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Fetches the picture of a URL and uploads it, on a thread of its own.
     *
     * @param index of the picture among those that the notes are for
     * @return as {@link #upload(SentPicture, SentNotes, int, Ticket)}, or completes with a {@link UrlNotFetchedException}
     * @throws UrlUploadOffException if no URLs are taken
     */
    CompletableFuture<StoredPicture> upload(String url, SentNotes notes, int index, Ticket ticket) {
        UrlFetcher source = fetcher();
        long start = System.nanoTime();
        return meters.watched(start, begun(source, url, notes, index, ticket, start));
    }

    private CompletableFuture<StoredPicture> begun(
            UrlFetcher source, String url, SentNotes notes, int index, Ticket ticket, long start) {
        try {
            URI address = UrlFetcher.parse(url);
            UploadMetadata said = notes.of(index, address.getPath());
            return begin(
                    fetches, () -> store(source.limit().toBytes(), () -> source.fetch(address), said, ticket, start));
        } catch (UrlNotFetchedException | UploadsBusyException | MetadataTooLongException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /**
     * Requires that URLs are taken.
     *
     * @throws UrlUploadOffException if not
     */
    void requireUrls() {
        UrlFetcher unused = fetcher();
    }

    private UrlFetcher fetcher() {
        if (fetcher == null) {
            throw new UrlUploadOffException();
        }
        return fetcher;
    }

    private CompletableFuture<StoredPicture> begin(Executor executor, Supplier<StoredPicture> upload) {
        try {
            // The deadline ends a copy, so that an upload whose client waits no longer comes to its own end.
            return CompletableFuture.supplyAsync(upload, executor)
                    .copy()
                    .orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException e) {
            throw new UploadsBusyException("too many pictures wait to be uploaded");
        }
    }

    /**
     * @param limit the most bytes that the picture can have
     * @param start of the upload, as {@link System#nanoTime} tells it
     */
    private StoredPicture store(long limit, Supplier<byte[]> picture, UploadMetadata notes, Ticket ticket, long start) {
        try (Lease lease = acquire(
                memory, limit, ticket, MEMORY_PATIENCE, "more pictures are being uploaded than fit into memory")) {
            meters.waits().record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
            byte[] bytes = picture.get();
            lease.shrinkTo(bytes.length);
            return RequestMeter.using(StoreUse.UPLOADS, () -> uploader.store(bytes, notes, ticket));
        }
    }

    private static Lease acquire(MemoryBudget budget, long amount, Ticket ticket, Duration patience, String shortage) {
        try {
            return budget.acquire(amount, ticket, patience);
        } catch (TimeoutException e) {
            throw new UploadsBusyException(shortage);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UploadsBusyException("the server stops");
        }
    }

    private static byte[] bytes(SentPicture picture) {
        try {
            return picture.content().read();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the upload", e);
        }
    }
}

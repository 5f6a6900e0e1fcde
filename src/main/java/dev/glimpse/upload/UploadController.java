package dev.glimpse.upload;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.consistency.UploadsBusyException;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlUploadOffException;
import dev.glimpse.request.Problems;
import dev.glimpse.request.Tickets;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
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
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.propertyeditors.StringArrayPropertyEditor;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.WebDataBinder;
import org.springframework.web.bind.annotation.InitBinder;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

@RestController
class UploadController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** A commit takes some round trips; one that takes this long waits for a store that does not answer. */
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Uploader uploader;
    private final Tickets tickets;
    private final Problems problems;
    private final @Nullable UrlFetcher fetcher;
    private final Executor fetches;
    private final int mostFiles;
    private final Duration deadline;

    /** Bytes of pictures that are in memory. */
    private final MemoryBudget memory;

    /** Pictures may take a quarter of the heap, or at least as much as two of the largest. */
    @Autowired
    UploadController(
            Uploader uploader,
            Tickets tickets,
            Problems problems,
            @Nullable UrlFetcher fetcher,
            @Qualifier("pictureFetches") Executor fetches,
            UploadProperties settings,
            MultipartProperties parts) {
        this(
                uploader,
                tickets,
                problems,
                fetcher,
                fetches,
                settings.files(),
                new MemoryBudget(
                        tickets.scheduler(),
                        Math.max(
                                2 * parts.getMaxFileSize().toBytes(),
                                Runtime.getRuntime().maxMemory() / 4)),
                DEADLINE);
    }

    /**
     * @param problems says what a failure looks like to the client; so one bad file of many has the problem it had alone
     * @param fetcher null if no URLs are taken
     * @param fetches runs what waits for other servers
     * @param mostFiles of one request
     * @param memory for the bytes of pictures; a budget of the same scheduler
     * @param deadline of a picture, after which its client waits no longer
     */
    UploadController(
            Uploader uploader,
            Tickets tickets,
            Problems problems,
            @Nullable UrlFetcher fetcher,
            Executor fetches,
            int mostFiles,
            MemoryBudget memory,
            Duration deadline) {
        this.uploader = uploader;
        this.tickets = tickets;
        this.problems = problems;
        this.fetcher = fetcher;
        this.fetches = fetches;
        this.mostFiles = mostFiles;
        this.memory = memory;
        this.deadline = deadline;
    }

    /**
     * What became of one file of many.
     *
     * @param status what the upload of this file alone had been answered with
     * @param problem null if it succeeded
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Item(
            int status,
            @Nullable String id,
            @Nullable String path,
            @Nullable Integer vectorDim,
            @Nullable Boolean stored,
            @Nullable ProblemDetail problem) {}

    record Items(List<Item> results) {}

    /** A URL may have commas, which would make several of it, but never the end of a line. */
    @InitBinder("url")
    void keepCommas(WebDataBinder binder) {
        binder.registerCustomEditor(String[].class, new StringArrayPropertyEditor("\n"));
    }

    /** The second path is the one that clients of the first version of this API know. */
    @PostMapping(
            path = {"/upload", "/vectorize_and_store"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<?> upload(
            @RequestParam(name = "file", required = false) @Nullable List<MultipartFile> files,
            @RequestParam(name = "url", required = false) String @Nullable [] urls,
            @RequestParam(required = false) @Nullable String caption,
            @RequestParam(required = false) @Nullable List<String> tags,
            @RequestParam(defaultValue = "recoverable") String durability,
            HttpServletRequest request) {
        Durability wanted = durability(durability);
        List<MultipartFile> sent = files == null ? List.of() : files;
        List<String> named = urls == null ? List.of() : List.of(urls);
        int count = sent.size() + named.size();
        if (count == 0) {
            throw new EmptyFileException("the request has no part called file");
        }
        if (count > mostFiles) {
            throw new TooManyFilesException(count + " files in one request; at most " + mostFiles + " are taken");
        }
        if (!named.isEmpty()) {
            requireFetcher();
        }
        List<String> labels = tags == null ? List.of() : tags;
        List<CompletableFuture<StoredPicture>> uploads = new ArrayList<>();
        for (MultipartFile file : sent) {
            uploads.add(start(file, caption, labels, wanted, tickets.of(Purpose.UPLOAD, request)));
        }
        for (String url : named) {
            uploads.add(start(url, caption, labels, wanted, tickets.of(Purpose.UPLOAD, request)));
        }
        if (uploads.size() == 1) {
            StoredPicture stored = await(uploads.get(0));
            return ResponseEntity.status(status(stored)).body(stored);
        }
        return ResponseEntity.ok(new Items(uploads.stream().map(this::item).toList()));
    }

    private UrlFetcher requireFetcher() {
        if (fetcher == null) {
            throw new UrlUploadOffException();
        }
        return fetcher;
    }

    /** Uploads a file. Never throws: a file that is refused at once is a failed upload like any other. */
    private CompletableFuture<StoredPicture> start(
            MultipartFile file, @Nullable String caption, List<String> tags, Durability durability, Ticket ticket) {
        UploadMetadata notes = new UploadMetadata(file.getOriginalFilename(), caption, tags);
        try {
            return store(file.getSize(), () -> bytes(file), notes, durability, ticket)
                    .copy()
                    .orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Uploads the picture of a URL, which is fetched on another thread. Throws only if no URLs are taken. */
    @SuppressWarnings("FutureReturnValueIgnored") // the inner future is used: thenCompose unwraps it
    private CompletableFuture<StoredPicture> start(
            String url, @Nullable String caption, List<String> tags, Durability durability, Ticket ticket) {
        UrlFetcher fetcher = requireFetcher();
        try {
            URI address = UrlFetcher.parse(url);
            UploadMetadata notes = new UploadMetadata(address.getPath(), caption, tags);
            return CompletableFuture.supplyAsync(
                            () -> store(
                                    fetcher.limit().toBytes(), () -> fetcher.fetch(address), notes, durability, ticket),
                            fetches)
                    .thenCompose(upload -> upload)
                    .copy() // so that a picture that is fetched too late is stored all the same, and its lease closed
                    .orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (UrlNotFetchedException e) {
            return CompletableFuture.failedFuture(e);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new UploadsBusyException("too many URLs wait to be fetched"));
        }
    }

    /**
     * Reads a picture when there is memory for it, and stores it. Its bytes count as used until the upload ends, even if its client has
     * been told to wait no longer.
     *
     * @param limit the most bytes that the picture can have
     */
    private CompletableFuture<StoredPicture> store(
            long limit, Supplier<byte[]> picture, UploadMetadata notes, Durability durability, Ticket ticket) {
        Lease lease = acquireMemory(limit, ticket);
        try {
            byte[] bytes = picture.get();
            lease.shrinkTo(bytes.length);
            return uploader.store(bytes, notes, durability, ticket).whenComplete((stored, failure) -> lease.close());
        } catch (RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private Lease acquireMemory(long bytes, Ticket ticket) {
        try {
            return memory.acquire(bytes, ticket, PATIENCE);
        } catch (TimeoutException e) {
            throw new UploadsBusyException("more pictures are being uploaded than fit into memory");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UploadsBusyException("the server stops");
        }
    }

    private static byte[] bytes(MultipartFile file) {
        try {
            return file.getBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the upload", e);
        }
    }

    private static Durability durability(String name) {
        for (Durability durability : Durability.values()) {
            if (durability.name().equalsIgnoreCase(name)) {
                return durability;
            }
        }
        throw new InvalidDurabilityException("durability must be recoverable or committed: " + name);
    }

    private Item item(CompletableFuture<StoredPicture> upload) {
        try {
            StoredPicture stored = await(upload);
            return new Item(
                    status(stored).value(), stored.id(), stored.path(), stored.vectorDim(), stored.stored(), null);
        } catch (RuntimeException e) {
            ProblemDetail problem = problems.of(e);
            return new Item(problem.getStatus(), null, null, null, null, problem);
        }
    }

    private static StoredPicture await(CompletableFuture<StoredPicture> upload) {
        try {
            StoredPicture picture = upload.join();
            if (picture.stored()) {
                audit.info("stored {}", picture.id());
            }
            return picture;
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }

    private static HttpStatus status(StoredPicture stored) {
        return stored.stored() ? HttpStatus.CREATED : HttpStatus.OK;
    }
}

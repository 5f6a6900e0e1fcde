package dev.glimpse.upload;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

@RestController
class UploadController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    static final int MAX_FILES = 100;

    /** A commit takes some round trips; one that takes this long waits for a store that does not answer. */
    private static final long DEADLINE_SECONDS = 60;

    private static final long BUDGET_WAIT_SECONDS = 10;

    private final Uploader uploader;
    private final Function<Throwable, ProblemDetail> problems;

    /**
     * Kilobytes of pictures that may be in memory at one time: a quarter of the heap, and at least two of the largest.
     */
    private final Semaphore budget =
            new Semaphore((int) Math.max(2 * 20 * 1024, Runtime.getRuntime().maxMemory() / 4 / 1024), true);

    /** @param problems says what a failure looks like to the client; so one bad file of many has the problem it had alone */
    UploadController(Uploader uploader, Function<Throwable, ProblemDetail> problems) {
        this.uploader = uploader;
        this.problems = problems;
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

    /** The second path is the one that clients of the first version of this API know. */
    @PostMapping(
            path = {"/upload", "/vectorize_and_store"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<?> upload(
            @RequestParam(name = "file", required = false) @Nullable List<MultipartFile> files,
            @RequestParam(required = false) @Nullable String caption,
            @RequestParam(required = false) @Nullable List<String> tags,
            @RequestParam(defaultValue = "recoverable") String durability) {
        Durability wanted = durability(durability);
        if (files == null || files.isEmpty()) {
            throw new EmptyFileException("the request has no part called file");
        }
        if (files.size() > MAX_FILES) {
            throw new TooManyFilesException(
                    files.size() + " files in one request; at most " + MAX_FILES + " are taken");
        }
        List<CompletableFuture<StoredPicture>> uploads = new ArrayList<>();
        for (MultipartFile file : files) {
            uploads.add(start(file, caption, tags == null ? List.of() : tags, wanted));
        }
        if (uploads.size() == 1) {
            StoredPicture stored = await(uploads.get(0));
            return ResponseEntity.status(status(stored)).body(stored);
        }
        return ResponseEntity.ok(new Items(uploads.stream().map(this::item).toList()));
    }

    /** Never throws: a file that is refused at once is a failed upload like any other. */
    private CompletableFuture<StoredPicture> start(
            MultipartFile file, @Nullable String caption, List<String> tags, Durability durability) {
        int kilobytes = (int) (file.getSize() / 1024) + 1;
        try {
            if (!budget.tryAcquire(kilobytes, BUDGET_WAIT_SECONDS, TimeUnit.SECONDS)) {
                return CompletableFuture.failedFuture(
                        new UploadsBusyException("more pictures are being uploaded than fit into memory"));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CompletableFuture.failedFuture(new UploadsBusyException("the server stops"));
        }
        // Given back when the upload ends, not when its client has been told to wait no longer.
        return store(file, caption, tags, durability)
                .whenComplete((stored, failure) -> budget.release(kilobytes))
                .copy()
                .orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    private CompletableFuture<StoredPicture> store(
            MultipartFile file, @Nullable String caption, List<String> tags, Durability durability) {
        try {
            return uploader.store(
                    file.getBytes(), new PictureNotes(file.getOriginalFilename(), caption, tags), durability);
        } catch (IOException e) {
            return CompletableFuture.failedFuture(new UncheckedIOException("cannot read the upload", e));
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
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
            ProblemDetail problem = problems.apply(e);
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

package dev.glimpse.upload;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.consistency.WriteTimings;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.request.AlsoNamed;
import dev.glimpse.request.Problems;
import dev.glimpse.request.Tickets;
import jakarta.servlet.http.HttpServletRequest;
import java.beans.PropertyEditorSupport;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.unit.DataSize;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.bind.WebDataBinder;
import org.springframework.web.bind.annotation.InitBinder;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

@RestController
class UploadController {
    /**
     * Files of one request that are under way at the same time. Their puts overlap, and the puts of all requests together still leave
     * threads for others.
     */
    private static final int FILES_AT_ONCE = 8;

    private final UploadIntake intake;
    private final Uploader uploader;
    private final Tickets tickets;
    private final Problems problems;
    private final int mostFiles;
    private final DataSize largest;

    /** @param problems says what a failure looks like to the client; so one bad file of many has the problem it had alone */
    UploadController(
            UploadIntake intake,
            Uploader uploader,
            Tickets tickets,
            Problems problems,
            UploadProperties settings,
            MultipartProperties limits) {
        this.intake = intake;
        this.uploader = uploader;
        this.tickets = tickets;
        this.problems = problems;
        this.mostFiles = settings.files();
        this.largest = limits.getMaxFileSize();
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
            @Nullable List<String> ignored,
            @Nullable String hint,
            @Nullable ProblemDetail problem) {
        Item(HttpStatus status, StoredPicture picture) {
            this(
                    status.value(),
                    picture.id(),
                    picture.path(),
                    picture.vectorDim(),
                    picture.stored(),
                    picture.ignored(),
                    picture.hint(),
                    null);
        }

        Item(ProblemDetail problem) {
            this(problem.getStatus(), null, null, null, null, null, null, problem);
        }
    }

    record Items(List<Item> results) {}

    /** A value is taken as it is: Spring would make several of one that has commas, and leave several as they are. */
    @InitBinder({"url", "caption", "tags"})
    void keepCommas(WebDataBinder binder) {
        binder.registerCustomEditor(String[].class, new PropertyEditorSupport() {
            @Override
            public void setAsText(String text) {
                setValue(new String[] {text});
            }
        });
    }

    /**
     * The second path is the one that clients of the first version of this API know.
     *
     * @param files for the API's description; {@link SentPictures} takes them from the request, with those that other names stand for
     */
    @PostMapping(
            path = {"/upload", "/vectorize_and_store"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<?> upload(
            @RequestParam(name = "file", required = false) @AlsoNamed(SentPictures.NAMES) @Nullable List<MultipartFile> files,
            @RequestParam(name = "url", required = false) String @Nullable [] urls,
            @RequestParam(name = "caption", required = false) String @Nullable [] captions,
            @RequestParam(name = "tags", required = false) String @Nullable [] tags,
            @RequestParam(defaultValue = "recoverable") String durability,
            HttpServletRequest request)
            throws HttpMediaTypeNotSupportedException {
        Durability wanted = durability(durability);
        List<String> named = urls == null ? List.of() : List.of(urls);
        try (SentPictures sent = SentPictures.of(request, largest)) {
            int count = sent.list().size() + named.size();
            if (count == 0) {
                throw SentPictures.none(request);
            }
            if (count > mostFiles) {
                throw new TooManyFilesException(count + " files in one request; at most " + mostFiles + " are taken");
            }
            if (!named.isEmpty()) {
                intake.requireUrls();
            }
            return upload(sent.list(), named, new SentNotes(count, captions, tags), wanted, request);
        }
    }

    private ResponseEntity<?> upload(
            List<SentPicture> sent, List<String> urls, SentNotes notes, Durability wanted, HttpServletRequest request) {
        List<CompletableFuture<StoredPicture>> uploads = new ArrayList<>();
        for (SentPicture picture : sent) {
            awaitRoom(uploads);
            uploads.add(intake.upload(picture, notes, uploads.size(), tickets.of(Purpose.UPLOAD, request)));
        }
        for (String url : urls) {
            uploads.add(intake.upload(url, notes, uploads.size(), tickets.of(Purpose.UPLOAD, request)));
        }
        long end = System.nanoTime() + WriteTimings.USUAL.commit().toNanos();
        if (uploads.size() == 1) {
            StoredPicture stored = await(uploads.get(0), wanted, end);
            ResponseEntity.BodyBuilder answer = ResponseEntity.status(status(stored));
            if (stored.stored()) {
                answer.location(URI.create(request.getContextPath() + "/" + stored.id()));
            }
            return answer.body(stored);
        }
        return ResponseEntity.ok(new Items(
                uploads.stream().map(upload -> item(upload, wanted, end)).toList()));
    }

    private static Durability durability(String name) {
        for (Durability durability : Durability.values()) {
            if (durability.name().equalsIgnoreCase(name)) {
                return durability;
            }
        }
        throw new InvalidDurabilityException("durability must be recoverable or committed: " + name);
    }

    private static void awaitRoom(List<CompletableFuture<StoredPicture>> uploads) {
        if (uploads.size() >= FILES_AT_ONCE) {
            StoredPicture unused = uploads.get(uploads.size() - FILES_AT_ONCE)
                    .exceptionally(failure -> null)
                    .join();
        }
    }

    private Item item(CompletableFuture<StoredPicture> upload, Durability durability, long end) {
        try {
            StoredPicture stored = await(upload, durability, end);
            return new Item(status(stored), stored);
        } catch (RuntimeException e) {
            return new Item(problems.of(e));
        }
    }

    /** @param end of the time for commits, as {@link System#nanoTime} tells it */
    private StoredPicture await(CompletableFuture<StoredPicture> upload, Durability durability, long end) {
        try {
            StoredPicture picture = UploadIntake.await(upload);
            if (durability == Durability.COMMITTED) {
                uploader.awaitCommitted(picture, Duration.ofNanos(end - System.nanoTime()));
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

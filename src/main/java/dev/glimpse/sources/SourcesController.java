package dev.glimpse.sources;

import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Pictures that are indexed where they lie. Every call may be repeated. */
@RestController
@RequestMapping(path = "/admin/sources", produces = MediaType.APPLICATION_JSON_VALUE)
class SourcesController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** S3 sends one object a message, a queue of R2 a hundred. */
    private static final int MAX_BYTES = 1 << 20;

    private static final long MOST_SECONDS = Duration.ofDays(366).toSeconds();

    private final Sources sources;
    private final ObjectStore store;

    SourcesController(Sources sources, ObjectStore store) {
        this.sources = sources;
        this.store = store;
    }

    /** All sources, by their prefixes. */
    record All(List<SourceState.View> sources) {}

    /**
     * What became of messages.
     *
     * @param accepted objects that are looked at soon
     * @param ignored objects that are of no source, or of another bucket
     */
    record Taken(int accepted, int ignored) {}

    @GetMapping
    All all() {
        return new All(sources.views());
    }

    /**
     * Sets a source up, or sets it up otherwise, and looks at it.
     *
     * @return a {@link Price} if that is all that is asked for; else {@link All}
     */
    @PostMapping
    ResponseEntity<?> start(
            @RequestParam String prefix,
            @RequestParam(defaultValue = "3600") long everySeconds,
            @RequestParam(required = false) @Nullable Double maxDollars,
            @RequestParam(defaultValue = "false") boolean again,
            @RequestParam(defaultValue = "false") boolean dryRun) {
        if (everySeconds < 0 || everySeconds > MOST_SECONDS) {
            throw new InvalidQueryException(
                    "everySeconds must be between 0 and " + MOST_SECONDS + ", a year: " + everySeconds);
        }
        if (maxDollars != null && !(maxDollars >= 0)) {
            throw new InvalidQueryException("maxDollars must be 0 or more: " + maxDollars);
        }
        if (dryRun) {
            return ResponseEntity.ok(sources.price(prefix));
        }
        String source = sources.start(prefix, everySeconds, maxDollars, again);
        audit.info("source set up={} everySeconds={} maxDollars={}", source, everySeconds, maxDollars);
        return ResponseEntity.accepted().body(all());
    }

    /** Follows a source no more. */
    @DeleteMapping
    All stop(@RequestParam String prefix, @RequestParam(defaultValue = "false") boolean rows)
            throws InterruptedException {
        sources.stop(prefix, rows);
        audit.info("source given up={} rows={}", prefix, rows);
        return all();
    }

    /** Takes what a bucket says of its objects. */
    @PostMapping(path = "/events", consumes = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Taken> events(InputStream body) throws IOException {
        List<ChangeMessage.Change> changes = ChangeMessage.parse(JsonBody.read(body, MAX_BYTES));
        List<String> ours = changes.stream()
                .filter(change -> change.bucket() == null
                        || store.address("").equals("s3://" + change.bucket() + "/")
                        || store.filesInPlace().isPresent())
                .map(ChangeMessage.Change::key)
                .distinct()
                .toList();
        int accepted = sources.changed(ours);
        return ResponseEntity.accepted().body(new Taken(accepted, changes.size() - accepted));
    }
}

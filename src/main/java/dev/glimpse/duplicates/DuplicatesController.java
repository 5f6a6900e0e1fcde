package dev.glimpse.duplicates;

import dev.glimpse.dataset.DuplicateGroups;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.Picture;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.JsonBody;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Lists pictures that look the same, and takes decisions on them. Removes none. */
@RestController
class DuplicatesController {
    private static final Logger audit = LoggerFactory.getLogger("audit");

    private static final int MOST_GROUPS = 100;

    private static final int MOST_TWINS = 20;

    /** Twice what a hundred ids take. */
    private static final int MOST_BYTES = 16 << 10;

    private final DuplicateFinder finder;
    private final Decisions decisions;
    private final ImageDataset dataset;

    DuplicatesController(DuplicateFinder finder, Decisions decisions, ImageDataset dataset) {
        this.finder = finder;
        this.decisions = decisions;
        this.dataset = dataset;
    }

    /**
     * What is decided now.
     *
     * @param decision {@code keep} or {@code undo}
     * @param ids each once
     */
    record Decided(String decision, List<String> ids) {}

    /**
     * The pictures that look like one.
     *
     * @param results the same pixels first, then the nearest; null if that is not known
     */
    record Twins(@Nullable List<Twin> results) {}

    /** A picture that looks like another one: {@code kind} and {@code distance} as {@link Likeness} says. */
    record Twin(String kind, double distance, Picture picture) {
        static Twin of(Likeness likeness) {
            return new Twin(likeness.kind().toString(), likeness.distance(), likeness.picture());
        }
    }

    @GetMapping(path = "/images/{name}/similar", produces = MediaType.APPLICATION_JSON_VALUE)
    Twins similar(@PathVariable String name) {
        String asked = "images/" + name;
        ImageId id = ImageId.parse(asked).orElseThrow(() -> PictureNotFoundException.misnamed(asked));
        if (!dataset.stateOf(id).isShown()) {
            throw PictureNotFoundException.missing(id);
        }
        return new Twins(dataset.likenesses(id, MOST_TWINS)
                .alike()
                .map(alike -> alike.stream().map(Twin::of).toList())
                .orElse(null));
    }

    @GetMapping(path = "/duplicates", produces = MediaType.APPLICATION_JSON_VALUE)
    DuplicateFinder.Page list(
            @RequestParam(required = false) @Nullable String kind,
            @RequestParam(defaultValue = "false") boolean kept,
            @RequestParam(defaultValue = "20") int limit,
            @RequestParam(required = false) @Nullable String cursor) {
        if (limit < 1 || limit > MOST_GROUPS) {
            throw new InvalidQueryException("limit must be 1 to " + MOST_GROUPS + ": " + limit);
        }
        return finder.page(kind(kind), kept, cursor, limit);
    }

    private static Likeness.@Nullable Kind kind(@Nullable String name) {
        return name == null
                ? null
                : Likeness.Kind.named(name)
                        .orElseThrow(() -> new InvalidQueryException(
                                "kind must be same or alike: " + ParameterValues.shortened(name)));
    }

    /** Remembers that pictures are to be kept though they look the same, or forgets that. */
    @PostMapping(
            path = "/duplicates/decisions",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    Decided decide(InputStream body) throws IOException {
        ParameterValues values = ParameterValues.ofJson(JsonBody.read(body, MOST_BYTES), DecisionParameter.values());
        String decision = values.one(DecisionParameter.DECISION).orElse("");
        if (!decision.equals("keep") && !decision.equals("undo")) {
            throw new InvalidQueryException("decision must be keep or undo: " + ParameterValues.shortened(decision));
        }
        Set<ImageId> pictures = pictures(values.all(DecisionParameter.IDS));
        if (decision.equals("keep")) {
            keep(pictures);
        } else {
            undo(pictures);
        }
        List<String> ids = pictures.stream().map(ImageId::toString).toList();
        audit.info("decided {} {}", decision, ids);
        return new Decided(decision, ids);
    }

    private void keep(Set<ImageId> pictures) {
        pictures.stream()
                .filter(id -> !dataset.stateOf(id).isShown())
                .findFirst()
                .ifPresent(id -> {
                    throw PictureNotFoundException.missing(id);
                });
        decisions.keep(pictures);
    }

    private void undo(Set<ImageId> pictures) {
        if (!decisions.undo(pictures)) {
            throw new InvalidQueryException(
                    "nothing is decided of just these pictures; GET /duplicates?kept=true lists what is");
        }
    }

    private static Set<ImageId> pictures(List<String> ids) {
        Set<ImageId> pictures = new LinkedHashSet<>();
        for (String id : ids) {
            pictures.add(ImageId.parse(id)
                    .orElseThrow(() -> new InvalidQueryException(
                            "ids must be ids of pictures, images/{sha256}.{ext}: " + ParameterValues.shortened(id))));
        }
        if (pictures.size() < 2 || pictures.size() > DuplicateGroups.MOST_PICTURES) {
            throw new InvalidQueryException(
                    "ids must name 2 to " + DuplicateGroups.MOST_PICTURES + " different pictures: " + pictures.size());
        }
        return pictures;
    }
}

package dev.glimpse.upload;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.Likenesses;
import dev.glimpse.dataset.Picture;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A picture that has its row.
 *
 * @param id also its URL on this server
 * @param path where the original is, as other programs name it
 * @param vectorDim dimension of its embedding
 * @param stored whether this upload added it; false if it was there
 * @param ignored names of what this upload said of the picture and was not kept, as the picture was there with something else; null if
 *     all was kept, or nothing said
 * @param takenAt when it was taken, as the file says; null if it does not
 * @param similarTo other pictures that look the same, the same pixels first, then the nearest; null if that is not known
 * @param hint how to change what is kept; null if nothing was ignored
 */
public record StoredPicture(
        String id,
        String path,
        int vectorDim,
        boolean stored,
        @Nullable Instant takenAt,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<Similar> similarTo,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<String> ignored,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String hint) {
    StoredPicture(String id, String path, int vectorDim, boolean stored) {
        this(id, path, vectorDim, stored, null, null, null, null);
    }

    /**
     * Another picture that looks the same.
     *
     * @param kind {@code same} for the same pixels, {@code alike} for about the same
     * @param distance the cosine distance of the two vectors; 0 for the same pixels
     */
    public record Similar(String id, String kind, double distance) {
        static Similar of(Likeness likeness) {
            return new Similar(likeness.picture().id(), likeness.kind().toString(), likeness.distance());
        }
    }

    /** This answer, with what the table knows of the picture. */
    StoredPicture knowing(Likenesses likenesses) {
        return new StoredPicture(
                id,
                path,
                vectorDim,
                stored,
                likenesses.picture().map(Picture::takenAt).orElse(null),
                likenesses
                        .alike()
                        .map(alike -> alike.stream().map(Similar::of).toList())
                        .orElse(null),
                ignored,
                hint);
    }

    /**
     * This answer, with what an upload has said in vain.
     *
     * @param kept what the store says of the picture
     * @param said by the upload; what it is silent about is not ignored. File names are not compared: one picture has many
     */
    StoredPicture comparing(UploadMetadata kept, UploadMetadata said) {
        List<String> others = new ArrayList<>();
        if (said.caption() != null && !Objects.equals(said.caption(), kept.caption())) {
            others.add("caption");
        }
        if (!said.tags().isEmpty() && !said.tags().equals(kept.tags())) {
            others.add("tags");
        }
        return others.isEmpty()
                ? this
                : new StoredPicture(
                        id,
                        path,
                        vectorDim,
                        stored,
                        takenAt,
                        similarTo,
                        List.copyOf(others),
                        "the picture was here already and keeps its " + String.join(" and ", others) + "; PATCH /" + id
                                + " changes that");
    }
}

package dev.glimpse.upload;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.consistency.UploadMetadata;
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
 * @param hint how to change what is kept; null if nothing was ignored
 */
public record StoredPicture(
        String id,
        String path,
        int vectorDim,
        boolean stored,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<String> ignored,

        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String hint) {
    StoredPicture(String id, String path, int vectorDim, boolean stored) {
        this(id, path, vectorDim, stored, null, null);
    }

    /**
     * The same, with what an upload has said in vain.
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
                        List.copyOf(others),
                        "the picture was here already and keeps its " + String.join(" and ", others) + "; PATCH /" + id
                                + " changes that");
    }
}

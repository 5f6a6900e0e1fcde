package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.dataset.Picture;
import dev.glimpse.image.ImageId;
import dev.glimpse.search.Hit;
import dev.glimpse.search.Mode;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What agents are told of a picture. What is not known is left out, because a model pays for each word.
 *
 * @param distance to what was searched for; null if nothing was
 * @param relevance to what was searched for, from 0 to 1; null if it cannot be said
 * @param matched by what it was found: vector, text or both; null if nothing was searched for
 * @param bytes of the original
 * @param picture path of the original on this server
 * @param thumbnail path of the thumbnail on this server
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record PictureSummary(
        String id,
        @Nullable Double distance,
        @Nullable Double relevance,
        @Nullable List<Mode> matched,
        @Nullable String caption,
        List<String> tags,
        @Nullable String filename,
        @Nullable Integer width,
        @Nullable Integer height,
        @Nullable Long bytes,
        @Nullable Instant uploadedAt,
        @Nullable Instant takenAt,
        String picture,
        String thumbnail) {
    /** The most pictures of one answer: more would fill a model's context. */
    static final int MOST = 50;

    /** Usually so many pictures of one answer. */
    static final int USUAL = 10;

    /** The JSON schema of this record. */
    static final String SCHEMA = """
            {"type": "object", "required": ["id", "tags", "picture", "thumbnail"], "properties": {
              "id": {"type": "string", "description": "Names the picture in calls of look_at_picture"},
              "distance": {"type": "number", "description": "0 to 2; the smaller, the better the picture fits"},
              "relevance": {"type": "number", "description": "0 to 1; the chance, roughly, that the picture shows what was asked for"},
              "matched": {"type": "array", "items": {"type": "string"}, "description": "vector: it looks like that; text: its words"},
              "caption": {"type": "string"},
              "tags": {"type": "array", "items": {"type": "string"}},
              "filename": {"type": "string"},
              "width": {"type": "integer"},
              "height": {"type": "integer"},
              "bytes": {"type": "integer"},
              "uploadedAt": {"type": "string"},
              "takenAt": {"type": "string"},
              "picture": {"type": "string", "description": "Path of the original on this server"},
              "thumbnail": {"type": "string", "description": "Path of a small JPEG on this server"}}}""";

    static PictureSummary of(Hit hit) {
        return of(hit.picture(), hit.distance(), hit.relevance(), hit.matched());
    }

    static PictureSummary of(Picture picture) {
        return of(picture, null, null, null);
    }

    private static PictureSummary of(
            Picture picture, @Nullable Double distance, @Nullable Double relevance, @Nullable List<Mode> matched) {
        String path = "/" + picture.id();
        return new PictureSummary(
                picture.id(),
                distance,
                relevance,
                matched,
                picture.caption(),
                picture.tags(),
                picture.filename(),
                picture.width(),
                picture.height(),
                picture.bytes(),
                picture.uploadedAt(),
                picture.takenAt(),
                path,
                path + "/thumbnail");
    }

    /** A picture without a row. */
    static PictureSummary of(ImageId id) {
        return of(new Picture(id.toString(), null, null, null, null, null, null, null, null, List.of()));
    }
}

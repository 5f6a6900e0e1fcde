package dev.glimpse.pictures;

import dev.glimpse.image.ImageId;
import dev.glimpse.image.ThumbnailFormat;
import dev.glimpse.request.InvalidQueryException;
import java.util.List;
import java.util.stream.Stream;

/**
 * A thumbnail of a picture.
 *
 * @param side pixels of the longer side, at most
 */
record Thumbnail(ImageId id, int side, ThumbnailFormat format) {
    static final List<Integer> SIDES = List.of(256, 512, 1024);

    /** @throws InvalidQueryException if the size is none that there is */
    static int parseSide(String size) {
        return SIDES.stream()
                .filter(side -> side.toString().equals(size))
                .findFirst()
                .orElseThrow(() -> new InvalidQueryException("size must be 256, 512 or 1024: " + size));
    }

    /** All thumbnails that there may be of this picture. */
    static List<Thumbnail> allOf(ImageId id) {
        return SIDES.stream()
                .flatMap(side -> Stream.of(ThumbnailFormat.values()).map(format -> new Thumbnail(id, side, format)))
                .toList();
    }

    /** Differs from that of every other thumbnail, and from that of the original. */
    String tag() {
        return id.sha256() + "-" + side + (format == ThumbnailFormat.JPEG ? "" : "-" + format.extension());
    }

    String filename() {
        return id.sha256() + "-" + side + "." + format.extension();
    }
}

package dev.glimpse.pictures;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import org.springframework.core.io.ByteArrayResource;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.ResourceRegion;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpRange;

/**
 * Tells whether a request asks for a part of a picture. Spring, which cuts the parts out, answers each {@code Range} that it cannot read
 * with 416 and the whole picture, and knows no {@code If-Range}.
 */
final class PictureRange {
    private PictureRange() {}

    /**
     * Whether the header {@code Range} counts: not with another method than GET, nor in another unit than bytes, nor if the client has
     * the beginning of something else (RFC 9110, 14.2 and 13.1.5).
     *
     * @param tag of the picture, with its quotes
     */
    static boolean asked(HttpServletRequest request, String tag) {
        String range = request.getHeader(HttpHeaders.RANGE);
        String condition = request.getHeader(HttpHeaders.IF_RANGE);
        return range != null
                && range.startsWith("bytes=")
                && request.getMethod().equals("GET")
                && (condition == null || condition.equals(tag));
    }

    /**
     * The picture, of which Spring sends what the request asks for.
     *
     * @throws RangeNotSatisfiableException if the picture has none of the bytes, or the ranges make no sense
     */
    static Resource of(byte[] picture, HttpServletRequest request) {
        Resource whole = new ByteArrayResource(picture);
        String ranges = request.getHeader(HttpHeaders.RANGE);
        try {
            List<ResourceRegion> parts = HttpRange.toResourceRegions(HttpRange.parseRanges(ranges), whole);
            if (parts.isEmpty()) {
                throw new RangeNotSatisfiableException(String.valueOf(ranges), picture.length);
            }
        } catch (IllegalArgumentException e) {
            throw new RangeNotSatisfiableException(String.valueOf(ranges), picture.length);
        }
        return whole;
    }
}

package dev.glimpse.pictures;

import dev.glimpse.image.ThumbnailFormat;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.HttpMediaTypeNotAcceptableException;

/** Which formats of thumbnails the header {@code Accept} of a request takes. */
final class AcceptedThumbnails {
    private final List<MediaType> ranges;

    private AcceptedThumbnails(List<MediaType> ranges) {
        this.ranges = ranges;
    }

    /**
     * Reads the header.
     *
     * @param accept its lines; without any, everything is accepted
     * @throws HttpMediaTypeNotAcceptableException if it cannot be read
     */
    static AcceptedThumbnails of(List<String> accept) throws HttpMediaTypeNotAcceptableException {
        try {
            List<MediaType> ranges = MediaType.parseMediaTypes(accept);
            return new AcceptedThumbnails(ranges.isEmpty() ? List.of(MediaType.ALL) : ranges);
        } catch (InvalidMediaTypeException e) {
            throw new HttpMediaTypeNotAcceptableException("Accept cannot be read: " + e.getMessage());
        }
    }

    /**
     * The format to answer with. It is WebP only for who names it, because some who say that they take everything do not know it.
     *
     * @throws HttpMediaTypeNotAcceptableException if none is accepted
     */
    ThumbnailFormat best() throws HttpMediaTypeNotAcceptableException {
        double jpeg = quality(ThumbnailFormat.JPEG);
        double webp = ThumbnailFormat.WEBP.isAvailable() ? quality(ThumbnailFormat.WEBP) : 0;
        if (webp > 0 && (jpeg == 0 || (names(ThumbnailFormat.WEBP) && webp >= jpeg))) {
            return ThumbnailFormat.WEBP;
        }
        if (jpeg > 0) {
            return ThumbnailFormat.JPEG;
        }
        throw new HttpMediaTypeNotAcceptableException(Stream.of(ThumbnailFormat.values())
                .filter(ThumbnailFormat::isAvailable)
                .map(AcceptedThumbnails::type)
                .toList());
    }

    /** What the most exact range that covers a format says: 0 if the format is not accepted, 1 if there is no better one. */
    private double quality(ThumbnailFormat format) {
        return ranges.stream()
                .filter(range -> range.includes(type(format)))
                .min(Comparator.comparing(MediaType::isWildcardType).thenComparing(MediaType::isWildcardSubtype))
                .map(MediaType::getQualityValue)
                .orElse(0.0);
    }

    private boolean names(ThumbnailFormat format) {
        return ranges.stream().anyMatch(range -> range.equalsTypeAndSubtype(type(format)));
    }

    private static MediaType type(ThumbnailFormat format) {
        return MediaType.parseMediaType(format.mediaType());
    }
}

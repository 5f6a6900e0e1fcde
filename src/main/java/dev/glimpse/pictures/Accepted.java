package dev.glimpse.pictures;

import dev.glimpse.image.ThumbnailFormat;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.HttpMediaTypeNotAcceptableException;

/** What the header {@code Accept} of a request takes. */
final class Accepted {
    private final List<MediaType> ranges;

    private Accepted(List<MediaType> ranges) {
        this.ranges = ranges;
    }

    /** @throws HttpMediaTypeNotAcceptableException if the header cannot be read */
    static Accepted by(HttpServletRequest request) throws HttpMediaTypeNotAcceptableException {
        return of(Collections.list(request.getHeaders(HttpHeaders.ACCEPT)));
    }

    /**
     * Reads the header.
     *
     * @param accept its lines; without any, everything is accepted
     * @throws HttpMediaTypeNotAcceptableException if it cannot be read
     */
    static Accepted of(List<String> accept) throws HttpMediaTypeNotAcceptableException {
        try {
            List<MediaType> ranges = MediaType.parseMediaTypes(accept);
            return new Accepted(ranges.isEmpty() ? List.of(MediaType.ALL) : ranges);
        } catch (InvalidMediaTypeException e) {
            throw new HttpMediaTypeNotAcceptableException("Accept cannot be read: " + e.getMessage());
        }
    }

    /** Whether JSON is liked better than this. Who likes both alike, as programs do that take everything, does not prefer JSON. */
    boolean prefersJsonTo(MediaType type) {
        return quality(MediaType.APPLICATION_JSON) > quality(type);
    }

    /**
     * The best format of a thumbnail. It is WebP only for who names it, because some who say that they take everything do not know it.
     *
     * @throws HttpMediaTypeNotAcceptableException if none is accepted
     */
    ThumbnailFormat thumbnail() throws HttpMediaTypeNotAcceptableException {
        MediaType webpType = type(ThumbnailFormat.WEBP);
        double jpeg = quality(type(ThumbnailFormat.JPEG));
        double webp = ThumbnailFormat.WEBP.isAvailable() ? quality(webpType) : 0;
        boolean named = ranges.stream().anyMatch(range -> range.equalsTypeAndSubtype(webpType));
        if (webp > 0 && (jpeg == 0 || (named && webp >= jpeg))) {
            return ThumbnailFormat.WEBP;
        }
        if (jpeg > 0) {
            return ThumbnailFormat.JPEG;
        }
        throw new HttpMediaTypeNotAcceptableException(Stream.of(ThumbnailFormat.values())
                .filter(ThumbnailFormat::isAvailable)
                .map(Accepted::type)
                .toList());
    }

    /** What the most exact range says that covers this type: 0 if the type is not accepted, 1 if there is no better one. */
    private double quality(MediaType type) {
        return ranges.stream()
                .filter(range -> range.includes(type))
                .min(Comparator.comparing(MediaType::isWildcardType).thenComparing(MediaType::isWildcardSubtype))
                .map(MediaType::getQualityValue)
                .orElse(0.0);
    }

    private static MediaType type(ThumbnailFormat format) {
        return MediaType.parseMediaType(format.mediaType());
    }
}

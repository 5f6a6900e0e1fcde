package dev.glimpse.pictures;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Collections;
import java.util.List;
import org.springframework.http.ETag;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.server.ResponseStatusException;

/** What a request makes depend on the picture that there is (RFC 9110, 13). Spring looks at a part of it. */
final class Conditions {
    private Conditions() {}

    /**
     * Checks the conditions of a request that reads.
     *
     * @param tag of what there is, without quotes
     * @throws ResponseStatusException of 412 if {@code If-Match} names something else
     */
    static void requireForRead(String tag, HttpServletRequest request) {
        List<String> wanted = lines(request, HttpHeaders.IF_MATCH);
        if (!wanted.isEmpty() && !matches(wanted, tag, true)) {
            throw new ResponseStatusException(HttpStatus.PRECONDITION_FAILED);
        }
    }

    /**
     * Checks the conditions of a request that changes a picture or deletes it.
     *
     * @param tag of what there is, without quotes
     * @throws ResponseStatusException of 412 if {@code If-Match} names something else, or {@code If-None-Match} this
     */
    static void requireForChange(String tag, HttpServletRequest request) {
        requireForRead(tag, request);
        if (clientHas(tag, request)) {
            throw new ResponseStatusException(HttpStatus.PRECONDITION_FAILED);
        }
    }

    /** Whether {@code If-None-Match} names what there is. */
    static boolean clientHas(String tag, HttpServletRequest request) {
        return matches(lines(request, HttpHeaders.IF_NONE_MATCH), tag, false);
    }

    private static List<String> lines(HttpServletRequest request, String header) {
        return Collections.list(request.getHeaders(header));
    }

    private static boolean matches(List<String> lines, String tag, boolean strong) {
        ETag actual = new ETag(tag, false);
        return lines.stream()
                .flatMap(line -> ETag.parse(line).stream())
                .anyMatch(each -> each.isWildcard() || each.compare(actual, strong));
    }
}

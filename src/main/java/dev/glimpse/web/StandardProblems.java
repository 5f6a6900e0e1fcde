package dev.glimpse.web;

import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;

/**
 * What a status means that Tomcat or Spring has given, and no failure of ours: so that every answer has a problem with a stable
 * type, and tells nothing of what the server is made of.
 */
final class StandardProblems {
    private record Standard(HttpStatus status, String type, String detail) {}

    private static final List<Standard> STANDARDS = List.of(
            new Standard(
                    HttpStatus.BAD_REQUEST,
                    "bad-request",
                    "the request cannot be read: it names no host or two, its line and headers are too long together, or a"
                            + " character is not percent-encoded, as [ must be, or is not allowed, as %2F in a path"),
            new Standard(HttpStatus.UNAUTHORIZED, "unauthorized", "this needs a key"),
            new Standard(HttpStatus.FORBIDDEN, "forbidden", "this is not allowed"),
            new Standard(HttpStatus.NOT_FOUND, "not-found", "there is nothing at this path"),
            new Standard(
                    HttpStatus.METHOD_NOT_ALLOWED,
                    "method-not-allowed",
                    "this path does not take this method; the header Allow names those that it takes"),
            new Standard(
                    HttpStatus.NOT_ACCEPTABLE,
                    "not-acceptable",
                    "this is not there in a form that the header Accept names; try */*"),
            new Standard(
                    HttpStatus.PRECONDITION_FAILED,
                    "precondition-failed",
                    "this is not as If-Match or If-Unmodified-Since asks"),
            new Standard(
                    HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                    "range-not-satisfiable",
                    "this does not have the bytes that Range asks for"),
            new Standard(HttpStatus.REQUEST_TIMEOUT, "slow-upload", "the body came too slowly, or stopped"),
            new Standard(HttpStatus.CONTENT_TOO_LARGE, "upload-too-large", "the request is too large"),
            new Standard(
                    HttpStatus.UNSUPPORTED_MEDIA_TYPE,
                    "unsupported-media-type",
                    "this path does not take a body of this Content-Type"),
            new Standard(
                    HttpStatus.EXPECTATION_FAILED, "expectation-failed", "the one thing to expect is 100-continue"),
            new Standard(HttpStatus.INTERNAL_SERVER_ERROR, "internal-error", """
                    an error of ours; the server's log tells more under this request's id"""),
            new Standard(
                    HttpStatus.NOT_IMPLEMENTED,
                    "not-implemented",
                    "the server knows no other methods than those of HTTP/1.1, or not this Transfer-Encoding"),
            new Standard(HttpStatus.SERVICE_UNAVAILABLE, "busy", """
                    too many requests are being answered; try again in a moment"""),
            new Standard(HttpStatus.HTTP_VERSION_NOT_SUPPORTED, "http-version", """
                    the server talks HTTP/1.0 and HTTP/1.1; a client that begins with HTTP/2 has to be told, as curl is by --http1.1"""));

    private StandardProblems() {}

    /** The problem of a status; one that is not known is a 400 if it is the client's, and a 500 if it is ours. */
    static ProblemDetail of(int status) {
        Standard standard = STANDARDS.stream()
                .filter(each -> each.status.value() == status)
                .findFirst()
                .orElseGet(() -> status < 500 ? STANDARDS.get(0) : failure());
        return ProblemHandler.problem(standard.status, standard.type, standard.detail);
    }

    private static Standard failure() {
        return STANDARDS.stream()
                .filter(each -> each.status == HttpStatus.INTERNAL_SERVER_ERROR)
                .findFirst()
                .orElseThrow();
    }
}

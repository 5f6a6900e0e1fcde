package dev.glimpse.web;

import dev.glimpse.consistency.MetadataTooLongException;
import dev.glimpse.consistency.UploadsBusyException;
import dev.glimpse.consistency.VerifyRunningException;
import dev.glimpse.dataset.EmptyTableException;
import dev.glimpse.dataset.ForeignTableException;
import dev.glimpse.dataset.IndexBuildRunningException;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.dataset.VersionNotFoundException;
import dev.glimpse.dataset.WordsUnavailableException;
import dev.glimpse.embedding.EncoderBusyException;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlTooLargeException;
import dev.glimpse.fetch.UrlUploadOffException;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecoderBusyException;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.UnsupportedImageException;
import dev.glimpse.mcp.MessageTooLargeException;
import dev.glimpse.migration.ModelNotFoundException;
import dev.glimpse.migration.ModelRefusedException;
import dev.glimpse.pictures.EditTooLargeException;
import dev.glimpse.pictures.InvalidEditException;
import dev.glimpse.pictures.RangeNotSatisfiableException;
import dev.glimpse.request.CursorExpiredException;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.request.UnknownParameterException;
import dev.glimpse.sources.SourceNotFoundException;
import dev.glimpse.sources.SourceRefusedException;
import dev.glimpse.storage.StoreRefusedException;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.UntrustedBucketException;
import dev.glimpse.upload.CountMismatchException;
import dev.glimpse.upload.EmptyFileException;
import dev.glimpse.upload.FileTooLargeException;
import dev.glimpse.upload.InvalidDurabilityException;
import dev.glimpse.upload.TooManyFilesException;
import jakarta.servlet.http.HttpServletRequest;
import java.io.FileNotFoundException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.apache.tomcat.util.http.fileupload.impl.FileCountLimitExceededException;
import org.apache.tomcat.util.http.fileupload.impl.SizeException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.core.NestedExceptionUtils;
import org.springframework.core.task.TaskRejectedException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.util.ClassUtils;
import org.springframework.util.unit.DataSize;
import org.springframework.web.HttpMediaTypeNotAcceptableException;
import org.springframework.web.HttpMediaTypeNotSupportedException;
import org.springframework.web.HttpRequestMethodNotSupportedException;
import org.springframework.web.bind.MissingServletRequestParameterException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.RequestContextHolder;
import org.springframework.web.context.request.ServletRequestAttributes;
import org.springframework.web.context.request.ServletWebRequest;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.multipart.MaxUploadSizeExceededException;
import org.springframework.web.multipart.MultipartException;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;
import org.springframework.web.servlet.resource.NoResourceFoundException;

/** Turns every failure into an RFC 9457 problem. The type is a stable name that clients may switch on. */
@RestControllerAdvice
class ProblemHandler extends ResponseEntityExceptionHandler {
    private static final Logger log = LoggerFactory.getLogger(ProblemHandler.class);

    /** Overload and outages that we know pass within seconds. */
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private static final String BUSY = "too much waits to be done already; try again in a moment";

    /**
     * What a failure is to a client.
     *
     * @param publicly what callers without the scope {@link Scope#ADMIN} are told; null if that is the failure's own message. A
     *     message that may name an endpoint, a bucket or a path of this machine needs one
     */
    private record Rule(
            Class<? extends Throwable> failure,
            HttpStatus status,
            String type,
            @Nullable Function<Throwable, String> publicly) {
        Rule(Class<? extends Throwable> failure, HttpStatus status, String type) {
            this(failure, status, type, null);
        }

        static <T extends Throwable> Rule of(
                Class<T> failure, HttpStatus status, String type, Function<? super T, String> publicly) {
            return new Rule(failure, status, type, cause -> publicly.apply(failure.cast(cause)));
        }
    }

    private static final List<Rule> RULES = List.of(
            new Rule(EmptyFileException.class, HttpStatus.BAD_REQUEST, "no-file"),
            new Rule(DamagedImageException.class, HttpStatus.BAD_REQUEST, "damaged-image"),
            new Rule(ImageTooSlowException.class, HttpStatus.BAD_REQUEST, "too-slow-to-decode"),
            new Rule(MetadataTooLongException.class, HttpStatus.BAD_REQUEST, "metadata-too-long"),
            new Rule(InvalidDurabilityException.class, HttpStatus.BAD_REQUEST, "invalid-durability"),
            new Rule(CountMismatchException.class, HttpStatus.BAD_REQUEST, "count-mismatch"),
            new Rule(InvalidEditException.class, HttpStatus.BAD_REQUEST, "invalid-edit"),
            new Rule(UnknownParameterException.class, HttpStatus.BAD_REQUEST, "unknown-parameter"),
            new Rule(FileForTextException.class, HttpStatus.BAD_REQUEST, "bad-multipart"),
            new Rule(InvalidParameterException.class, HttpStatus.BAD_REQUEST, "invalid-query"),
            new Rule(InvalidQueryException.class, HttpStatus.BAD_REQUEST, "invalid-query"),
            new Rule(UrlNotFetchedException.class, HttpStatus.BAD_REQUEST, "url-not-fetched"),
            new Rule(UrlUploadOffException.class, HttpStatus.FORBIDDEN, "url-upload-off"),
            new Rule(UnknownProblemException.class, HttpStatus.NOT_FOUND, "not-found"),
            new Rule(PictureNotFoundException.class, HttpStatus.NOT_FOUND, "picture-not-found"),
            new Rule(VersionNotFoundException.class, HttpStatus.NOT_FOUND, "version-not-found"),
            new Rule(CursorExpiredException.class, HttpStatus.GONE, "cursor-expired"),
            new Rule(ModelNotFoundException.class, HttpStatus.NOT_FOUND, "model-not-found"),
            new Rule(ModelRefusedException.class, HttpStatus.CONFLICT, "model-refused"),
            new Rule(SourceNotFoundException.class, HttpStatus.NOT_FOUND, "source-not-found"),
            new Rule(SourceRefusedException.class, HttpStatus.CONFLICT, "source-refused"),
            new Rule(EmptyTableException.class, HttpStatus.CONFLICT, "empty-table"),
            new Rule(IndexBuildRunningException.class, HttpStatus.CONFLICT, "index-build-running"),
            new Rule(VerifyRunningException.class, HttpStatus.CONFLICT, "verify-running"),
            new Rule(ImageTooLargeException.class, HttpStatus.CONTENT_TOO_LARGE, "too-many-pixels"),
            new Rule(TooManyFilesException.class, HttpStatus.CONTENT_TOO_LARGE, "too-many-files"),
            new Rule(MaxUploadSizeExceededException.class, HttpStatus.CONTENT_TOO_LARGE, "upload-too-large"),
            new Rule(FileTooLargeException.class, HttpStatus.CONTENT_TOO_LARGE, "upload-too-large"),
            new Rule(EditTooLargeException.class, HttpStatus.CONTENT_TOO_LARGE, "upload-too-large"),
            new Rule(MessageTooLargeException.class, HttpStatus.CONTENT_TOO_LARGE, "upload-too-large"),
            new Rule(UrlTooLargeException.class, HttpStatus.CONTENT_TOO_LARGE, "upload-too-large"),
            new Rule(UnsupportedImageException.class, HttpStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-image"),
            Rule.of(
                    ForeignTableException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "foreign-table",
                    e -> "the server's table was not made by Glimpse, so it is searched and not written"),
            Rule.of(
                    TableUnavailableException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "table-unavailable",
                    e -> "the server's table cannot be used for now; its operator sees why in /stats"),
            Rule.of(
                    ModelMismatchException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "model-mismatch",
                    e ->
                            "the server's table was made with another model than the server has, so it is neither searched nor"
                                    + " written until its operator starts it with that model"),
            Rule.of(
                    UntrustedBucketException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "untrusted-bucket",
                    UntrustedBucketException::publicMessage),
            Rule.of(
                    StoreRefusedException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "store-refused",
                    StoreUnavailableException::publicMessage),
            Rule.of(
                    StoreUnavailableException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "store-unavailable",
                    StoreUnavailableException::publicMessage),
            Rule.of(
                    DecoderUnavailableException.class,
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "decoder-unavailable",
                    e ->
                            "the program that decodes pictures of this format does not work at the moment; the server's log says why"),
            new Rule(DecoderBusyException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy"),
            new Rule(EncoderBusyException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy"),
            new Rule(TableBusyException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy"),
            new Rule(UploadsBusyException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy"),
            Rule.of(TaskRejectedException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy", e -> BUSY),
            Rule.of(RejectedExecutionException.class, HttpStatus.SERVICE_UNAVAILABLE, "busy", e -> BUSY),
            new Rule(WordsUnavailableException.class, HttpStatus.SERVICE_UNAVAILABLE, "words-unavailable"),
            new Rule(TimeoutException.class, HttpStatus.SERVICE_UNAVAILABLE, "timeout"));

    private final KnownPaths paths;

    ProblemHandler(KnownPaths paths) {
        this.paths = paths;
    }

    /** What the answer is about: a future wraps it. */
    private static Throwable rootOf(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** Whatever was thrown; a failure of ours is logged here and nowhere else, and its message stays in the log. */
    static ProblemDetail problemOf(Throwable failure) {
        Throwable cause = rootOf(failure);
        for (Rule rule : RULES) {
            if (rule.failure.isInstance(cause)) {
                if (rule.status.is5xxServerError()) {
                    log.warn("problem={} {}", rule.type, cause.toString());
                }
                return problem(
                        rule.status,
                        rule.type,
                        rule.publicly == null || mayKnow() ? detail(cause) : rule.publicly.apply(cause));
            }
        }
        log.error("unexpected failure", cause);
        return StandardProblems.of(HttpStatus.INTERNAL_SERVER_ERROR.value());
    }

    /** Whether the client of this thread's request is an administrator. */
    private static boolean mayKnow() {
        return RequestContextHolder.getRequestAttributes() instanceof ServletRequestAttributes request
                && request.getRequest().isUserInRole("admin");
    }

    @ExceptionHandler(Exception.class)
    ResponseEntity<ProblemDetail> failed(Exception failure) {
        return answer(problemOf(failure), retryAfter(rootOf(failure)));
    }

    @ExceptionHandler(RangeNotSatisfiableException.class)
    ResponseEntity<ProblemDetail> rangeNotSatisfiable(RangeNotSatisfiableException e) {
        ProblemDetail problem = problem(HttpStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range-not-satisfiable", detail(e));
        return ResponseEntity.status(problem.getStatus())
                .header(HttpHeaders.CONTENT_RANGE, "bytes */" + e.size())
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleMaxUploadSizeExceededException(
            MaxUploadSizeExceededException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        // Spring tells limits apart by the words of their messages.
        return NestedExceptionUtils.getMostSpecificCause(e) instanceof FileCountLimitExceededException parts
                ? untyped(answer(problem(
                        HttpStatus.CONTENT_TOO_LARGE,
                        "too-many-files",
                        "the request has more than " + parts.getLimit() + " parts; send fewer files in one request")))
                : untyped(answer(problemOf(e)));
    }

    /** Tomcat tells by a status what is wrong with parameters. */
    @ExceptionHandler(InvalidParameterException.class)
    ResponseEntity<ProblemDetail> unreadParameters(InvalidParameterException e) {
        return answer(
                e.getErrorCode() == HttpStatus.CONTENT_TOO_LARGE.value()
                        ? problem(
                                HttpStatus.CONTENT_TOO_LARGE,
                                "upload-too-large",
                                "a form without files may have 2 MB at most")
                        : problemOf(e));
    }

    /** A body that is no form. */
    @ExceptionHandler(SocketTimeoutException.class)
    ResponseEntity<ProblemDetail> slowBody(SocketTimeoutException e) {
        return answer(slow(e));
    }

    private static ProblemDetail slow(Throwable timeout) {
        return problem(
                HttpStatus.REQUEST_TIMEOUT,
                "slow-upload",
                "the body came too slowly, or stopped: " + timeout.getMessage());
    }

    @ExceptionHandler(MultipartException.class)
    ResponseEntity<ProblemDetail> badMultipart(MultipartException e) {
        Throwable root = NestedExceptionUtils.getMostSpecificCause(e);
        if (root instanceof SocketTimeoutException) {
            return answer(slow(root));
        }
        if (root instanceof FileNotFoundException
                || String.valueOf(root.getMessage()).contains("No space left")) {
            log.warn("problem=store-unavailable an upload cannot be kept on this machine's disk: {}", root.toString());
            return answer(problem(
                    HttpStatus.SERVICE_UNAVAILABLE,
                    "store-unavailable",
                    "the server's disk does not take the upload; try again in a moment"));
        }
        // Spring's parser of the header throws these, without a word on where.
        String why = root instanceof IllegalArgumentException || root instanceof IndexOutOfBoundsException
                ? "the header Content-Disposition of a part cannot be read; a file name is written as filename=\"cat.jpg\","
                        + " or as filename*=UTF-8''cat.jpg"
                : String.valueOf(root.getMessage());
        return answer(
                problem(HttpStatus.BAD_REQUEST, "bad-multipart", "the body is not valid multipart/form-data: " + why));
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleTypeMismatch(
            TypeMismatchException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return untyped(answer(problem(
                HttpStatus.BAD_REQUEST,
                "invalid-query",
                e.getPropertyName() + " must be " + kind(e.getRequiredType()) + ": " + e.getValue())));
    }

    /** What a value has to be, in words that a client understands. */
    private static String kind(@Nullable Class<?> type) {
        if (type == null) {
            return "something else";
        }
        if (type.isEnum()) {
            return "one of "
                    + Stream.of(type.getEnumConstants()).map(Object::toString).collect(Collectors.joining(", "));
        }
        if (type == boolean.class || type == Boolean.class) {
            return "true or false";
        }
        if (type == Instant.class) {
            return "a time such as 2026-11-26T08:00:00Z";
        }
        return ClassUtils.isAssignable(Number.class, type) ? "a whole number" : "something else";
    }

    /** What Spring itself refuses. */
    @Override
    protected @Nullable ResponseEntity<Object> handleExceptionInternal(
            Exception e, @Nullable Object body, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        if (status.is5xxServerError()) {
            log.error("unexpected failure", e);
        }
        ProblemDetail problem = StandardProblems.of(status.value());
        problem.setDetail(problem.getDetail() + more(e, request));
        return ResponseEntity.status(problem.getStatus())
                .headers(headers)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    /** What a client can do about a refusal of Spring's, where Spring knows more than the status tells. */
    private String more(Exception refusal, WebRequest request) {
        if (refusal instanceof NoResourceFoundException && request instanceof ServletWebRequest sent) {
            HttpServletRequest servlet = sent.getRequest();
            return paths.hint(
                    servlet.getRequestURI().substring(servlet.getContextPath().length()));
        }
        if (refusal instanceof HttpMediaTypeNotSupportedException unsupported
                && !unsupported.getSupportedMediaTypes().isEmpty()) {
            return "; it takes " + MediaType.toString(unsupported.getSupportedMediaTypes());
        }
        return refusal instanceof HttpMediaTypeNotAcceptableException unacceptable
                        && !unacceptable.getSupportedMediaTypes().isEmpty()
                ? "; it is there as " + MediaType.toString(unacceptable.getSupportedMediaTypes())
                : "";
    }

    @Override
    protected @Nullable ResponseEntity<Object> handleMissingServletRequestParameter(
            MissingServletRequestParameterException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        return untyped(answer(problem(HttpStatus.BAD_REQUEST, "invalid-query", e.getParameterName() + " is missing")));
    }

    /** Names all methods, also those that Spring adds to ours. */
    @Override
    protected @Nullable ResponseEntity<Object> handleHttpRequestMethodNotSupported(
            HttpRequestMethodNotSupportedException e, HttpHeaders headers, HttpStatusCode status, WebRequest request) {
        Set<HttpMethod> methods = new TreeSet<>(Objects.requireNonNullElse(e.getSupportedHttpMethods(), Set.of()));
        if (methods.contains(HttpMethod.GET)) {
            methods.add(HttpMethod.HEAD);
        }
        methods.add(HttpMethod.OPTIONS);
        String allowed = methods.stream().map(HttpMethod::name).collect(Collectors.joining(", "));
        ProblemDetail problem = problem(
                HttpStatus.METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "this path does not take this method; it takes " + allowed);
        return ResponseEntity.status(problem.getStatus())
                .header(HttpHeaders.ALLOW, allowed)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }

    /** What the failure itself knows about it. */
    private static Duration retryAfter(Throwable failure) {
        return failure instanceof TableBusyException busy ? busy.left().orElse(RETRY_AFTER) : RETRY_AFTER;
    }

    private static ResponseEntity<ProblemDetail> answer(ProblemDetail problem) {
        return answer(problem, RETRY_AFTER);
    }

    private static ResponseEntity<ProblemDetail> answer(ProblemDetail problem, Duration retryAfter) {
        ResponseEntity.BodyBuilder answer =
                ResponseEntity.status(problem.getStatus()).contentType(MediaType.APPLICATION_PROBLEM_JSON);
        if (problem.getStatus() == HttpStatus.SERVICE_UNAVAILABLE.value()) {
            // Whole seconds, and no attempt before the time is over.
            answer.header(HttpHeaders.RETRY_AFTER, Long.toString((retryAfter.toMillis() + 999) / 1_000));
        }
        return answer.body(problem);
    }

    private static ResponseEntity<Object> untyped(ResponseEntity<ProblemDetail> answer) {
        return ResponseEntity.status(answer.getStatusCode())
                .headers(answer.getHeaders())
                .body(answer.getBody());
    }

    static ProblemDetail problem(HttpStatus status, String type, String detail) {
        assert ProblemTypes.names().contains(type) : "a type that the list lacks: " + type;
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, detail);
        problem.setType(URI.create("/problems/" + type));
        problem.setTitle(status.getReasonPhrase());
        return problem;
    }

    /** Of a file alone it is {@link FileTooLargeException} that tells. */
    private static String tooLarge(Throwable root) {
        if (!(root instanceof SizeException size)) {
            // Tomcat has no type of its own for the sum of all texts.
            return String.valueOf(root.getMessage()).contains("maxPostSize")
                    ? "the parts without a file name are text, and may have 2 MB together; a picture needs a file name, as"
                            + " curl -F file=@cat.jpg gives it one"
                    : "the request is too large";
        }
        DataSize limit = DataSize.ofBytes(size.getPermittedSize());
        return limit.toMegabytes() > 0
                ? "a request may have " + limit.toMegabytes() + " MB at most; send fewer files in one request"
                : "the headers of a part may have " + limit.toBytes() + " bytes at most; give the file a shorter name";
    }

    private static String detail(Throwable failure) {
        if (failure instanceof MaxUploadSizeExceededException) {
            return tooLarge(NestedExceptionUtils.getMostSpecificCause(failure));
        }
        if (failure instanceof InvalidParameterException) {
            return "the parameters cannot be read: one has no name, there are more than 1000, or a % is not followed by two"
                    + " hex digits of UTF-8; a picture that is the body needs its Content-Type, for example image/jpeg";
        }
        if (failure instanceof TimeoutException) {
            return "the store did not answer in time; the upload may or may not be kept, and sending it again is safe";
        }
        String message = failure.getMessage();
        return message == null ? "no more is known" : message;
    }
}

package dev.glimpse.storage;

import java.io.ByteArrayInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * Objects in a bucket of an S3-compatible store, R2 above all: whatever R2 does not know (checksum trailers, chunked
 * signatures, many deletes at once) is not used. The SDK retries; a conditional put whose answer was lost on the way is
 * settled by reading back what is there.
 */
final class S3Store implements ObjectStore {
    private static final Duration ATTEMPT = Duration.ofSeconds(10);

    /** Of each call, by the SDK, with growing pauses. */
    private static final int ATTEMPTS = 3;

    /** The slowest line that is not called a hang. */
    private static final long BYTES_PER_SECOND = 1_000_000;

    /** A gigabyte at about the slowest speed. A download that stands still ends after the time of one attempt. */
    private static final Duration DOWNLOAD = Duration.ofMinutes(15);

    /** Above what the request threads, the committer and a catching-up replica use at once. */
    private static final int CONNECTIONS = 64;

    private static final Set<String> CREDENTIAL_ERRORS = Set.of(
            "AccessDenied",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "Unauthorized");

    private final RequestMeter meter = new RequestMeter();
    private final R2Properties r2;
    private final S3Client s3;
    private final String endpoint;

    /** Null until it has been tried. */
    private volatile @Nullable Boolean refusesSecondPut;

    private final String bucket;
    private final Duration attempt;

    S3Store(R2Properties r2) {
        this(r2, ATTEMPT);
    }

    /** @param attempt how long one attempt of a call without many bytes may take */
    S3Store(R2Properties r2, Duration attempt) {
        if (!r2.isSet()) {
            throw new IllegalArgumentException("no bucket is set");
        }
        this.r2 = r2;
        this.endpoint = String.valueOf(r2.endpoint());
        this.bucket = String.valueOf(r2.bucket());
        this.attempt = attempt;
        this.s3 = S3Client.builder()
                .endpointOverride(r2.uri())
                .region(Region.of("auto"))
                .credentialsProvider(StaticCredentialsProvider.create(
                        AwsBasicCredentials.create(r2.accessKeyId(), r2.secretAccessKey())))
                .httpClientBuilder(Apache5HttpClient.builder()
                        .maxConnections(CONNECTIONS)
                        .connectionTimeout(attempt)
                        .connectionAcquisitionTimeout(attempt)
                        .socketTimeout(attempt))
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .forcePathStyle(true)
                .serviceConfiguration(S3Configuration.builder()
                        .chunkedEncodingEnabled(false)
                        // It would cost a put of more than 1 MB another round trip.
                        .expectContinueEnabled(false)
                        .build())
                .overrideConfiguration(config -> config.addExecutionInterceptor(new MeteringInterceptor(meter))
                        .apiCallAttemptTimeout(attempt)
                        .apiCallTimeout(attempt.multipliedBy(ATTEMPTS))
                        .retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                .maxAttempts(ATTEMPTS)
                                .retryOnException(S3Store::isContention)
                                .build()))
                .build();
    }

    @Override
    public boolean putIfAbsent(String key, byte[] bytes, String mediaType, Map<String, String> metadata) {
        return putIfAbsent(key, bytes, mediaType, metadata, PutLimits.of(attempt, bytes.length));
    }

    @Override
    public boolean putIfAbsent(
            String key, byte[] bytes, String mediaType, Map<String, String> metadata, Duration within) {
        return putIfAbsent(key, bytes, mediaType, metadata, PutLimits.within(within, bytes.length));
    }

    private boolean putIfAbsent(
            String key, byte[] bytes, String mediaType, Map<String, String> metadata, PutLimits limits) {
        KeyRules.requireKey(key);
        KeyRules.requireMetadata(metadata);
        RequestBody body =
                RequestBody.fromContentProvider(() -> new ByteArrayInputStream(bytes), bytes.length, mediaType);
        return put(key, body, bytes.length, mediaType, metadata, limits);
    }

    /** How long a conditional put may take: an attempt, all of them, and reading back what came of them. */
    private record PutLimits(Duration attempt, Duration whole, Duration readBack) {
        static PutLimits of(Duration small, long bytes) {
            Duration attempt = small.plusSeconds(bytes / BYTES_PER_SECOND);
            return new PutLimits(attempt, attempt.multipliedBy(ATTEMPTS), attempt);
        }

        static PutLimits within(Duration time, long bytes) {
            Duration readBack = time.dividedBy(5);
            Duration whole = time.minus(readBack);
            Duration attempt = whole.dividedBy(ATTEMPTS).plusSeconds(bytes / BYTES_PER_SECOND);
            return new PutLimits(attempt.compareTo(whole) < 0 ? attempt : whole, whole, readBack);
        }
    }

    @Override
    public boolean putIfAbsent(String key, Path file) {
        KeyRules.requireKey(key);
        try {
            long bytes = Files.size(file);
            return put(
                    key,
                    RequestBody.fromFile(file),
                    bytes,
                    "application/octet-stream",
                    Map.of(),
                    PutLimits.of(attempt, bytes));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file + " to put it as " + key, e);
        }
    }

    private boolean put(
            String key,
            RequestBody body,
            long bytes,
            String mediaType,
            Map<String, String> metadata,
            PutLimits limits) {
        try {
            s3.putObject(
                    put -> put.bucket(bucket)
                            .key(key)
                            .ifNoneMatch("*")
                            .contentType(mediaType)
                            .metadata(metadata)
                            .overrideConfiguration(limit(limits.attempt, limits.whole)),
                    body);
            return true;
        } catch (SdkException e) {
            int status = e instanceof SdkServiceException answer ? answer.statusCode() : 0;
            boolean refusedAtOnce = Integer.valueOf(1).equals(e.numAttempts()) && status >= 400 && status < 500;
            if (refusedAtOnce && status == 412) {
                return false;
            }
            if (refusedAtOnce) {
                throw unavailable("put", key, e);
            }
            // One of the attempts may have been applied, and its answer lost.
            return readBack(key, body, bytes, metadata, limits.readBack, e);
        }
    }

    private boolean readBack(
            String key,
            RequestBody sent,
            long bytes,
            Map<String, String> metadata,
            Duration limit,
            SdkException failure) {
        try {
            return s3.getObject(read(key, limit, limit), (response, stored) -> {
                if (response.contentLength() != bytes || !response.metadata().equals(metadata)) {
                    stored.abort();
                    return false;
                }
                try (InputStream expected = sent.contentStreamProvider().newStream()) {
                    return isSame(expected, stored);
                }
            });
        } catch (SdkException e) {
            failure.addSuppressed(e);
            throw unavailable("put", key, failure);
        }
    }

    private static boolean isSame(InputStream one, InputStream other) throws IOException {
        while (true) {
            byte[] expected = one.readNBytes(1 << 16);
            if (!Arrays.equals(expected, other.readNBytes(1 << 16))) {
                return false;
            }
            if (expected.length == 0) {
                return true;
            }
        }
    }

    @Override
    public Optional<byte[]> get(String key) {
        KeyRules.requireKey(key);
        Duration limit = attempt.multipliedBy(ATTEMPTS);
        try {
            // The size is not known before, so one attempt may take the time of all; a hang ends sooner.
            return Optional.of(s3.getObject(read(key, limit, limit), ResponseTransformer.toBytes())
                    .asByteArrayUnsafe());
        } catch (NoSuchKeyException e) {
            return Optional.empty();
        } catch (SdkException e) {
            throw unavailable("get", key, e);
        }
    }

    @Override
    public boolean download(String key, Path target) throws IOException {
        KeyRules.requireKey(key);
        try (Download download = new Download(target)) {
            s3.getObject(read(key, DOWNLOAD, DOWNLOAD), (response, stored) -> {
                write(response, stored, download.part());
                return response;
            });
            download.complete();
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (SdkException e) {
            if (e.getCause() instanceof LocalDiskException local) {
                throw new IOException("cannot download " + key + " to " + target, local.getCause());
            }
            throw unavailable("get", key, e);
        }
    }

    /** Begins anew, as an attempt before may have left something. */
    private static void write(GetObjectResponse response, AbortableInputStream stored, Path part)
            throws LocalDiskException {
        // Not a channel: the SDK ends a slow attempt by an interrupt, which would look like a failure of the disk.
        try (OutputStream out = new FileOutputStream(part.toFile())) {
            byte[] buffer = new byte[1 << 16];
            long written = 0;
            for (int n = read(stored, buffer); n >= 0; n = read(stored, buffer)) {
                out.write(buffer, 0, n);
                written += n;
            }
            if (written != response.contentLength()) {
                throw RetryableException.create("got " + written + " of " + response.contentLength() + " bytes");
            }
        } catch (IOException e) {
            stored.abort();
            throw new LocalDiskException(e);
        }
    }

    private static int read(InputStream stored, byte[] buffer) {
        try {
            return stored.read(buffer);
        } catch (IOException e) {
            throw RetryableException.create("the answer broke off", e);
        }
    }

    @Override
    public Optional<ObjectHead> head(String key) {
        KeyRules.requireKey(key);
        try {
            HeadObjectResponse head =
                    // An upload waits for it, so all attempts together get the time that others get for one.
                    s3.headObject(request -> request.bucket(bucket)
                            .key(key)
                            .overrideConfiguration(limit(attempt.dividedBy(ATTEMPTS), attempt)));
            return Optional.of(new ObjectHead(
                    head.contentLength(),
                    head.metadata(),
                    String.valueOf(head.eTag()).replace("\"", "")));
        } catch (NoSuchKeyException e) {
            return Optional.empty();
        } catch (SdkException e) {
            throw unavailable("head", key, e);
        }
    }

    @Override
    public void delete(String key) {
        KeyRules.requireKey(key);
        try {
            s3.deleteObject(request -> request.bucket(bucket).key(key));
        } catch (NoSuchKeyException e) {
            // Nothing to remove. S3 and R2 do not even say so.
        } catch (SdkException e) {
            throw unavailable("delete", key, e);
        }
    }

    @Override
    public boolean copy(String from, String to) {
        KeyRules.requireKey(from);
        KeyRules.requireKey(to);
        try {
            s3.copyObject(copy -> copy.sourceBucket(bucket)
                    .sourceKey(from)
                    .destinationBucket(bucket)
                    .destinationKey(to));
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (SdkException e) {
            throw unavailable("copy", from, e);
        }
    }

    @Override
    public Instant list(String prefix, Consumer<Listed> objects) {
        KeyRules.requirePrefix(prefix);
        try {
            Instant clock = Instant.MIN;
            for (ListObjectsV2Response page :
                    s3.listObjectsV2Paginator(request -> request.bucket(bucket).prefix(prefix))) {
                page.contents()
                        .forEach(object ->
                                objects.accept(new Listed(object.key(), object.lastModified(), object.size())));
                clock = page.sdkHttpResponse()
                        .firstMatchingHeader("Date")
                        .map(date -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date)))
                        .orElseGet(Instant::now);
            }
            return clock;
        } catch (SdkException e) {
            throw unavailable("list", prefix, e);
        }
    }

    @Override
    public boolean hasAny(String prefix) {
        KeyRules.requirePrefix(prefix);
        try {
            return !s3.listObjectsV2(
                            request -> request.bucket(bucket).prefix(prefix).maxKeys(1))
                    .contents()
                    .isEmpty();
        } catch (SdkException e) {
            throw unavailable("list", prefix, e);
        }
    }

    @Override
    public String address(String key) {
        KeyRules.requireKey(key);
        return "s3://" + bucket + "/" + key;
    }

    @Override
    public Optional<Path> folder() {
        return Optional.empty();
    }

    @Override
    public Optional<R2Properties> bucket() {
        return Optional.of(r2);
    }

    @Override
    public void requireConditionalPuts() {
        Boolean refuses = refusesSecondPut;
        if (refuses == null) {
            String key = "doctor/" + UUID.randomUUID();
            putIfAbsent(key, new byte[] {1}, "text/plain", Map.of());
            refuses = !putIfAbsent(key, new byte[] {2}, "text/plain", Map.of());
            delete(key);
            refusesSecondPut = refuses;
        }
        if (!refuses) {
            throw new UntrustedBucketException("bucket " + bucket + " at " + endpoint
                    + " does not refuse a second put of a key (If-None-Match), so nothing is written to it; see"
                    + " scripts/doctor");
        }
    }

    @Override
    public RequestMeter meter() {
        return meter;
    }

    @Override
    public void close() {
        s3.close();
    }

    private GetObjectRequest read(String key, Duration attempt, Duration whole) {
        return GetObjectRequest.builder()
                .bucket(bucket)
                .key(key)
                .overrideConfiguration(limit(attempt, whole))
                .build();
    }

    private static AwsRequestOverrideConfiguration limit(Duration attempt, Duration whole) {
        return AwsRequestOverrideConfiguration.builder()
                .apiCallAttemptTimeout(attempt)
                .apiCallTimeout(whole)
                .build();
    }

    /** Two conditional puts of one key at the same time: S3 asks the one to try again, and then says who won. */
    private static boolean isContention(Throwable failure) {
        return failure instanceof AwsServiceException answer && answer.statusCode() == 409;
    }

    /** Says what failed where, in the store's own words, and which setting to look at. Never a value of a credential. */
    private StoreUnavailableException unavailable(String operation, String key, SdkException failure) {
        String what = "cannot " + operation + " " + key + " in bucket " + bucket + " at " + endpoint + ": ";
        if (failure instanceof AwsServiceException answer) {
            AwsErrorDetails details = answer.awsErrorDetails();
            String code = details == null || details.errorCode() == null ? "" : details.errorCode();
            return new StoreUnavailableException(
                    (what + answer.statusCode() + " " + code).strip() + hint(answer.statusCode(), code), failure);
        }
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        boolean unreachable = root instanceof UnknownHostException
                || root instanceof ConnectException
                || root instanceof SSLException;
        return new StoreUnavailableException(
                what + root.getClass().getSimpleName() + ": " + root.getMessage()
                        + (unreachable ? ". Check R2_ENDPOINT." : ""),
                failure);
    }

    private static String hint(int status, String code) {
        if (code.equals("RequestTimeTooSkewed")) {
            return ". Check the clock of this machine.";
        }
        if (code.equals("NoSuchBucket")) {
            return ". Check R2_BUCKET.";
        }
        if (status == 401 || status == 403 || CREDENTIAL_ERRORS.contains(code)) {
            return ". Check R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY.";
        }
        return "";
    }

    /** Parts a failure of the disk here from one of the store there, across the SDK. */
    private static final class LocalDiskException extends IOException {
        private static final long serialVersionUID = 1L;

        LocalDiskException(IOException cause) {
            super(cause);
        }
    }
}

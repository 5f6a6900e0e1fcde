package dev.glimpse.storage;

import dev.glimpse.meters.Meters;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.core.sync.ResponseTransformer;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MetadataDirective;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * Objects in a bucket of an S3-compatible store, R2 above all: whatever R2 does not know (checksum trailers, chunked
 * signatures, many deletes at once) is not used. The SDK retries; a conditional put whose answer was lost on the way is
 * settled by reading back what is there.
 */
final class S3Store implements ObjectStore, MeterBinder {
    private static final Duration ATTEMPT = Duration.ofSeconds(10);

    private static final int ATTEMPTS = BucketClient.ATTEMPTS;

    /** A gigabyte at about the slowest speed. A download that stands still ends after the time of one attempt. */
    private static final Duration DOWNLOAD = Duration.ofMinutes(15);

    /** R2's condition for the target of a copy, of which S3's {@code If-Match} is the equivalent. */
    private static final String R2_TARGET_IF_MATCH = "cf-copy-destination-if-match";

    private final RequestMeter meter = new RequestMeter();
    private final Meters meters = new Meters();
    private final R2Properties r2;
    private final S3Client s3;
    private final String bucket;
    private final Duration attempt;
    private final BucketFailures failures;

    private final ConditionalPutTrial trial;

    /** Why the last read and the last write were refused; null if they were not. */
    private volatile @Nullable StoreProblem readsRefused;

    private volatile @Nullable StoreProblem writesRefused;

    S3Store(R2Properties r2) {
        this(r2, ATTEMPT);
    }

    /** @param attempt how long one attempt of a call without many bytes may take */
    S3Store(R2Properties r2, Duration attempt) {
        if (!r2.isSet()) {
            throw new IllegalArgumentException("no bucket is set");
        }
        this.r2 = r2;
        this.bucket = String.valueOf(r2.bucket());
        this.attempt = attempt;
        this.failures = new BucketFailures(r2);
        this.s3 = BucketClient.open(r2, attempt, meter, meters);
        this.trial = new ConditionalPutTrial(this, "bucket " + bucket + " at " + r2.endpoint());
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
                            .overrideConfiguration(limit(limits.attempt(), limits.whole())),
                    body);
            writesRefused = null;
            return true;
        } catch (SdkException e) {
            int status = e instanceof SdkServiceException answer ? answer.statusCode() : 0;
            boolean refusedAtOnce = Integer.valueOf(1).equals(e.numAttempts()) && status >= 400 && status < 500;
            if (refusedAtOnce && status == 412) {
                writesRefused = null;
                return false;
            }
            if (refusedAtOnce) {
                throw unavailable("put", key, e);
            }
            // One of the attempts may have been applied, and its answer lost.
            return readBack(key, body, bytes, metadata, limits.readBack(), e);
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
    public Optional<byte[]> get(String key, long most) {
        KeyRules.requireKey(key);
        Duration limit = attempt.multipliedBy(ATTEMPTS);
        try {
            // The size is not known before, so one attempt may take the time of all; a hang ends sooner.
            Optional<byte[]> found = s3.getObject(read(key, limit, limit), (response, stored) -> {
                Long bytes = response.contentLength();
                if (bytes != null && bytes > most) {
                    stored.abort();
                    return Optional.empty();
                }
                return Optional.of(ResponseTransformer.<GetObjectResponse>toBytes()
                        .transform(response, stored)
                        .asByteArrayUnsafe());
            });
            readsRefused = null;
            return found;
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
            s3.getObject(read(key, DOWNLOAD, DOWNLOAD), new BodyToFile(download.part()));
            readsRefused = null;
            download.complete();
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (SdkException e) {
            Optional<IOException> disk = BodyToFile.failureOfTheDisk(e);
            if (disk.isPresent()) {
                throw new IOException("cannot download " + key + " to " + target, disk.get());
            }
            throw unavailable("get", key, e);
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
            readsRefused = null;
            return Optional.of(new ObjectHead(
                    head.contentLength(),
                    head.metadata(),
                    head.lastModified(),
                    String.valueOf(head.eTag()).replace("\"", "")));
        } catch (NoSuchKeyException e) {
            readsRefused = null;
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
            writesRefused = null;
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
            writesRefused = null;
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (SdkException e) {
            throw unavailable("copy", from, e);
        }
    }

    @Override
    public boolean replaceMetadata(
            String key, String etag, String mediaType, Map<String, String> metadata, Duration within) {
        KeyRules.requireKey(key);
        KeyRules.requireMetadata(metadata);
        String quoted = "\"" + etag + "\"";
        Duration one = within.dividedBy(ATTEMPTS);
        try {
            s3.copyObject(copy -> copy.sourceBucket(bucket)
                    .sourceKey(key)
                    .destinationBucket(bucket)
                    .destinationKey(key)
                    .copySourceIfMatch(quoted)
                    // R2 has a header of its own for it, below.
                    .ifMatch(r2.isCloudflare() ? null : quoted)
                    .metadataDirective(MetadataDirective.REPLACE)
                    .contentType(mediaType)
                    .metadata(metadata)
                    .overrideConfiguration(limits -> limits.apiCallAttemptTimeout(one)
                            .apiCallTimeout(within)
                            .putHeader(R2_TARGET_IF_MATCH, quoted)));
            writesRefused = null;
            return true;
        } catch (NoSuchKeyException e) {
            return false;
        } catch (SdkException e) {
            // 409 if somebody else changes the object at this moment.
            if (e instanceof SdkServiceException answer && Set.of(409, 412).contains(answer.statusCode())) {
                return false;
            }
            throw unavailable("copy", key, e);
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
            readsRefused = null;
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
        KeyRules.requirePrefix(key);
        return "s3://" + bucket + "/" + key;
    }

    @Override
    public String identity(String key) {
        return r2.endpoint() + " " + address(key);
    }

    @Override
    public String kind() {
        return "s3";
    }

    @Override
    public boolean hasOneWriter() {
        return false;
    }

    /** A listing gives a thousand keys a request. */
    @Override
    public boolean listsInParallel() {
        return true;
    }

    @Override
    public Optional<Path> filesInPlace() {
        return Optional.empty();
    }

    @Override
    public Optional<R2Properties> directAccess() {
        return Optional.of(r2);
    }

    @Override
    public void requireConditionalPuts() {
        trial.requirePassed();
    }

    @Override
    public void tryWriting() {
        boolean tried = isTried();
        requireConditionalPuts();
        if (!tried) {
            return;
        }
        String key = "doctor/" + UUID.randomUUID();
        putIfAbsent(key, new byte[1], "text/plain", Map.of());
        delete(key);
    }

    @Override
    public Optional<StoreProblem> problem() {
        return Optional.ofNullable(readsRefused)
                .or(() -> Optional.ofNullable(writesRefused))
                .or(trial::problem);
    }

    @Override
    public boolean isTried() {
        return trial.isOver();
    }

    private StoreUnavailableException unavailable(String operation, String key, SdkException failure) {
        StoreUnavailableException what = failures.of(operation, key, failure);
        if (what instanceof StoreRefusedException) {
            if (BucketFailures.isWrite(operation)) {
                writesRefused = what.problem();
            } else {
                readsRefused = what.problem();
            }
        }
        return what;
    }

    @Override
    public RequestMeter meter() {
        return meter;
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
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
}

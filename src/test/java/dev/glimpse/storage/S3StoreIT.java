package dev.glimpse.storage;

import static dev.glimpse.testing.TestBucket.RequestClass.A;
import static dev.glimpse.testing.TestBucket.RequestClass.B;
import static dev.glimpse.testing.TestBucket.RequestClass.FREE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class S3StoreIT extends ObjectStoreContract {
    private static final int MANY = Integer.MAX_VALUE;

    private static TestBucket bucket;
    private static S3Store store;

    @BeforeAll
    static void start() {
        bucket = TestBucket.start();
        store = new S3Store(bucket.r2());
    }

    @AfterAll
    static void stop() {
        store.close();
        bucket.close();
    }

    @BeforeEach
    void forget() {
        bucket.clearFaults();
        bucket.latency(Duration.ZERO, Duration.ZERO);
        bucket.resetCounts();
    }

    @Override
    ObjectStore store() {
        return store;
    }

    @Test
    void addressNamesTheBucket() {
        assertThat(store.address("images/a.jpg")).isEqualTo("s3://glimpse/images/a.jpg");
        assertThat(store.filesInPlace()).isEmpty();
    }

    @Test
    void eachCallCostsOneRequest() {
        put("a", "bytes");
        text("a");
        store.head(folder + "a");
        store.list(folder);
        store.delete(folder + "a");

        assertThat(bucket.requests())
                .extracting(TestBucket.Request::method)
                .containsExactly("PUT", "GET", "HEAD", "LIST", "DELETE");
        assertThat(bucket.count(A)).isEqualTo(2);
        assertThat(bucket.count(B, folder)).isEqualTo(2);
        assertThat(bucket.count(FREE, "elsewhere/")).isZero();
    }

    @Test
    void listGoesOnBeyondThePageOfAThousand() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(16);
        List<Future<Boolean>> puts = new ArrayList<>();
        for (int i = 0; i < 1005; i++) {
            String name = "%04d".formatted(i);
            puts.add(threads.submit(() -> put(name, "x")));
        }
        for (Future<Boolean> put : puts) {
            assertThat(put.get()).isTrue();
        }
        threads.shutdown();

        List<String> keys = store.list(folder);

        assertThat(keys).hasSize(1005).isSorted().endsWith(folder + "1004");
        assertThat(bucket.count("LIST", folder)).isEqualTo(2);
    }

    @Test
    void listingOfADirectoryBucketIsSortedAndHasAllOfItsPages() {
        try (TestBucket directory = TestBucket.start().directoryListings(7);
                ObjectStore listed = directory.open()) {
            List<String> names =
                    IntStream.range(0, 20).mapToObj("a & <b>/%02d"::formatted).toList();
            names.forEach(name -> listed.putIfAbsent(name, new byte[1], JPEG, Map.of()));

            List<String> asTheyCome = new ArrayList<>();
            listed.list("a & <b>/", object -> asTheyCome.add(object.key()));

            assertThat(asTheyCome).containsExactlyInAnyOrderElementsOf(names).isNotEqualTo(names);
            assertThat(listed.list("a & <b>/")).isEqualTo(names);
            assertThat(listed.hasAny("a & <b>/")).isTrue();
            assertThat(listed.hasAny("b/")).isFalse();
            assertThat(directory.count("LIST", "a & <b>/")).isEqualTo(3 + 3 + 1);
            assertThatThrownBy(() -> listed.list("a & <b>/0"))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("400 InvalidRequest");
        }
    }

    @Test
    void refusalOfTheFirstAttemptIsBelievedWithoutReading() {
        put("a", "first");
        bucket.resetCounts();

        assertThat(put("a", "second")).isFalse();

        assertThat(bucket.count(A)).isEqualTo(1);
        assertThat(bucket.count(B)).isZero();
    }

    @Test
    void conditionalPutWhoseAnswerIsLostHasStoredItsBytes() {
        bucket.fault(Fault.ANSWER_LOST, 1, (method, key) -> method.equals("PUT"));

        boolean stored = put("a", "mine");

        assertThat(stored).isTrue();
        assertThat(text("a")).isEqualTo("mine");
        assertThat(bucket.count("PUT", folder)).isEqualTo(2);
    }

    @Test
    void conditionalPutWhoseAnswersAreAllLostHasStoredItsBytes() {
        bucket.fault(Fault.ANSWER_LOST, MANY, (method, key) -> method.equals("PUT"));

        assertThat(put("a", "mine")).isTrue();
    }

    @Test
    void fileWhoseAnswerIsLostIsComparedByteForByte() throws Exception {
        Path file = Files.write(disk.resolve("file"), randomBytes(300_000));
        bucket.fault(Fault.ANSWER_LOST, 1, (method, key) -> method.equals("PUT"));

        assertThat(store.putIfAbsent(folder + "file", file)).isTrue();
    }

    @Test
    void afterALostAnswerTheObjectOfAnotherIsNotTakenForOurs() {
        put("a", "other");
        bucket.fault(Fault.DROP, 1, (method, key) -> method.equals("PUT"));
        assertThat(put("a", "mine!")).isFalse();

        byte[] same = "other".getBytes(StandardCharsets.UTF_8);
        bucket.fault(Fault.DROP, 1, (method, key) -> method.equals("PUT"));
        assertThat(store.putIfAbsent(folder + "a", same, JPEG, Map.of("group", "mine")))
                .isFalse();
    }

    @Test
    void putThatNeverArrivedIsNotSaidToBeStored() {
        bucket.fault(Fault.DROP, 3, (method, key) -> method.equals("PUT"));

        assertThatThrownBy(() -> put("a", "lost")).isInstanceOf(StoreUnavailableException.class);

        assertThat(store.get(folder + "a")).isEmpty();
    }

    @Test
    void twoRefusalsForNowAreOvercome() throws Exception {
        put("a", "bytes");
        for (Fault fault : List.of(Fault.SERVICE_UNAVAILABLE, Fault.INTERNAL_ERROR, Fault.DROP)) {
            for (String refused : List.of("GET", "HEAD", "LIST", "PUT", "DELETE")) {
                bucket.fault(fault, 2, (method, key) -> method.equals(refused));
            }

            assertThat(text("a")).isEqualTo("bytes");
            assertThat(store.head(folder + "a")).isPresent();
            assertThat(store.list(folder)).containsExactly(folder + "a");
            assertThat(put("b", "bytes")).isTrue();
            store.delete(folder + "b");
        }
        assertThat(store.list(folder)).containsExactly(folder + "a");
    }

    @Test
    void tooManyRequestsAreTriedAgain() {
        bucket.fault(Fault.TOO_MANY_REQUESTS, 1, (method, key) -> method.equals("PUT"));

        assertThat(put("a", "bytes")).isTrue();
    }

    @Test
    void contentionOverAKeyIsTriedAgain() {
        bucket.fault(Fault.CONFLICT, 2, (method, key) -> method.equals("PUT"));

        assertThat(put("a", "bytes")).isTrue();
    }

    @Test
    void answerThatBreaksOffIsReadAnew() throws Exception {
        byte[] bytes = randomBytes(300_000);
        store.putIfAbsent(folder + "a", bytes, JPEG, Map.of());
        bucket.fault(Fault.BREAK_OFF, 1, (method, key) -> method.equals("GET"));
        assertThat(store.get(folder + "a").orElseThrow()).isEqualTo(bytes);

        bucket.fault(Fault.BREAK_OFF, 2, (method, key) -> method.equals("GET"));
        assertThat(store.download(folder + "a", disk.resolve("target"))).isTrue();

        assertThat(disk.resolve("target")).hasBinaryContent(bytes);
    }

    @Test
    void answerThatAlwaysBreaksOffIsNoObject() {
        store.putIfAbsent(folder + "a", randomBytes(300_000), JPEG, Map.of());
        bucket.fault(Fault.BREAK_OFF, MANY, (method, key) -> method.equals("GET"));

        assertThatThrownBy(() -> store.get(folder + "a")).isInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> store.download(folder + "a", disk.resolve("target")))
                .isInstanceOf(StoreUnavailableException.class);

        assertThat(disk).isEmptyDirectory();
    }

    @Test
    void failedDownloadLeavesNothing() {
        put("a", "bytes");
        bucket.fault(Fault.SERVICE_UNAVAILABLE, MANY, (method, key) -> method.equals("GET"));

        assertThatThrownBy(() -> store.download(folder + "a", disk.resolve("target")))
                .isInstanceOf(StoreUnavailableException.class);

        assertThat(disk).isEmptyDirectory();
    }

    @Test
    void diskThatFailsIsNoFailureOfTheStore() throws Exception {
        put("a", "bytes");
        Path target = disk.resolve("target");
        Files.createDirectories(target.resolve("is/a/folder"));

        assertThatThrownBy(() -> store.download(folder + "a", target)).isInstanceOf(IOException.class);
    }

    @Test
    void bucketThatIsDownIsSaidSoSoon() {
        bucket.down();
        Instant start = Instant.now();

        for (Runnable call : List.<Runnable>of(
                () -> put("a", "x"),
                () -> store.get(folder + "a"),
                () -> store.head(folder + "a"),
                () -> store.list(folder),
                () -> store.delete(folder + "a"))) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining(folder)
                    .hasMessageContaining("bucket glimpse at " + bucket.endpoint());
        }

        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(30));
    }

    @Test
    void endpointThatIsNotThereIsNamedWithItsVariable() {
        R2Properties nowhere = new R2Properties("http://127.0.0.1:1", "glimpse", "test", "secret");
        try (S3Store none = new S3Store(nowhere)) {
            assertThatThrownBy(() -> none.get("a"))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("http://127.0.0.1:1")
                    .hasMessageContaining("R2_ENDPOINT");
        }
    }

    @Test
    void bucketThatHangsIsGivenUp() {
        Duration attempt = Duration.ofMillis(300);
        bucket.fault(Fault.HANG, MANY, (method, key) -> key.startsWith(folder));
        try (S3Store impatient = new S3Store(bucket.r2(), attempt)) {
            Instant start = Instant.now();

            assertThatThrownBy(() -> impatient.get(folder + "a")).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> impatient.head(folder + "a")).isInstanceOf(StoreUnavailableException.class);
            assertThatThrownBy(() -> impatient.putIfAbsent(folder + "a", new byte[1], JPEG, Map.of()))
                    .isInstanceOf(StoreUnavailableException.class);

            assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(15));
        }
    }

    @Test
    void putWithADeadlineHasEndedByThenThoughTheBucketHangs() {
        bucket.fault(Fault.HANG, MANY, (method, key) -> true);
        long start = System.nanoTime();

        assertThatThrownBy(() ->
                        store.putIfAbsent(folder + "a", new byte[1], "text/plain", Map.of(), Duration.ofSeconds(3)))
                .isInstanceOf(StoreUnavailableException.class);

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
    }

    @Test
    void putThatHangsOnceIsTriedAgainWithinItsDeadline() {
        bucket.fault(Fault.HANG, 1, (method, key) -> true);

        assertThat(store.putIfAbsent(folder + "a", new byte[1], "text/plain", Map.of(), Duration.ofSeconds(3)))
                .isTrue();
    }

    @Test
    void wrongSecretIsSaidByItsVariableNeverByItsValue() {
        R2Properties wrong = new R2Properties(bucket.endpoint(), "glimpse", "test", "not-the-5ecret");
        try (S3Store refused = new S3Store(wrong)) {
            StoreUnavailableException failure =
                    catchThrowableOfType(StoreUnavailableException.class, () -> refused.get("images/a"));

            assertThat(failure)
                    .hasMessageContaining("SignatureDoesNotMatch")
                    .hasMessageContaining("R2_SECRET_ACCESS_KEY")
                    .hasMessageContaining("images/a");
            assertThat(failure).hasStackTraceContaining("S3Exception");
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                assertThat(String.valueOf(cause)).doesNotContain("not-the-5ecret");
            }
        }
    }

    @Test
    void missingBucketIsSaidByItsVariable() {
        R2Properties other = new R2Properties(bucket.endpoint(), "no-such-bucket", "test", "secret");
        try (S3Store missing = new S3Store(other)) {
            assertThatThrownBy(() -> missing.get("a"))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("no-such-bucket")
                    .hasMessageContaining("R2_BUCKET");
            assertThatThrownBy(() -> missing.putIfAbsent("a", new byte[1], JPEG, Map.of()))
                    .isInstanceOf(StoreUnavailableException.class)
                    .hasMessageContaining("NoSuchBucket");
        }
    }

    @Test
    void tokenThatMayOnlyReadIsSaidAndForgottenWhenItMayWrite() {
        put("a", "bytes");
        bucket.readOnly();

        StoreRefusedException failure = catchThrowableOfType(StoreRefusedException.class, () -> put("b", "bytes"));

        assertThat(failure.problem().publicly()).isEqualTo("the token may not write: it needs Object Read & Write");
        assertThat(failure).hasMessageContaining("bucket glimpse").hasMessageContaining("Object Read & Write");
        assertThat(text("a")).isEqualTo("bytes");
        assertThat(store.problem()).contains(failure.problem());
        bucket.clearFaults();
        store.tryWriting();
        assertThat(store.problem()).isEmpty();
    }

    @Test
    void clockThatIsWrongIsSaidWithItsCure() {
        bucket.fault(Fault.CLOCK_SKEW, MANY, (method, key) -> true);

        StoreRefusedException failure = catchThrowableOfType(StoreRefusedException.class, () -> store.list(folder));

        assertThat(failure).hasMessageContaining("RequestTimeTooSkewed").hasMessageContaining("Set the clock");
        assertThat(store.problem()).contains(failure.problem());
        bucket.clearFaults();
        store.list(folder);
        assertThat(store.problem()).isEmpty();
    }

    @Test
    void publicSentencesNameNeitherBucketNorEndpointNorKey() {
        for (Fault fault : List.of(Fault.DROP, Fault.ACCESS_DENIED, Fault.CLOCK_SKEW, Fault.INTERNAL_ERROR)) {
            bucket.fault(fault, MANY, (method, key) -> true);

            StoreUnavailableException failure =
                    catchThrowableOfType(StoreUnavailableException.class, () -> put("a", "bytes"));

            assertThat(failure.problem().publicly())
                    .doesNotContain("glimpse")
                    .doesNotContain("127.0.0.1")
                    .doesNotContain(folder)
                    .doesNotContain("R2_");
            bucket.clearFaults();
        }
    }

    @Test
    void slowBucketServesThirtyTwoAtOnce() throws Exception {
        put("a", "bytes");
        bucket.latency(Duration.ofMillis(500), Duration.ofMillis(500));
        ExecutorService threads = Executors.newFixedThreadPool(32);
        Instant start = Instant.now();

        List<Future<String>> reads = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            reads.add(threads.submit(() -> text("a")));
        }
        for (Future<String> read : reads) {
            assertThat(read.get()).isEqualTo("bytes");
        }
        threads.shutdown();

        // One after the other they would take 16 s.
        assertThat(Duration.between(start, Instant.now())).isBetween(Duration.ofMillis(500), Duration.ofSeconds(8));
    }
}

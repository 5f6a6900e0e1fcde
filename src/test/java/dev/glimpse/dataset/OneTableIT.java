package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;

/** A table is never taken for another one, whatever lies on the disk and whatever becomes of the bucket. */
class OneTableIT {
    private static final Duration POLL = Duration.ofMillis(100);

    @TempDir
    Path temporary;

    private final TestBucket alpha = TestBucket.start();
    private final TestBucket beta = TestBucket.start();
    private final List<ObjectStore> stores = new ArrayList<>();

    @AfterEach
    void stopBuckets() {
        stores.forEach(ObjectStore::close);
        alpha.close();
        beta.close();
    }

    private ObjectStore store(TestBucket bucket) {
        ObjectStore store = bucket.open();
        stores.add(store);
        return store;
    }

    private ImageDataset open(ObjectStore store, String server) {
        return ImageDataset.open(store, temporary.resolve(server), Rows.MODEL, Rows.settings(POLL, 10_000), Rows.ALERT);
    }

    /** A picture for each row, as uploads have it. */
    private static void upload(ObjectStore store, ImageDataset dataset, int from, int to) {
        List<CompletableFuture<Boolean>> added = IntStream.range(from, to)
                .mapToObj(n -> {
                    store.putIfAbsent(Rows.id(n).toString(), new byte[] {1}, "image/png", Map.of());
                    return dataset.add(Rows.row(n));
                })
                .toList();
        added.forEach(CompletableFuture::join);
    }

    private static List<String> found(ImageDataset dataset) {
        try {
            return dataset.nearest(Rows.vector(0), 1000, true).stream()
                    .map(Neighbor::id)
                    .sorted()
                    .toList();
        } catch (TableUnavailableException e) {
            return List.of();
        }
    }

    private static List<String> ids(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(n -> Rows.id(n).toString())
                .sorted()
                .toList();
    }

    private void fill(TestBucket bucket, String server, int from, int to) {
        try (ImageDataset dataset = open(store(bucket), server)) {
            for (int n = from; n < to; n++) {
                upload(stores.get(stores.size() - 1), dataset, n, n + 1);
            }
        }
    }

    // ---- a copy that is another table's

    @Test
    void anotherBucketWithTheSameVersionNumbersIsReadAndWrittenAsItself() {
        fill(alpha, "shared", 0, 3);
        fill(beta, "other", 100, 103);

        try (ImageDataset dataset = open(store(beta), "shared")) {
            assertThat(found(dataset)).isEqualTo(ids(100, 103));
            upload(stores.get(stores.size() - 1), dataset, 103, 104);
            assertThat(dataset.stateOf(Rows.id(0)).isShown()).isFalse();
        }

        try (ImageDataset fresh = open(store(beta), "fresh")) {
            assertThat(found(fresh)).isEqualTo(ids(100, 104));
        }
        try (ImageDataset back = open(store(alpha), "shared")) {
            assertThat(found(back)).isEqualTo(ids(0, 3));
        }
    }

    @Test
    void copyIsNotBegunWithWhileAnotherBucketIsDown() {
        fill(alpha, "shared", 0, 3);
        fill(beta, "other", 100, 103);
        beta.down();
        ObjectStore store = store(beta);

        assertThatThrownBy(() -> open(store, "shared")).isInstanceOf(StoreUnavailableException.class);
    }

    @Test
    void tableThatWasDeletedAndBegunAnewWhileTheServerWasStoppedIsReadAsItself() {
        fill(alpha, "shared", 0, 3);
        deleteTable(alpha);
        fill(alpha, "other", 100, 103);

        try (ImageDataset dataset = open(store(alpha), "shared")) {
            assertThat(found(dataset)).isEqualTo(ids(100, 103));
            upload(stores.get(stores.size() - 1), dataset, 103, 104);
        }
        try (ImageDataset fresh = open(store(alpha), "fresh")) {
            assertThat(found(fresh)).isEqualTo(ids(100, 104));
        }
    }

    @Test
    void tableThatWasSetBackToABackupWhileTheServerWasStoppedIsReadAsItself() throws IOException {
        fill(alpha, "shared", 0, 3);
        Map<String, byte[]> backup = backup(alpha);
        fill(alpha, "shared", 3, 6);
        restore(alpha, backup);
        fill(alpha, "other", 100, 103);

        try (ImageDataset dataset = open(store(alpha), "shared")) {
            assertThat(found(dataset))
                    .isEqualTo(Stream.concat(ids(0, 3).stream(), ids(100, 103).stream())
                            .sorted()
                            .toList());
        }
    }

    @Test
    void copyThatCannotBeReadIsFetchedAnew() throws IOException {
        fill(alpha, "shared", 0, 3);
        spoilCopy();

        try (ImageDataset dataset = open(store(alpha), "shared")) {
            assertThat(dataset.state().problem()).isNull();
            assertThat(found(dataset)).isEqualTo(ids(0, 3));
            spoilCopy();
            dataset.readAnew();
            await().until(() -> found(dataset).equals(ids(0, 3)));
        }
    }

    /** Waits until there is a copy: the bucket is searched meanwhile. */
    private void spoilCopy() throws IOException {
        Path data =
                temporary.resolve("shared/replica").resolve(ImageDataset.KEY).resolve("data");
        await().until(() -> Files.isDirectory(data) && !copied(data).isEmpty());
        for (Path file : copied(data)) {
            Files.write(file, new byte[(int) Files.size(file)]);
        }
    }

    private static List<Path> copied(Path data) throws IOException {
        try (Stream<Path> files = Files.list(data)) {
            // Hidden ones are on their way, and get other names.
            return files.filter(file -> !file.getFileName().toString().startsWith("."))
                    .toList();
        }
    }

    // ---- a table that becomes another one under a running server

    @Test
    void tableThatIsReplacedUnderARunningServerIsOpenedAnewBeforeAnythingIsWritten() {
        ObjectStore store = store(alpha);
        try (ImageDataset dataset = open(store, "one")) {
            AtomicInteger repairs = new AtomicInteger();
            dataset.whenRowsMayBeMissing(repairs::incrementAndGet);
            upload(store, dataset, 0, 3);
            deleteTable(alpha);
            fill(alpha, "other", 100, 105);

            upload(store, dataset, 5, 6);

            await().until(() -> found(dataset).containsAll(ids(100, 105)));
            assertThat(found(dataset))
                    .contains(Rows.id(5).toString())
                    .doesNotContain(Rows.id(0).toString());
            assertThat(repairs).hasPositiveValue();
            assertThat(dataset.state().problem()).isNull();
        }
        try (ImageDataset fresh = open(store(alpha), "fresh")) {
            assertThat(found(fresh)).hasSize(6);
        }
    }

    @Test
    void tableThatIsSetBackToABackupUnderARunningServerIsOpenedAnew() throws IOException {
        ObjectStore store = store(alpha);
        try (ImageDataset dataset = open(store, "one")) {
            upload(store, dataset, 0, 3);
            Map<String, byte[]> backup = backup(alpha);
            upload(store, dataset, 3, 6);
            restore(alpha, backup);

            await().until(() -> found(dataset).equals(ids(0, 3)));
            upload(store, dataset, 10, 11);
        }
        try (ImageDataset fresh = open(store(alpha), "fresh")) {
            assertThat(found(fresh)).hasSize(4);
        }
    }

    @Test
    void tableThatIsGoneStopsUploadsSaysSoAndIsMadeAnew() {
        TableTimings patient = Rows.alert(Duration.ofSeconds(5));
        ObjectStore store = store(alpha);
        try (ImageDataset dataset =
                ImageDataset.open(store, temporary.resolve("one"), Rows.MODEL, Rows.settings(POLL, 10_000), patient)) {
            AtomicInteger repairs = new AtomicInteger();
            dataset.whenRowsMayBeMissing(repairs::incrementAndGet);
            upload(store, dataset, 0, 3);

            deleteTable(alpha);

            await().until(() -> dataset.state().problem() != null);
            assertThat(String.valueOf(dataset.state().problem()))
                    .contains("s3://glimpse/vectors/images.lance is gone")
                    .contains("derives its rows from the pictures");
            assertThatThrownBy(() -> dataset.add(Rows.row(9))).isInstanceOf(TableUnavailableException.class);
            await().until(() -> repairs.get() > 0);
            await().until(() -> dataset.state().problem() == null);
            assertThat(dataset.state().warning()).contains("scripts/verify --repair");
            dataset.completed();
            assertThat(dataset.state().warning()).isNull();
            upload(store, dataset, 9, 10);
            assertThat(found(dataset)).isEqualTo(ids(9, 10));
        }
    }

    @Test
    void tableThatComesBackInTimeIsTheOneItWas() throws IOException {
        TableTimings patient = Rows.alert(Duration.ofSeconds(10));
        ObjectStore store = store(alpha);
        try (ImageDataset dataset =
                ImageDataset.open(store, temporary.resolve("one"), Rows.MODEL, Rows.settings(POLL, 10_000), patient)) {
            upload(store, dataset, 0, 3);
            Map<String, byte[]> backup = backup(alpha);
            deleteTable(alpha);
            await().until(() -> dataset.state().problem() != null);

            restore(alpha, backup);

            await().until(() -> dataset.state().problem() == null);
            upload(store, dataset, 3, 4);
            assertThat(found(dataset)).isEqualTo(ids(0, 4));
            assertThat(dataset.state().warning()).isNull();
        }
    }

    @Test
    void rowThatWaitsIsGivenUpIfItsPictureWentWithTheTable() {
        ObjectStore store = store(alpha);
        TableSettings slow = new TableSettings(
                new CommitProperties(256, Duration.ofSeconds(30)),
                Rows.settings(POLL, 10_000).replica(),
                Rows.AT_ONCE.maintenance());
        try (ImageDataset dataset = ImageDataset.open(store, temporary.resolve("one"), Rows.MODEL, slow, Rows.ALERT)) {
            store.putIfAbsent(Rows.id(1).toString(), new byte[] {1}, "image/png", Map.of());
            CompletableFuture<Boolean> kept = dataset.add(Rows.row(1));
            CompletableFuture<Boolean> lost = dataset.add(Rows.row(2));

            deleteTable(alpha);

            await().until(lost::isCompletedExceptionally);
            dataset.flush(Duration.ofSeconds(10));
            assertThat(kept.join()).isTrue();
            assertThat(found(dataset)).isEqualTo(ids(1, 2));
        }
    }

    // ---- folders

    @Test
    void folderThatIsMovedOrCopiedHoldsTheSameTable() throws IOException {
        Path first = temporary.resolve("first");
        try (ImageDataset dataset = inFolder(first)) {
            upload(TestStores.folder(first), dataset, 0, 3);
        }
        Path copy = temporary.resolve("copy");
        FileSystemUtils.copyRecursively(first, copy);
        Path moved = Files.move(first, temporary.resolve("moved"));

        for (Path folder : List.of(copy, moved)) {
            try (ImageDataset dataset = inFolder(folder)) {
                assertThat(found(dataset)).isEqualTo(ids(0, 3));
                upload(TestStores.folder(folder), dataset, 3, 4);
                assertThat(found(dataset)).isEqualTo(ids(0, 4));
            }
        }
    }

    @Test
    void tableInAFolderThatIsSetBackToABackupUnderARunningServerIsOpenedAnew() throws IOException {
        Path folder = temporary.resolve("data");
        Path table = folder.resolve(ImageDataset.KEY);
        try (ImageDataset dataset = inFolder(folder)) {
            upload(TestStores.folder(folder), dataset, 0, 3);
            Path backup = temporary.resolve("backup");
            FileSystemUtils.copyRecursively(table, backup);
            upload(TestStores.folder(folder), dataset, 3, 6);

            FileSystemUtils.deleteRecursively(table);
            FileSystemUtils.copyRecursively(backup, table);

            await().until(() ->
                    dataset.state().problem() == null && dataset.state().committedRows() == 3);
            upload(TestStores.folder(folder), dataset, 10, 11);
            assertThat(found(dataset)).hasSize(4);
        }
    }

    private ImageDataset inFolder(Path folder) {
        return open(TestStores.folder(folder), folder.resolve(".glimpse").toString());
    }

    // ---- what it costs

    @Test
    void whetherTheTableIsTheSameIsAskedWithOneReadAndNoListing() {
        ObjectStore store = store(alpha);
        // It does not look by itself meanwhile.
        TableSettings calm = Rows.settings(Duration.ofSeconds(30), 10_000);
        try (ImageDataset dataset = ImageDataset.open(store, temporary.resolve("one"), Rows.MODEL, calm, Rows.ALERT)) {
            upload(store, dataset, 0, 3);
            dataset.refresh().join();
            alpha.resetCounts();

            dataset.refresh().join();

            assertThat(alpha.count("HEAD", ImageDataset.KEY)).isBetween(2L, 4L);
            assertThat(alpha.count("GET", "")).isZero();
            assertThat(alpha.count(TestBucket.RequestClass.A)).isZero();
        }
    }

    // ---- what the tests need

    private static void deleteTable(TestBucket bucket) {
        try (ObjectStore store = bucket.open()) {
            // The newest manifest last, so that nobody sees an older version in between.
            store.list(ImageDataset.KEY).stream()
                    .sorted(Comparator.reverseOrder())
                    .forEach(store::delete);
        }
    }

    private static Map<String, byte[]> backup(TestBucket bucket) {
        Map<String, byte[]> files = new TreeMap<>();
        try (ObjectStore store = bucket.open()) {
            store.list(ImageDataset.KEY)
                    .forEach(key -> files.put(key, store.get(key).orElseThrow()));
        }
        return files;
    }

    private static void restore(TestBucket bucket, Map<String, byte[]> files) {
        deleteTable(bucket);
        try (ObjectStore store = bucket.open()) {
            files.forEach((key, bytes) -> store.putIfAbsent(key, bytes, "application/octet-stream", Map.of()));
        }
    }
}

package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.lance.BucketAccess;
import dev.glimpse.dataset.lance.Columns;
import dev.glimpse.dataset.lance.Datasets;
import dev.glimpse.dataset.lance.FragmentRewriter;
import dev.glimpse.dataset.lance.LanceTable;
import dev.glimpse.dataset.lance.Snapshot;
import dev.glimpse.dataset.replica.Elapsed;
import dev.glimpse.dataset.replica.ManifestName;
import dev.glimpse.dataset.replica.Replica;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.replica.TableLocation;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.dataset.upkeep.GarbageCollection;
import dev.glimpse.dataset.upkeep.MaintenanceLease;
import dev.glimpse.dataset.upkeep.MergePolicy;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lance.ipc.ScanOptions;
import org.springframework.util.unit.DataSize;

/** The table in a bucket over time: it stays in shape, and nothing is lost on the way. */
class MaintenanceIT {
    /** Nothing is waited for, and a name is given free at once. */
    private static final TableTimings HASTY = new TableTimings(
            Duration.ZERO,
            Duration.ZERO,
            Duration.ofMinutes(10),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ZERO,
            Duration.ofMillis(500),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(3));

    @TempDir
    Path work;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final AtomicBoolean asleep = new AtomicBoolean();

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    // ---- a while under load

    @Test
    void aDayInFastMotionKeepsTheTableInShapeAndLosesNothing() throws Exception {
        long seed = Long.getLong("seed", 2026);
        TableTimings timing = new TableTimings(
                Duration.ofSeconds(4),
                Duration.ofSeconds(1),
                Duration.ofMinutes(10),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                Duration.ofSeconds(2),
                Duration.ofSeconds(8),
                Duration.ofMillis(100),
                Duration.ofSeconds(2),
                Duration.ofSeconds(4));
        Day day = new Day(
                bucket,
                work,
                new Day.Plan(1_500, 4_000, 1_000, Duration.ofSeconds(5), timing, seed),
                line -> System.out.println("seed " + seed + ", " + line));

        day.live();

        assertThat(day.problems()).isEmpty();
        assertThat(day.most().versions).isBetween(2L, 1_000L);
        assertThat(day.most().unindexedRows).isLessThanOrEqualTo(10_000);
    }

    // ---- versions that go

    @Test
    void garbageCollectionRemovesOldVersionsAndOrphansAloneWhileAKeptVersionIsRead() throws Exception {
        try (LanceTable table = table("one", HASTY)) {
            for (int n = 0; n < 12; n++) {
                append(table, n, n + 1);
            }
            put("data/orphan.lance");
            put("_deletions/0-1-2.arrow");
            table.snapshots().refresh();
            Set<String> live = new HashSet<>(table.replica()
                    .files()
                    .files(ManifestName.of(table.manifest().version()))
                    .keySet());

            // The store tells whole seconds, and what is younger than five before the oldest version is never an
            // orphan.
            GarbageCollection garbageCollection = garbageCollection(table, Duration.ZERO, 900);
            GarbageCollection.Removed first = garbageCollection.run();
            append(table, 12, 13);
            int read = table.snapshots().read(snapshot -> {
                append(table, 13, 14);
                garbageCollection.run();
                table.snapshots().refresh();
                table.prune();
                table.prune();
                return ids(snapshot).size();
            });

            assertThat(first.versions()).isEqualTo(12);
            assertThat(first.oldest()).isEqualTo(14);
            assertThat(read).isEqualTo(12);
            assertThat(names("data/", "_deletions/")).containsAll(live);
            assertThat(versions()).containsExactly(16L);
            assertThat(table.snapshots().read(MaintenanceIT::ids)).hasSize(14);
            await().atMost(Duration.ofSeconds(20)).until(() -> {
                append(table, 100, 101);
                table.delete(List.of(Rows.id(100)));
                garbageCollection.run();
                return !names("data/").contains("data/orphan.lance")
                        && !names("_deletions/").contains("_deletions/0-1-2.arrow");
            });
            table.snapshots().refresh();
            assertThat(table.snapshots().read(MaintenanceIT::ids)).hasSize(14);
        }
    }

    @Test
    void versionsWithinTheRetentionStayUnlessTheyAreTooMany() throws Exception {
        try (LanceTable table = table("one", HASTY)) {
            for (int n = 0; n < 12; n++) {
                append(table, n, n + 1);
            }

            garbageCollection(table, Duration.ofMinutes(30), 900).run();
            assertThat(versions()).hasSize(13).contains(2L, 14L);

            garbageCollection(table, Duration.ofMinutes(30), 5).run();
            assertThat(versions()).containsExactly(10L, 11L, 12L, 13L, 14L);
        }
    }

    @Test
    void versionsThatWereReplacedAMomentAgoStayHoweverManyThereAre() throws Exception {
        try (LanceTable table = table("one", HASTY)) {
            for (int n = 0; n < 5; n++) {
                append(table, n, n + 1);
            }

            new GarbageCollection(store, ImageDataset.KEY, table.replica(), Duration.ZERO, 1, TableTimings.USUAL).run();

            assertThat(versions()).hasSize(6);
        }
    }

    @Test
    void lastVersionsBeforeAQuietTimeGoToo() throws Exception {
        try (ImageDataset dataset = dataset("one", Duration.ofSeconds(2), HASTY)) {
            for (int n = 0; n < 5; n++) {
                dataset.add(Rows.row(n)).join();
            }

            await().until(() -> versions().size() == 1);
        }
    }

    // ---- a server that slept

    @Test
    void serverThatSleptWhileOthersWentOnAndCleanedUpCatchesUp() throws Exception {
        try (ImageDataset sleeper = sleeper();
                LanceTable other = table("two", HASTY)) {
            sleeper.add(Rows.row(0)).join();
            asleep.set(true);
            othersCommitAHundredVersionsAndKeepTen(other);
            asleep.set(false);

            sleeper.refresh().exceptionally(lost -> null).join();

            await().atMost(Duration.ofMinutes(1))
                    .until(() -> sleeper.state().version() == other.manifest().version());
            assertThat(sleeper.state().problem()).isNull();
            assertThat(sleeper.nearest(Rows.vector(0), 1000, true)).hasSize(101);
            // A table that is closed while it copies the new version leaves the files of that behind.
            await().until(() -> sleeper.state().reading() == TableState.Reading.LOCAL);
        }
    }

    @Test
    void commitOfAServerThatSleptIsMadeOnTopOfWhatOthersHaveMadeMeanwhile() throws Exception {
        try (ImageDataset sleeper = sleeper();
                LanceTable other = table("two", HASTY)) {
            sleeper.add(Rows.row(0)).join();
            long known = sleeper.state().version();
            asleep.set(true);
            othersCommitAHundredVersionsAndKeepTen(other);
            asleep.set(false);
            Set<String> before = names("");
            store.putIfAbsent(Rows.id(1_000).toString(), new byte[] {1}, "image/png", Map.of());

            assertThat(sleeper.add(Rows.row(1_000)).join()).isTrue();

            assertThat(versions()).doesNotContain(known + 1);
            // Data, transaction and manifest, and nothing of the attempt that came too late.
            assertThat(names("")).hasSize(before.size() + 3).containsAll(before);
            other.catchUp();
            other.snapshots().refresh();
            assertThat(other.snapshots().read(MaintenanceIT::ids))
                    .hasSize(102)
                    .contains(Rows.id(1_000).toString());
        }
    }

    /** Looks after nothing, and while {@link #asleep} none of its polls learns what others do, however long they take. */
    private ImageDataset sleeper() {
        ObjectStore answersWhileAwake = (ObjectStore) Proxy.newProxyInstance(
                ObjectStore.class.getClassLoader(), new Class<?>[] {ObjectStore.class}, (proxy, method, arguments) -> {
                    if (asleep.get()) {
                        throw new StoreUnavailableException("asleep", null);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        Duration never = Duration.ofHours(1);
        TableTimings quiet = new TableTimings(
                Duration.ZERO, Duration.ZERO, never, never, never, Duration.ZERO, never, never, never, never);
        return ImageDataset.open(
                answersWhileAwake,
                work.resolve("one"),
                Rows.MODEL,
                Rows.settings(Duration.ofSeconds(30), 10_000),
                quiet);
    }

    private void othersCommitAHundredVersionsAndKeepTen(LanceTable other) throws IOException {
        other.catchUp();
        for (int n = 0; n < 100; n++) {
            append(other, 100 + n, 101 + n);
        }
        garbageCollection(other, Duration.ofMinutes(30), 10).run();
        assertThat(versions()).hasSize(10);
    }

    // ---- whose turn it is

    @Test
    void serverWhoseTurnItIsNotLeavesTheTableAsItIs() throws Exception {
        TableTimings patient = new TableTimings(
                Duration.ZERO,
                Duration.ZERO,
                Duration.ofMinutes(10),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(12),
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1));
        MaintenanceLease elsewhere =
                new MaintenanceLease(store, work.resolve("two"), Duration.ofMinutes(15), Elapsed.Clocks.SYSTEM);
        elsewhere.take(false);
        try (ImageDataset dataset = dataset("one", Duration.ofMinutes(30), patient)) {
            for (int n = 0; n < 2 * MergePolicy.MANY; n++) {
                dataset.add(Rows.row(n)).join();
            }
            await().until(() -> bucket.count("GET", MaintenanceLease.KEY) > 0);
            assertThat(dataset.state().fragments()).isEqualTo(2 * MergePolicy.MANY);

            elsewhere.release();

            await().atMost(Duration.ofSeconds(30)).until(() -> dataset.state().fragments() < MergePolicy.MANY);
            await().until(() -> store.list(MaintenanceLease.KEY).isEmpty());
        }
    }

    // ---- merges

    @Test
    void mergeOfFragmentsThatAnotherServerHasMergedIsOutdated() throws Exception {
        try (LanceTable table = table("one", HASTY)) {
            append(table, 0, 5);

            try (StagedVersion staged = table.stageAllFiles()) {
                assertThatThrownBy(() -> FragmentRewriter.rewrite(staged, Set.of(0, 7), table.datasets()))
                        .isInstanceOf(OutdatedException.class);
            }
        }
    }

    @Test
    void filesOfAMergeTravelOnceHoweverOftenAnotherServerIsFirst() throws Exception {
        try (LanceTable table = table("one", shippedFor(Duration.ofMinutes(10)));
                LanceTable other = table("two", HASTY)) {
            append(table, 0, 5);
            append(table, 5, 10);
            try (StagedVersion staged = table.stageAllFiles()) {
                FragmentRewriter.Compacted merged = FragmentRewriter.rewrite(staged, Set.of(0, 1), table.datasets());
                table.shipCompaction(staged);
                long shipped = bucket.count("PUT", ImageDataset.KEY + TableLocation.DATA);

                for (int n = 10; n < 13; n++) {
                    other.catchUp();
                    append(other, n, n + 1);
                    assertThat(table.commitCompaction(staged, merged)).isFalse();
                }
                assertThat(table.commitCompaction(staged, merged)).isTrue();

                assertThat(bucket.count("PUT", ImageDataset.KEY + TableLocation.DATA))
                        .isEqualTo(shipped + 3);
            }
            other.catchUp();
            other.snapshots().refresh();
            assertThat(other.snapshots().read(MaintenanceIT::ids)).hasSize(13);
            assertThat(other.manifest().fragments()).hasSize(4);
        }
    }

    @Test
    void mergeThatWasShippedTooLongAgoForTheCleanupIsOutdated() throws Exception {
        try (LanceTable table = table("one", shippedFor(Duration.ZERO))) {
            append(table, 0, 5);
            append(table, 5, 10);
            try (StagedVersion staged = table.stageAllFiles()) {
                FragmentRewriter.Compacted merged = FragmentRewriter.rewrite(staged, Set.of(0, 1), table.datasets());
                table.shipCompaction(staged);

                assertThatThrownBy(() -> table.commitCompaction(staged, merged)).isInstanceOf(OutdatedException.class);
            }
            assertThat(table.manifest().fragments()).hasSize(2);
        }
    }

    // ---- what the tests need

    /** Files that were shipped count for a version that is committed so long afterwards; zero is over before it is committed. */
    private static TableTimings shippedFor(Duration time) {
        return new TableTimings(
                HASTY.youngest(),
                HASTY.certain(),
                HASTY.listing(),
                HASTY.identity(),
                HASTY.gone(),
                HASTY.prune(),
                HASTY.lease(),
                HASTY.upkeep(),
                HASTY.garbageCollection(),
                time);
    }

    private LanceTable table(String server, TableTimings timing) throws IOException {
        return new LanceTable(
                manifests -> new Replica(
                        store,
                        ImageDataset.KEY,
                        work.resolve(server).resolve("replica"),
                        work.resolve(server).resolve("scratch"),
                        Long.MAX_VALUE,
                        timing,
                        manifests,
                        Runnable::run),
                store.directAccess().map(access -> BucketAccess.of(access, ImageDataset.KEY)),
                10_000,
                work.resolve(server).resolve("vectors"),
                new KnownModels(Rows.MODEL),
                () -> TableStamp.fresh(false),
                lost -> {});
    }

    private ImageDataset dataset(String server, Duration retention, TableTimings timing) {
        TableSettings settings = new TableSettings(
                new CommitProperties(256, Duration.ZERO),
                new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofMillis(100)),
                new MaintenanceProperties(retention, 10_000, 0.95));
        return ImageDataset.open(store, work.resolve(server), Rows.MODEL, settings, timing);
    }

    private GarbageCollection garbageCollection(LanceTable table, Duration retention, int mostVersions) {
        return new GarbageCollection(store, ImageDataset.KEY, table.replica(), retention, mostVersions, HASTY);
    }

    private static void append(LanceTable table, int from, int to) throws IOException {
        assertThat(table.append(IntStream.range(from, to).mapToObj(Rows::row).toList()))
                .isTrue();
    }

    private static List<String> ids(Snapshot snapshot) throws IOException {
        List<String> ids = new ArrayList<>();
        Datasets.scan(
                snapshot.dataset(),
                new ScanOptions.Builder().columns(List.of(Columns.ID)).build(),
                batch -> {
                    for (int i = 0; i < batch.getRowCount(); i++) {
                        Optional.ofNullable(Columns.text(batch, Columns.ID, i)).ifPresent(ids::add);
                    }
                });
        return ids;
    }

    private void put(String name) throws IOException {
        Path file = Files.writeString(work.resolve("orphan"), "nobody names this");
        assertThat(store.putIfAbsent(ImageDataset.KEY + name, file)).isTrue();
    }

    private List<Long> versions() {
        return names(TableLocation.VERSIONS).stream()
                .map(name -> ManifestName.version(name.substring(TableLocation.VERSIONS.length())))
                .flatMap(Optional::stream)
                .sorted()
                .toList();
    }

    /** Of the table's files below these folders. */
    private Set<String> names(String... folders) {
        Set<String> names = new HashSet<>();
        Arrays.stream(folders)
                .map(folder -> bucket.sizes(ImageDataset.KEY + folder).keySet())
                .flatMap(Collection::stream)
                .forEach(key -> names.add(key.substring(ImageDataset.KEY.length())));
        return names;
    }
}

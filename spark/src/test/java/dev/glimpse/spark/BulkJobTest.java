package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.BulkTable;
import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.apache.spark.SparkConf;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Jobs in two threads, with three attempts for each task, on the test bucket. */
class BulkJobTest {
    private static final Duration LEASE = Duration.ofSeconds(20);
    private static final String MODEL =
            Path.of("../models/mini-clip").toAbsolutePath().normalize().toString();

    /** What tasks of a test do before or after their work. They run in this process. */
    private static volatile Consumer<TaskContext> before = context -> {};

    private static volatile Consumer<TaskContext> after = context -> {};

    private static JavaSparkContext spark;

    @TempDir
    Path folder;

    private TestProcess.Bucket bucket;
    private Settings settings;
    private ObjectStore store;

    @BeforeAll
    static void startSpark() {
        spark = new JavaSparkContext(new SparkConf()
                .setMaster("local[2,3]")
                .setAppName("test")
                .set("spark.ui.enabled", "false")
                .set("spark.driver.bindAddress", "127.0.0.1")
                .set("spark.driver.host", "127.0.0.1"));
    }

    @AfterAll
    static void stopSpark() {
        spark.close();
    }

    @BeforeEach
    void startBucket() throws IOException {
        before = context -> {};
        after = context -> {};
        bucket = new TestProcess.Bucket();
        settings = settings(bucket.variables());
        store = settings.openStore();
    }

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    private Settings settings(Map<String, String> variables) {
        Map<String, String> all = new HashMap<>(variables);
        all.put("GLIMPSE_DATA", folder.resolve("data").toString());
        all.put("GLIMPSE_MODEL", MODEL);
        return new Settings(all);
    }

    /** Runs what the test wants, before and after the work of each attempt of a task. */
    private static FlatMapFunction<Iterator<Source>, TaskReport> disturbed(
            FlatMapFunction<Iterator<Source>, TaskReport> task) {
        return sources -> {
            before.accept(TaskContext.get());
            Iterator<TaskReport> reports = task.call(sources);
            after.accept(TaskContext.get());
            return reports;
        };
    }

    private BulkJob job(Settings of) {
        UnaryOperator<FlatMapFunction<Iterator<Source>, TaskReport>> around = BulkJobTest::disturbed;
        return new BulkJob(spark, of, true, LEASE, line -> {}, around);
    }

    private Report run(int tasks) throws Exception {
        return job(settings).run(incoming(tasks));
    }

    private JavaRDD<Source> incoming(int tasks) {
        return spark.parallelize(Inputs.below("incoming/", store), tasks);
    }

    private ImageDataset server(String name) {
        return server(store, name);
    }

    private ImageDataset server(ObjectStore of, String name) {
        return ImageDataset.open(
                of,
                folder.resolve(name),
                Workshop.of(settings).stamp(),
                new TableSettings(
                        new CommitProperties(256, Duration.ofMillis(50)),
                        new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofMillis(500)),
                        new MaintenanceProperties(Duration.ofMinutes(30), 10_000, 0.95)));
    }

    private static ImageId id(byte[] bytes) {
        return ImageId.of(bytes, ImageFormat.sniff(bytes).orElseThrow());
    }

    private static List<ImageId> rows(ImageDataset table) {
        table.refresh().join();
        List<ImageId> ids = new ArrayList<>();
        table.forEachRow((id, notes) -> ids.add(id));
        return ids;
    }

    private List<ImageId> rows() {
        try (ImageDataset table = server("reader")) {
            return rows(table);
        }
    }

    /** The row that a server makes of a picture, which it has put. */
    private PictureRow uploaded(byte[] bytes) {
        Workshop workshop = Workshop.of(settings);
        UploadMetadata notes = new UploadMetadata("live.bin", null, List.of());
        ImageId id = id(bytes);
        store.putIfAbsent(id.toString(), bytes, id.format().mediaType(), notes.toMetadata(null, Instant.now()));
        TableModels models = new TableModels(new VectorColumn(VectorColumn.FIRST, workshop.stamp()), null);
        return workshop.deriver(models)
                .derive(id, bytes, workshop.ticket())
                .row(notes, Instant.now())
                .join();
    }

    @Test
    void picturesBelowAPrefixGetRowsAndARerunWritesNothing() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 30);
        store.putIfAbsent("incoming/note.txt", "no picture".getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());

        Report first = run(4);
        Report second = run(4);

        assertThat(first.stored()).isEqualTo(30);
        assertThat(first.refused()).isEqualTo(1);
        assertThat(first.problems()).extracting(TaskReport.Problem::place).containsExactly("incoming/note.txt");
        assertThat(first.exitStatus()).isEqualTo(1);
        assertThat(second.stored()).isZero();
        assertThat(second.known()).isEqualTo(30);
        assertThat(second.version()).isEqualTo(first.version());
        assertThat(rows())
                .containsExactlyInAnyOrderElementsOf(
                        pictures.stream().map(BulkJobTest::id).toList());
        assertThat(store.list(BulkTable.FOLDER)).isEmpty();
        assertThat(store.list("lease/")).isEmpty();
        assertThat(pictures)
                .allSatisfy(bytes -> assertThat(store.get(id(bytes).toString())).contains(bytes));
    }

    @Test
    void tasksThatFailAfterTheyHaveWrittenLeaveNoSecondRow() throws Exception {
        Pictures.put(store, "incoming/", 0, 40);
        AtomicInteger failures = new AtomicInteger();
        after = context -> {
            if (context.partitionId() % 2 == 0 && context.attemptNumber() < 2) {
                failures.incrementAndGet();
                throw new IllegalStateException("injected");
            }
        };

        Report report = run(4);

        assertThat(failures).hasValue(4);
        assertThat(report.stored()).isEqualTo(40);
        assertThat(rows()).hasSize(40).doesNotHaveDuplicates();
        assertThat(store.list(BulkTable.FOLDER)).isEmpty();
    }

    @Test
    void aTaskThatFailsForGoodEndsTheJobAndItsRerunKeepsWhatOthersHaveWritten() throws Exception {
        Pictures.put(store, "incoming/", 0, 40);
        after = context -> {
            if (context.partitionId() == 3) {
                throw new IllegalStateException("injected");
            }
        };

        assertThatThrownBy(() -> run(4)).isInstanceOf(ExecutionException.class).hasStackTraceContaining("injected");
        after = context -> {};
        Report report = run(4);

        assertThat(report.stored()).isEqualTo(40);
        assertThat(report.resumed()).isPositive();
        assertThat(rows()).hasSize(40).doesNotHaveDuplicates();
        assertThat(store.list(BulkTable.FOLDER)).isEmpty();
    }

    @Test
    void theSamePictureUnderManyKeysGetsOneRow() throws Exception {
        for (int i = 0; i < 12; i++) {
            Pictures.put(store, "incoming/" + i + "/", 0, 3);
        }

        Report report = run(6);

        assertThat(report.stored()).isEqualTo(3);
        assertThat(report.known()).isEqualTo(33);
        assertThat(rows()).hasSize(3).doesNotHaveDuplicates();
    }

    @Test
    void rowsThatALiveServerAddsMeanwhileStayAlone() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 40);
        List<byte[]> others = IntStream.range(100, 110).mapToObj(Pictures::jpeg).toList();
        try (ImageDataset server = server("server")) {
            // After the job has read which rows there are: some of its own pictures, of several tasks.
            AtomicBoolean once = new AtomicBoolean();
            after = context -> {
                if (once.compareAndSet(false, true)) {
                    List<CompletableFuture<Boolean>> added = new ArrayList<>();
                    for (int i = 0; i < 40; i += 7) {
                        added.add(server.add(uploaded(pictures.get(i))));
                    }
                    added.forEach(CompletableFuture::join);
                }
            };
            // And others all the time, so that commits of both race for the same versions.
            CompletableFuture<Void> live = CompletableFuture.runAsync(
                    () -> others.forEach(bytes -> server.add(uploaded(bytes)).join()));

            Report report = run(4);
            live.join();

            assertThat(report.stored()).isEqualTo(34);
            assertThat(report.known()).isEqualTo(6);
            List<ImageId> all =
                    new ArrayList<>(pictures.stream().map(BulkJobTest::id).toList());
            others.forEach(bytes -> all.add(id(bytes)));
            assertThat(rows(server)).containsExactlyInAnyOrderElementsOf(all);
        }
    }

    @Test
    void aPictureThatIsDeletedMeanwhileHasNoRow() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 10);
        after = context -> store.delete(id(pictures.get(4)).toString());

        Report report = run(1);

        assertThat(report.gone()).isEqualTo(1);
        assertThat(report.stored()).isEqualTo(9);
        assertThat(rows()).hasSize(9).doesNotContain(id(pictures.get(4)));
    }

    @Test
    void picturesThatLieInTheirPlaceGetRowsThatSayWhatTheySay() throws Exception {
        byte[] bytes = Pictures.jpeg(1);
        Instant uploadedAt = Instant.parse("2025-02-03T04:05:06.789Z");
        UploadMetadata notes = new UploadMetadata("a.jpg", "a caption", List.of("one", "two"));
        store.putIfAbsent(id(bytes).toString(), bytes, "image/jpeg", notes.toMetadata(null, uploadedAt));

        Report report = job(settings).run(spark.parallelize(Inputs.below("images/", store), 1));

        assertThat(report.stored()).isEqualTo(1);
        try (ImageDataset table = server("reader")) {
            table.settled().join();
            assertThat(table.find(id(bytes))).hasValueSatisfying(row -> {
                assertThat(row.caption()).isEqualTo("a caption");
                assertThat(row.tags()).containsExactly("one", "two");
                assertThat(row.filename()).isEqualTo("a.jpg");
                assertThat(row.uploadedAt()).isEqualTo(uploadedAt);
            });
        }
    }

    @Test
    void aListOfKeysMayHaveAnythingInIt() throws Exception {
        Pictures.put(store, "incoming/", 0, 2);
        store.putIfAbsent("incoming/empty.jpg", new byte[0], "image/jpeg", Map.of());
        Path list = Files.writeString(
                folder.resolve("keys.txt"),
                String.join(
                        "\n",
                        "# a list",
                        "",
                        "incoming/00000.bin",
                        "incoming/00001.bin",
                        "incoming/00001.bin",
                        "incoming/empty.jpg",
                        "incoming/../00000.bin",
                        "nowhere.jpg"));

        Report report = job(settings).run(Inputs.inTasks(spark, Inputs.keys(list)));

        assertThat(report.stored()).isEqualTo(2);
        assertThat(report.known()).isEqualTo(1);
        assertThat(report.refused()).isEqualTo(2);
        assertThat(report.failed()).isEqualTo(1);
    }

    @Test
    void onlyOneJobHasTheTable() throws Exception {
        Pictures.put(store, "incoming/", 0, 2);
        Workshop workshop = Workshop.of(settings);
        BulkTable other = BulkTable.open(
                store, folder.resolve("other"), workshop.stamp(), LEASE, new DeleteMarks(store));
        try (other) {
            assertThatThrownBy(() -> run(1))
                    .isInstanceOf(TableBusyException.class)
                    .hasMessageContaining("lease/bulk");
        }
        assertThat(run(1).stored()).isEqualTo(2);
    }

    @Test
    void aTableOfAnotherModelIsRefused() {
        ModelStamp foreign = new ModelStamp("other", "0123456789abcdef", 512);
        BulkTable.open(store, folder.resolve("other"), foreign, LEASE, new DeleteMarks(store))
                .close();
        Pictures.put(store, "incoming/", 0, 2);

        assertThatThrownBy(() -> run(1))
                .isInstanceOf(ModelMismatchException.class)
                .hasMessageContaining("other");
        assertThat(store.list("lease/")).isEmpty();
    }

    @Test
    void aFolderIsLoadedAsABucketIs() throws Exception {
        Settings local = settings(Map.of());
        try (ObjectStore files = local.openStore()) {
            List<byte[]> pictures = Pictures.put(files, "incoming/", 0, 20);

            Report first = job(local).run(spark.parallelize(Inputs.below("incoming/", files), 3));
            Report second = job(local).run(spark.parallelize(Inputs.below("incoming/", files), 3));

            assertThat(first.stored()).isEqualTo(20);
            assertThat(second.stored()).isZero();
            assertThat(Files.exists(local.data().resolve(id(pictures.get(0)).toString())))
                    .isTrue();
            try (ImageDataset table = server(files, "data/.glimpse/reader")) {
                assertThat(rows(table)).hasSize(20).doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void aDriverThatIsKilledBeforeItsCommitLosesNothing() throws Exception {
        List<byte[]> pictures = Pictures.put(store, "incoming/", 0, 40);
        Map<String, String> environment = new HashMap<>(bucket.variables());
        environment.put("GLIMPSE_DATA", folder.resolve("data").toString());
        environment.put("GLIMPSE_MODEL", MODEL);

        try (TestProcess driver = TestProcess.startTest(KilledDriver.class, environment)) {
            assertThat(driver.process().waitFor()).isEqualTo(KilledDriver.STATUS);
        }
        assertThat(rows()).isEmpty();
        assertThat(store.list("lease/")).containsExactly("lease/bulk");
        Report report = run(4);

        assertThat(report.stored()).isEqualTo(40);
        assertThat(report.resumed()).isPositive();
        assertThat(rows())
                .containsExactlyInAnyOrderElementsOf(
                        pictures.stream().map(BulkJobTest::id).toList());
        assertThat(store.list(BulkTable.FOLDER)).isEmpty();
    }
}

package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.consistency.DeleteMarks;
import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.BulkTable;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ModelMismatchException;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.TableBusyException;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Jobs in two threads, with three attempts for each task, on the test bucket. */
class BulkJobTest extends BulkJobs {
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
            // And others, before the commit of the job for the most part.
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
        BulkTable other =
                BulkTable.open(store, folder.resolve("other"), workshop.stamp(), LEASE, new DeleteMarks(store));
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
            assertThat(driver.process().waitFor(5, TimeUnit.MINUTES)).isTrue();
            assertThat(driver.process().exitValue()).isEqualTo(KilledDriver.STATUS);
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

package dev.glimpse.spark;

import dev.glimpse.consistency.UploadMetadata;
import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;

/** Jobs in two threads, with three attempts for each task, on a test bucket. */
abstract class BulkJobs {
    static final Duration LEASE = Duration.ofSeconds(20);
    static final String MODEL =
            Path.of("../models/mini-clip").toAbsolutePath().normalize().toString();

    /** What tasks of a test do before or after their work. They run in this process. */
    static volatile Consumer<TaskContext> before = context -> {};

    static volatile Consumer<TaskContext> after = context -> {};

    static JavaSparkContext spark;

    @TempDir
    Path folder;

    TestProcess.Bucket bucket;
    Settings settings;
    ObjectStore store;

    @BeforeAll
    static void startSpark() {
        spark = LocalSpark.start();
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

    Settings settings(Map<String, String> variables) {
        Map<String, String> all = new HashMap<>(variables);
        all.put("GLIMPSE_DATA", folder.resolve("data").toString());
        all.put("GLIMPSE_MODEL", MODEL);
        return new Settings(all);
    }

    /** Runs what the test wants, before and after the work of each attempt of a task. */
    static FlatMapFunction<Iterator<Source>, TaskReport> disturbed(FlatMapFunction<Iterator<Source>, TaskReport> task) {
        return sources -> {
            before.accept(TaskContext.get());
            Iterator<TaskReport> reports = task.call(sources);
            after.accept(TaskContext.get());
            return reports;
        };
    }

    BulkJob job(Settings of) {
        UnaryOperator<FlatMapFunction<Iterator<Source>, TaskReport>> around = BulkJobTest::disturbed;
        return new BulkJob(spark, of, true, LEASE, line -> {}, around);
    }

    Report run(int tasks) throws Exception {
        return job(settings).run(incoming(tasks));
    }

    JavaRDD<Source> incoming(int tasks) {
        return spark.parallelize(Inputs.below("incoming/", store), tasks);
    }

    ImageDataset server(String name) {
        return server(store, name);
    }

    ImageDataset server(ObjectStore of, String name) {
        return ImageDataset.open(
                of,
                folder.resolve(name),
                Workshop.of(settings).stamp(),
                new TableSettings(
                        new CommitProperties(256, Duration.ofMillis(50)),
                        new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofMillis(500)),
                        new MaintenanceProperties(Duration.ofMinutes(30), 10_000, 0.95)));
    }

    static ImageId id(byte[] bytes) {
        return ImageId.of(bytes, ImageFormat.sniff(bytes).orElseThrow());
    }

    static List<ImageId> rows(ImageDataset table) {
        table.refresh().join();
        List<ImageId> ids = new ArrayList<>();
        table.forEachRow((id, notes) -> ids.add(id));
        return ids;
    }

    List<ImageId> rows() {
        try (ImageDataset table = server("reader")) {
            return rows(table);
        }
    }

    /** The row that a server makes of a picture, which it has put. */
    PictureRow uploaded(byte[] bytes) {
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
}

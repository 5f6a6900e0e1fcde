package dev.glimpse;

import dev.glimpse.embedding.ClipModel;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestBucket;
import dev.glimpse.storage.TestBucket.RequestClass;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.Float4Vector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.lance.CommitBuilder;
import org.lance.Dataset;
import org.lance.Fragment;
import org.lance.FragmentMetadata;
import org.lance.ReadOptions;
import org.lance.Transaction;
import org.lance.WriteParams;
import org.lance.ipc.LanceScanner;
import org.lance.ipc.ScanOptions;
import org.lance.operation.Append;

/**
 * Uploads one after another to a bucket with R2's latency, by the algorithm of the first version of this service (read the
 * whole table twice, append one row, never compact) and by this one: {@code scripts/bench upload}.
 */
final class UploadBench {
    private static final int DIMENSION = 512;
    private static final int CLIENTS = 8;
    private static final int BULK = 1000;

    /** An upload that takes longer ends the old algorithm's run. */
    private static final double WALL_SECONDS = 20;

    private static final List<Integer> POINTS = List.of(1, 10, 25, 50, 70, 100, 150, 300, 1000, 3000, 10000);

    private final int uploads;
    private final int oldRows;
    private final boolean oneCpu;
    private final Random chance = new Random(4);

    private UploadBench(int uploads, int oldRows, boolean oneCpu) {
        this.uploads = uploads;
        this.oldRows = oldRows;
        this.oneCpu = oneCpu;
    }

    /** Arguments: uploads, rows for the old algorithm, whether the server gets one processor only. */
    public static void main(String[] args) throws Exception {
        say(
                "machine: %d cores, load %s; bucket: 60 ms a read, 100 ms a write or list%s",
                Runtime.getRuntime().availableProcessors(),
                Files.readString(Path.of("/proc/loadavg")).strip(),
                Boolean.parseBoolean(args[2]) ? "; the server has one processor" : "");
        UploadBench bench =
                new UploadBench(Integer.parseInt(args[0]), Integer.parseInt(args[1]), Boolean.parseBoolean(args[2]));
        bench.oldAlgorithm();
        bench.glimpse();
        System.exit(0);
    }

    // ---- as it was

    private void oldAlgorithm() throws Exception {
        say("");
        say("read the table twice, append a row; without an encoder");
        say("%8s %10s %8s %8s", "upload", "seconds", "class A", "class B");
        try (TestBucket bucket = TestBucket.start().slow();
                ObjectStore store = bucket.open();
                BufferAllocator allocator = new RootAllocator()) {
            Map<String, String> options = Map.of(
                    "aws_access_key_id", bucket.accessKeyId(),
                    "aws_secret_access_key", bucket.secretAccessKey(),
                    "aws_endpoint", bucket.endpoint(),
                    "aws_region", "auto",
                    "allow_http", "true");
            String uri = "s3://" + bucket.bucket() + "/vectors/images.lance";
            Dataset.write()
                    .allocator(allocator)
                    .schema(schema())
                    .uri(uri)
                    .mode(WriteParams.WriteMode.CREATE)
                    .storageOptions(options)
                    .execute()
                    .close();
            for (int n = 1; n <= oldRows; n++) {
                bucket.resetCounts();
                String key = "images/old-" + n;
                long start = System.nanoTime();
                store.putIfAbsent(key, TestPictures.png(n), "image/png", Map.of());
                for (int time = 0; time < 2; time++) {
                    try (Dataset table = open(allocator, uri, options)) {
                        readAll(table);
                    }
                }
                append(allocator, uri, options, key);
                double seconds = (System.nanoTime() - start) / 1e9;
                if (POINTS.contains(n) || n == oldRows || seconds > WALL_SECONDS) {
                    say("%8d %10.2f %8d %8d", n, seconds, bucket.count(RequestClass.A), bucket.count(RequestClass.B));
                }
                if (seconds > WALL_SECONDS) {
                    return;
                }
            }
        }
    }

    private static Schema schema() {
        return new Schema(List.of(
                Field.notNullable("id", new ArrowType.Utf8()),
                Field.nullable("path", new ArrowType.Utf8()),
                new Field(
                        "vector",
                        FieldType.nullable(new ArrowType.FixedSizeList(DIMENSION)),
                        List.of(Field.nullable("item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))))));
    }

    private static Dataset open(BufferAllocator allocator, String uri, Map<String, String> options) {
        return Dataset.open()
                .allocator(allocator)
                .uri(uri)
                .readOptions(
                        new ReadOptions.Builder().setStorageOptions(options).build())
                .build();
    }

    @SuppressWarnings("try")
    private static void readAll(Dataset table) throws Exception {
        try (LanceScanner scanner = table.newScan(new ScanOptions.Builder().build());
                ArrowReader reader = scanner.scanBatches()) {
            while (reader.loadNextBatch()) {
                reader.getVectorSchemaRoot().getRowCount();
            }
        }
    }

    private void append(BufferAllocator allocator, String uri, Map<String, String> options, String key) {
        List<FragmentMetadata> fragments;
        try (VectorSchemaRoot row = VectorSchemaRoot.create(schema(), allocator)) {
            row.allocateNew();
            byte[] id = key.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            ((VarCharVector) row.getVector("id")).setSafe(0, id);
            ((VarCharVector) row.getVector("path")).setSafe(0, id);
            FixedSizeListVector vector = (FixedSizeListVector) row.getVector("vector");
            Float4Vector components = (Float4Vector) vector.getDataVector();
            vector.setNotNull(0);
            for (int i = 0; i < DIMENSION; i++) {
                components.setSafe(i, (float) chance.nextGaussian());
            }
            components.setValueCount(DIMENSION);
            row.setRowCount(1);
            fragments = Fragment.write()
                    .datasetUri(uri)
                    .allocator(allocator)
                    .data(row)
                    .storageOptions(options)
                    .mode(WriteParams.WriteMode.APPEND)
                    .execute();
        }
        try (Dataset table = open(allocator, uri, options);
                Transaction transaction = new Transaction.Builder()
                        .readVersion(table.version())
                        .operation(Append.builder().fragments(fragments).build())
                        .build();
                Dataset committed =
                        new CommitBuilder(table).writeParams(options).execute(transaction)) {
            committed.version();
        }
    }

    // ---- as it is

    private void glimpse() throws Exception {
        Path data = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        try (TestBucket bucket = TestBucket.start().slow();
                ObjectStore store = bucket.open();
                ServerProcess server = ServerProcess.start(
                        data,
                        data.resolve("log"),
                        Map.of(
                                "R2_ENDPOINT", bucket.endpoint(),
                                "R2_BUCKET", bucket.bucket(),
                                "R2_ACCESS_KEY_ID", bucket.accessKeyId(),
                                "R2_SECRET_ACCESS_KEY", bucket.secretAccessKey()),
                        oneCpu ? List.of("taskset", "-c", "0") : List.of())) {
            double write = median(times(20, n -> store.putIfAbsent("probe/" + n, new byte[8], "text/plain", Map.of())));
            Client client = server.client();
            AtomicInteger next = new AtomicInteger(1_000_000);
            times(100, n -> client.upload("warm.png", TestPictures.png(next.getAndIncrement())));
            settle(client, store);
            say("");
            say("Glimpse, after 100 uploads to warm up");
            say("%8s %10s %8s %8s %8s", "upload", "seconds", "class A", "class B", "(since the line before)");
            List<Double> seconds = new ArrayList<>();
            long classA = 0;
            long rows = rows(client);
            long commits = 0;
            bucket.resetCounts();
            for (int n = 1; n <= uploads; n++) {
                seconds.addAll(times(1, x -> client.upload("a.png", TestPictures.png(next.getAndIncrement()))));
                if (POINTS.contains(n) || n == uploads) {
                    if (n == uploads) {
                        settle(client, store);
                    }
                    say(
                            "%8d %10.3f %8d %8d",
                            n, seconds.get(n - 1), bucket.count(RequestClass.A), bucket.count(RequestClass.B));
                    classA += bucket.count(RequestClass.A) - bucket.count("LIST", "");
                    commits += bucket.count("PUT", "vectors/images.lance/_versions/");
                    bucket.resetCounts();
                }
            }
            long stored = rows(client) - rows;
            double perGroup = (double) stored / commits;
            double encoder = encoderSeconds();
            List<Double> first = seconds.subList(0, Math.min(100, uploads));
            List<Double> last = seconds.subList(Math.max(0, uploads - 100), uploads);
            say("stored %d of %d", stored, uploads);
            say(
                    "first 100: p50 %.3f s, p95 %.3f s; last 100: p50 %.3f s, p95 %.3f s; p95 last / first %.2f (at most 1.2)",
                    quantile(first, 0.5),
                    quantile(first, 0.95),
                    quantile(last, 0.5),
                    quantile(last, 0.95),
                    quantile(last, 0.95) / quantile(first, 0.95));
            say(
                    "p50 of all %.3f s, decoding and encoding alone %.4f s, one write %.3f s: without the encoder %.2f of a write (at most 1.3)",
                    quantile(seconds, 0.5), encoder, write, (quantile(seconds, 0.5) - encoder) / write);
            say(
                    "class A an upload %.2f in groups of %.1f (at most 1 + 5/n = %.2f)",
                    (double) classA / uploads, perGroup, 1 + 5 / perGroup);
            bulk(bucket, client, store, next);
            say("server: %s", memory(server.handle().pid()));
        }
    }

    private static void bulk(TestBucket bucket, Client client, ObjectStore store, AtomicInteger next) throws Exception {
        bucket.resetCounts();
        int from = next.get();
        long start = System.nanoTime();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        List<Callable<Integer>> tasks = new ArrayList<>();
        for (int i = 0; i < BULK; i++) {
            tasks.add(() -> client.upload("bulk.png", TestPictures.png(next.getAndIncrement()))
                    .status());
        }
        int stored = 0;
        for (Future<Integer> task : clients.invokeAll(tasks)) {
            stored += task.get() == 201 ? 1 : 0;
        }
        clients.shutdown();
        double rate = BULK / ((System.nanoTime() - start) / 1e9);
        settle(client, store);
        long classA = bucket.count(RequestClass.A) - bucket.count("LIST", "");
        say(
                "%d clients, %d pictures, %d stored: %.1f/s; class A an upload %.3f in groups of %.0f (at most 1.1)",
                CLIENTS,
                BULK,
                stored,
                rate,
                (double) classA / BULK,
                (double) BULK / bucket.count("PUT", "vectors/images.lance/_versions/"));
        bucket.resetCounts();
        int again = 50;
        for (int n = from; n < from + again; n++) {
            client.upload("again.png", TestPictures.png(n));
        }
        say(
                "%d of them again: class A %d, class B %d (at most 1 class A each)",
                again, bucket.count(RequestClass.A), bucket.count(RequestClass.B));
    }

    /** Until all rows are committed and the markers gone. The listings are ours and not counted. */
    private static void settle(Client client, ObjectStore store) throws InterruptedException {
        while (client.get("/stats").json().get("pendingRows").longValue() > 0
                || !store.list("pending/").isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    private static long rows(Client client) {
        return client.get("/stats").json().get("rowCount").longValue();
    }

    private static double encoderSeconds() throws Exception {
        ImageDecoder decoder = new ImageDecoder(ImageDecoder.DEFAULT_MAX_PIXELS);
        try (ClipModel model = ClipModel.load(Path.of("models/mini-clip"))) {
            times(100, n -> model.embed(decoder.decode(TestPictures.png(n))).join());
            return median(times(
                    100, n -> model.embed(decoder.decode(TestPictures.png(n))).join()));
        }
    }

    private static String memory(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc", Long.toString(pid), "status")).stream()
                .filter(line -> line.startsWith("VmHWM"))
                .findFirst()
                .orElse("")
                .replaceAll("\\s+", " ");
    }

    private interface Step {
        Object run(int n);
    }

    /** Seconds that each took. */
    private static List<Double> times(int count, Step step) {
        List<Double> seconds = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            long start = System.nanoTime();
            Object result = step.run(n);
            seconds.add((System.nanoTime() - start) / 1e9);
            if (result instanceof Client.Answer answer && answer.status() != 201) {
                throw new IllegalStateException(answer.toString());
            }
        }
        return seconds;
    }

    private static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    private static double quantile(List<Double> values, double q) {
        double[] sorted = values.stream().mapToDouble(value -> value).sorted().toArray();
        return sorted[(int) Math.min(sorted.length - 1L, (long) (q * sorted.length))];
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }
}

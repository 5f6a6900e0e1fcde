package dev.glimpse.tools.bench;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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
 * How the first version of this service uploaded: open the table in the bucket, read the whole of it twice, append one row on
 * it, never compact; with today's Lance, and without an encoder. A process of its own, as a server is, so that both get
 * the same processors. It uploads the picture whose number it reads, says so, and waits for the next.
 */
final class FirstVersion implements AutoCloseable {
    private static final int DIMENSION = 512;
    private static final Schema SCHEMA = new Schema(List.of(
            Field.notNullable("id", new ArrowType.Utf8()),
            Field.nullable("path", new ArrowType.Utf8()),
            new Field(
                    "vector",
                    FieldType.nullable(new ArrowType.FixedSizeList(DIMENSION)),
                    List.of(Field.nullable("item", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE))))));

    private final Process process;
    private final BufferedReader answers;

    private FirstVersion(Process process) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.US_ASCII);
    }

    /**
     * Starts it on an empty bucket and waits until it has made its table.
     *
     * @param before words before the command, {@code taskset} for example
     */
    static FirstVersion start(TestBucket bucket, List<String> before) throws IOException {
        List<String> command = new ArrayList<>(before);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), FirstVersion.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(bucket.environment());
        FirstVersion started = new FirstVersion(builder.start());
        if (started.answers.readLine() == null) {
            throw new IllegalStateException("the first version did not start");
        }
        return started;
    }

    /** False if it took longer than that; then this is of no more use. */
    boolean upload(int n, long longestSeconds) throws IOException {
        process.outputWriter(StandardCharsets.US_ASCII).append(n + "\n").flush();
        String answer = CompletableFuture.supplyAsync(this::readAnswer)
                .completeOnTimeout("late", longestSeconds, TimeUnit.SECONDS)
                .join();
        if (!answer.equals(Integer.toString(n)) && !answer.equals("late")) {
            throw new IllegalStateException("the first version failed: " + answer);
        }
        return !answer.equals("late");
    }

    private String readAnswer() {
        try {
            return String.valueOf(answers.readLine());
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    // ---- in the process itself

    public static void main(String[] args) throws Exception {
        Map<String, String> variables = System.getenv();
        BufferedReader numbers = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (BufferAllocator allocator = new RootAllocator();
                ObjectStore store = TestStores.bucket(variables)) {
            Dataset.write()
                    .allocator(allocator)
                    .schema(SCHEMA)
                    .uri(uri(variables))
                    .mode(WriteParams.WriteMode.CREATE)
                    .storageOptions(options(variables))
                    .execute()
                    .close();
            // Before the clock runs: the client's first request loads half of it.
            store.requireConditionalPuts();
            System.out.println("ready");
            for (String line = numbers.readLine(); line != null; line = numbers.readLine()) {
                int n = Integer.parseInt(line);
                store.putIfAbsent("images/" + n, TestPictures.png(n), "image/png", Map.of());
                try (Dataset table = open(allocator, variables)) {
                    readAll(table);
                    readAll(table);
                    append(allocator, variables, table, n);
                }
                System.out.println(n);
            }
        }
    }

    /** The newest version of the table in a bucket, as Lance finds it without our help. */
    static Dataset open(BufferAllocator allocator, Map<String, String> variables) {
        return Dataset.open()
                .allocator(allocator)
                .uri(uri(variables))
                .readOptions(new ReadOptions.Builder()
                        .setStorageOptions(options(variables))
                        .build())
                .build();
    }

    private static String uri(Map<String, String> variables) {
        return "s3://" + variables.get("R2_BUCKET") + "/vectors/images.lance";
    }

    private static Map<String, String> options(Map<String, String> variables) {
        return Map.of(
                "aws_access_key_id", variables.get("R2_ACCESS_KEY_ID"),
                "aws_secret_access_key", variables.get("R2_SECRET_ACCESS_KEY"),
                "aws_endpoint", variables.get("R2_ENDPOINT"),
                "aws_region", "auto",
                "allow_http", "true");
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

    private static void append(BufferAllocator allocator, Map<String, String> variables, Dataset table, int n) {
        List<FragmentMetadata> fragments;
        try (VectorSchemaRoot row = VectorSchemaRoot.create(SCHEMA, allocator)) {
            row.allocateNew();
            byte[] id = ("images/" + n).getBytes(StandardCharsets.US_ASCII);
            ((VarCharVector) row.getVector("id")).setSafe(0, id);
            ((VarCharVector) row.getVector("path")).setSafe(0, id);
            FixedSizeListVector vector = (FixedSizeListVector) row.getVector("vector");
            Float4Vector components = (Float4Vector) vector.getDataVector();
            vector.setNotNull(0);
            Random chance = new Random(n);
            for (int i = 0; i < DIMENSION; i++) {
                components.setSafe(i, (float) chance.nextGaussian());
            }
            components.setValueCount(DIMENSION);
            row.setRowCount(1);
            // Opens the table once more, for its schema: a LIST and a GET.
            fragments = Fragment.write()
                    .datasetUri(table.uri())
                    .allocator(allocator)
                    .data(row)
                    .storageOptions(options(variables))
                    .mode(WriteParams.WriteMode.APPEND)
                    .execute();
        }
        try (Transaction transaction = new Transaction.Builder()
                        .readVersion(table.version())
                        .operation(Append.builder().fragments(fragments).build())
                        .build();
                Dataset committed =
                        new CommitBuilder(table).writeParams(options(variables)).execute(transaction)) {
            committed.version();
        }
    }
}

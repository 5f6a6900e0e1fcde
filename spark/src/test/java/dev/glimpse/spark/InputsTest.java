package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;

/** What jobs are given, as others have made it. */
class InputsTest {
    private static JavaSparkContext spark;

    @TempDir
    Path folder;

    @BeforeAll
    static void startSpark() {
        spark = LocalSpark.start();
    }

    @AfterAll
    static void stopSpark() {
        spark.close();
    }

    @Test
    void keysThatNoStoreOfOursCanKeepAreRefusedAndTheOthersGetRows() throws Exception {
        try (TestProcess.Bucket bucket = new TestProcess.Bucket()) {
            Map<String, String> variables = new HashMap<>(bucket.variables());
            variables.put("GLIMPSE_DATA", folder.toString());
            variables.put(
                    "GLIMPSE_MODEL",
                    Path.of("../models/mini-clip").toAbsolutePath().normalize().toString());
            Settings settings = new Settings(variables);
            try (ObjectStore store = settings.openStore();
                    S3Client other = client(variables)) {
                Pictures.put(store, "incoming/", 0, 5);
                List<String> odd =
                        List.of("incoming/a//b.jpg", "incoming/a\\b.jpg", "incoming/" + "x".repeat(300) + ".jpg");
                put(other, variables, "incoming/sub/", new byte[0]);

                List<Source> sources = new ArrayList<>(Inputs.below("incoming/", store));
                // As a listing has them, of a bucket that keeps such keys: the test's does not.
                odd.forEach(key -> sources.add(Source.key(key, 100)));

                Report report = new BulkJob(spark, settings, false, line -> {}).run(Inputs.inTasks(spark, sources));

                assertThat(report.sources()).isEqualTo(8);
                assertThat(report.stored()).isEqualTo(5);
                assertThat(report.problems())
                        .allMatch(TaskReport.Problem::isRefused)
                        .extracting(TaskReport.Problem::place)
                        .containsExactlyInAnyOrderElementsOf(odd);
            }
        }
    }

    private static S3Client client(Map<String, String> variables) {
        return S3Client.builder()
                .endpointOverride(URI.create(String.valueOf(variables.get("R2_ENDPOINT"))))
                .region(Region.of("auto"))
                .forcePathStyle(true)
                .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create(
                        variables.get("R2_ACCESS_KEY_ID"), variables.get("R2_SECRET_ACCESS_KEY"))))
                .build();
    }

    private static void put(S3Client client, Map<String, String> variables, String key, byte[] bytes) {
        client.putObject(put -> put.bucket(variables.get("R2_BUCKET")).key(key), RequestBody.fromBytes(bytes));
    }

    @Test
    void columnsOfOtherTypesAreRefusedBeforeTheJobBegins() throws IOException {
        SparkSession session = SparkSession.builder().getOrCreate();
        Path lines = Files.writeString(
                folder.resolve("lines.json"), "{\"url\": \"http://localhost/a\", \"n\": 1, \"numbers\": [1, 2]}\n");
        String parquet = folder.resolve("parquet").toString();
        session.read().json(lines.toString()).write().parquet(parquet);

        assertThatThrownBy(() -> Inputs.parquet(session, parquet, "n", null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bigint");
        assertThatThrownBy(() -> Inputs.parquet(session, parquet, "url", null, "numbers"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("array<bigint>");
        assertThatThrownBy(() -> Inputs.parquet(session, parquet, "link", null, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no column link");
        assertThat(Inputs.parquet(session, parquet, "url", "n", null).collect())
                .singleElement()
                .satisfies(source -> assertThat(source.caption()).isEqualTo("1"));
    }

    @Test
    void keysOfOthersDoNotTravelAndAreNotTold() {
        Settings settings = new Settings(Map.of(
                "GLIMPSE_KEYS",
                "secret",
                "GLIMPSE_DECODE_TIME",
                "5s",
                "R2_BUCKET",
                "b",
                "TO_R2_BUCKET",
                "c",
                "R2_OTHER",
                "d"));
        Source signed = Source.url("https://user:secret@host/a/b.jpg?signature=secret#x?", null, List.of());

        assertThat(settings.variables()).containsOnlyKeys("GLIMPSE_DECODE_TIME", "R2_BUCKET");
        assertThat(signed.shown()).isEqualTo("https://host/a/b.jpg");
        assertThat(signed.name()).isEqualTo("b.jpg");
    }
}

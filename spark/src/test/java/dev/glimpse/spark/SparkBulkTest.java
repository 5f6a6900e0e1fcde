package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The statuses with which the program ends. */
class SparkBulkTest {
    private static final String SERIALIZER = "spark.serializer";

    @TempDir
    Path folder;

    private Path data;
    private Map<String, String> environment;

    @BeforeEach
    void setMaster() throws IOException {
        System.setProperty("spark.master", "local[2,2]");
        data = Files.createDirectory(folder.resolve("data"));
        environment = new HashMap<>();
        environment.put("GLIMPSE_DATA", data.toString());
        environment.put(
                "GLIMPSE_MODEL",
                Path.of("../models/mini-clip").toAbsolutePath().normalize().toString());
    }

    @AfterEach
    void clear() {
        System.clearProperty("spark.master");
        System.clearProperty(SERIALIZER);
    }

    private void putPictures() {
        try (ObjectStore store = new Settings(environment).openStore()) {
            Pictures.put(store, "incoming/", 0, 3);
        }
    }

    private int run(String... arguments) {
        return SparkBulk.run(environment, arguments);
    }

    @Test
    void itIs0IfEachSourceHasARowWhateverSerializerTheClusterHas() {
        putPictures();
        System.setProperty(SERIALIZER, "org.apache.spark.serializer.KryoSerializer");

        assertThat(run("--prefix", "incoming/")).isZero();
        assertThat(run("--prefix", "incoming/")).isZero();
    }

    @Test
    void itIs1IfSomeHaveNone() {
        putPictures();
        try (ObjectStore store = new Settings(environment).openStore()) {
            store.putIfAbsent(
                    "incoming/note.txt", "no picture".getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
        }

        assertThat(run("--prefix", "incoming/")).isEqualTo(1);
    }

    @Test
    void itIs1IfTheJobFailsAfterItHasBegun() throws IOException {
        putPictures();
        // There is no room for rows below it.
        Files.createFile(data.resolve("bulk"));

        assertThat(run("--prefix", "incoming/")).isEqualTo(1);
    }

    @Test
    void itIs2IfTheJobCannotBegin() throws IOException {
        Path damaged = Files.writeString(folder.resolve("damaged.parquet"), "PAR1 and no footer");
        Path whole = folder.resolve("urls.parquet");
        try (SparkSession session =
                SparkSession.builder().config(LocalSpark.conf()).getOrCreate()) {
            session.range(3).write().parquet(whole.toString());
        }

        assertThat(run("--no-option")).isEqualTo(2);
        assertThat(run("--keys", folder.resolve("nowhere").toString())).isEqualTo(2);
        assertThat(run("--parquet", folder.resolve("nowhere").toString())).isEqualTo(2);
        assertThat(run("--parquet", damaged.toString())).isEqualTo(2);
        assertThat(run("--parquet", whole.toString())).isEqualTo(2);
        environment.put("GLIMPSE_MODEL", folder.resolve("nowhere").toString());
        putPictures();
        assertThat(run("--prefix", "incoming/")).isEqualTo(2);
    }

    @Test
    void itIs2IfTheTableCannotBeRead() throws IOException {
        putPictures();
        assertThat(run("--prefix", "incoming/")).isZero();
        try (var versions = Files.newDirectoryStream(data.resolve("vectors/images.lance/_versions"))) {
            for (Path version : versions) {
                Files.writeString(version, "damaged");
            }
        }

        assertThat(run("--prefix", "incoming/")).isEqualTo(2);
    }
}

package dev.glimpse.spark;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.vectors.Embedding;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a job makes, beside what the service makes of the same pictures: two real servers, one bucket and one folder. */
class ServiceTest {
    private static final int PICTURES = 24;
    private static final String MODEL =
            Path.of("../models/mini-clip").toAbsolutePath().normalize().toString();
    private static final TableSettings TABLE = new TableSettings(
            new CommitProperties(256, Duration.ofMillis(50)),
            new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofMillis(500)),
            new MaintenanceProperties(Duration.ofMinutes(30), 10_000, 0.95));

    @TempDir
    Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final HttpServer site;

    ServiceTest() throws IOException {
        site = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    }

    @AfterEach
    void stopSite() {
        site.stop(0);
    }

    @Test
    void rowsAreThoseOfTheServiceWhichServesThem() throws Exception {
        try (TestProcess.Bucket bucket = new TestProcess.Bucket()) {
            Settings settings = settings(bucket.variables(), "bulk");
            List<byte[]> pictures;
            try (ObjectStore store = settings.openStore()) {
                pictures = Pictures.put(store, "incoming/", 0, PICTURES);
            }
            Path urls = parquetOf(pictures);

            load(settings, urls);
            Settings uploaded = settings(Map.of(), "uploads");
            serve(uploaded, address -> {
                for (int i = 0; i < PICTURES; i++) {
                    assertThat(upload(address, i, pictures.get(i))).isEqualTo(201);
                }
            });

            requireSameRows(settings, uploaded, pictures);
            serve(settings, address -> {
                JsonNode stats = get(address + "/stats");
                assertThat(stats.path("rowCount").asInt()).isEqualTo(PICTURES);
                JsonNode hits = get(address + "/search?text=a+red+circle&limit=" + PICTURES)
                        .path("results");
                assertThat(hits.size()).isEqualTo(PICTURES);
                byte[] first = http.send(
                                HttpRequest.newBuilder(URI.create(address + "/"
                                                + hits.path(0).path("id").asString()))
                                        .build(),
                                HttpResponse.BodyHandlers.ofByteArray())
                        .body();
                assertThat(pictures).anySatisfy(bytes -> assertThat(first).isEqualTo(bytes));
                assertThat(upload(address, 0, pictures.get(0))).isEqualTo(200);
            });
        }
    }

    private void load(Settings settings, Path urls) throws Exception {
        try (SparkSession session =
                SparkSession.builder().config(LocalSpark.conf()).getOrCreate()) {
            JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
            Report report = new BulkJob(spark, settings, true, line -> {})
                    .run(Inputs.parquet(session, urls.toString(), "link", "words", "labels")
                            .repartition(3));
            assertThat(report.stored()).isEqualTo(PICTURES);
            assertThat(report.failed()).isEqualTo(1);
            assertThat(report.problems()).singleElement().satisfies(problem -> {
                assertThat(problem.place()).endsWith("/missing.jpg");
                assertThat(problem.reason()).contains("404");
            });
        }
    }

    /** The pictures behind URLs of a small site, with captions and tags, and one URL more that leads nowhere. */
    private Path parquetOf(List<byte[]> pictures) throws IOException {
        for (int i = 0; i < pictures.size(); i++) {
            byte[] bytes = pictures.get(i);
            site.createContext("/" + name(i), exchange -> {
                exchange.sendResponseHeaders(200, bytes.length);
                exchange.getResponseBody().write(bytes);
                exchange.close();
            });
        }
        site.start();
        String base = "http://127.0.0.1:" + site.getAddress().getPort() + "/";
        StringBuilder json = new StringBuilder();
        for (int i = 0; i < pictures.size(); i++) {
            json.append(String.format(
                    "{\"link\": \"%s%s\", \"words\": \"%s\", \"labels\": [\"round\", null, \"n%d\"]}%n",
                    base, name(i), caption(i), i));
        }
        json.append(String.format("{\"link\": \"%smissing.jpg\", \"words\": null, \"labels\": null}%n", base));
        Path lines = Files.writeString(folder.resolve("urls.json"), json);
        Path parquet = folder.resolve("urls.parquet");
        try (SparkSession session =
                SparkSession.builder().config(LocalSpark.conf()).getOrCreate()) {
            session.read().json(lines.toString()).write().parquet(parquet.toString());
        }
        return parquet;
    }

    private static String name(int i) {
        return "picture-" + i + ".bin";
    }

    private static String caption(int i) {
        return "picture number " + i;
    }

    private void requireSameRows(Settings bulk, Settings uploaded, List<byte[]> pictures) {
        String model = Workshop.of(bulk).stamp().fingerprint();
        try (ObjectStore bucket = bulk.openStore();
                ObjectStore files = uploaded.openStore();
                ImageDataset ours = open(bucket, folder.resolve("reader"), bulk);
                ImageDataset theirs = open(files, folder.resolve("uploads/.glimpse/reader"), bulk)) {
            ours.settled().join();
            theirs.settled().join();
            double[] largest = {0};
            for (byte[] bytes : pictures) {
                ImageId id = ImageId.of(bytes, ImageFormat.sniff(bytes).orElseThrow());
                Picture row = ours.find(id).orElseThrow();
                Picture expected = theirs.find(id).orElseThrow();
                assertThat(row)
                        .usingRecursiveComparison()
                        .ignoringFields("path", "uploadedAt")
                        .isEqualTo(expected);
                assertThat(row.path()).isEqualTo("s3://glimpse/" + id);
                Embedding vector = ours.vectorOf(id, model).orElseThrow();
                float[] a = vector.toArray();
                float[] b = theirs.vectorOf(id, model).orElseThrow().toArray();
                for (int i = 0; i < a.length; i++) {
                    largest[0] = Math.max(largest[0], Math.abs(a[i] - b[i]));
                }
            }
            assertThat(largest[0]).isLessThan(1e-5);
            System.out.println("largest difference of vectors: " + largest[0]);
        }
    }

    private static ImageDataset open(ObjectStore store, Path work, Settings settings) {
        return ImageDataset.open(store, work, Workshop.of(settings).stamp(), TABLE);
    }

    private Settings settings(Map<String, String> variables, String data) {
        return new Settings(environment(variables, data));
    }

    private Map<String, String> environment(Map<String, String> variables, String data) {
        Map<String, String> all = new HashMap<>(variables);
        all.put("GLIMPSE_DATA", folder.resolve(data).toString());
        all.put("GLIMPSE_MODEL", MODEL);
        return all;
    }

    private interface Using {
        void at(String address) throws Exception;
    }

    /** Starts a server of the jar, with these settings, for as long as it is used. */
    private void serve(Settings settings, Using using) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Map<String, String> environment = new HashMap<>(settings.variables());
        environment.put("PORT", Integer.toString(port));
        String address = "http://127.0.0.1:" + port;
        try (TestProcess server = TestProcess.start(environment, "-Xmx1g", "-jar", "target/glimpse.jar")) {
            Thread drain = new Thread(() -> {
                try {
                    server.process().getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
                } catch (IOException e) {
                    // It ended.
                }
            });
            drain.setDaemon(true);
            drain.start();
            while (!isReady(address)) {
                assertThat(server.process().isAlive()).isTrue();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
            using.at(address);
            server.process().destroy();
            assertThat(server.process().waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
    }

    private boolean isReady(String address) throws InterruptedException {
        try {
            return http.send(
                                    HttpRequest.newBuilder(URI.create(address + "/actuator/health/readiness"))
                                            .build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private JsonNode get(String url) throws Exception {
        HttpResponse<String> answer = http.send(
                HttpRequest.newBuilder(URI.create(url))
                        .header("Accept", "application/json")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        return JsonMapper.shared().readTree(answer.body());
    }

    private int upload(String address, int i, byte[] bytes) throws Exception {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        String boundary = "boundary-of-the-test";
        for (String[] field : new String[][] {{"caption", caption(i)}, {"tags", "round,n" + i}}) {
            body.writeBytes(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + field[0] + "\"\r\n\r\n"
                            + field[1] + "\r\n")
                    .getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes(("--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name(i)
                        + "\"\r\nContent-Type: application/octet-stream\r\n\r\n")
                .getBytes(StandardCharsets.UTF_8));
        body.writeBytes(bytes);
        body.writeBytes(("\r\n--" + boundary + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return http.send(
                        HttpRequest.newBuilder(URI.create(address + "/upload"))
                                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .statusCode();
    }
}

package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Ports;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.tools.BucketProcess;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** An empty bucket, or a folder, and a server that keeps its pictures there: processes of their own. The server has one address for ever. */
final class Place implements AutoCloseable {
    private static final long BUCKET_MEGABYTES = 768;
    private static final long PATIENCE = TimeUnit.MINUTES.toNanos(5);

    private final Path data;
    private final Path log;
    private final Map<String, String> settings;
    private final @Nullable BucketProcess bucket;
    private final int port = Ports.free();
    private @Nullable ServerProcess server;

    private Place(Ground ground, String name, @Nullable BucketProcess bucket) throws IOException {
        this.bucket = bucket;
        this.data = Files.createDirectories(ground.root().resolve(name));
        this.log = ground.root().resolve(name + "-server.log");
        this.settings = new HashMap<>(bucket == null ? Map.of() : bucket.environment());
        settings.put("GLIMPSE_MODEL", ground.model().toAbsolutePath().toString());
        settings.put("GLIMPSE_DATA", data.toString());
        settings.put("PORT", Integer.toString(port));
    }

    /** With a bucket that is as fast as memory for now, and no server yet. */
    static Place ofBucket(Ground ground, String name) throws IOException {
        long pictures = (ground.pictures().bytes() + ground.warm().bytes()) >> 20;
        return new Place(ground, name, BucketProcess.start(BUCKET_MEGABYTES + 4 * pictures));
    }

    /** With a folder, and no server yet. */
    static Place ofFolder(Ground ground, String name) throws IOException {
        return new Place(ground, name, null);
    }

    /** As people start it, and waits until it is ready. */
    void startServer() throws IOException {
        server = ServerProcess.run(data, log, settings);
    }

    void stopServer() throws InterruptedException {
        server().terminate();
    }

    BucketProcess bucket() {
        if (bucket == null) {
            throw new IllegalStateException("there is a folder, and no bucket");
        }
        return bucket;
    }

    ServerProcess server() {
        if (server == null) {
            throw new IllegalStateException("no server was started");
        }
        return server;
    }

    Client client() {
        return server().client();
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** The settings of a server, or a job, that uses the same store. */
    Map<String, String> settings() {
        return settings;
    }

    JsonNode stats() {
        return client().get("/stats").json();
    }

    /** Pictures that the server has rows of, committed or not. */
    long rows() {
        return stats().get("rowCount").longValue();
    }

    /** Pictures that this server's encoder has had since its start. */
    long encoded() {
        for (JsonNode encoder : stats().get("activity").get("encoders")) {
            if (encoder.get("encoder").asString().equals("image")) {
                return encoder.get("inputs").longValue();
            }
        }
        return 0;
    }

    /** Waits until all rows are committed. */
    void settle() throws InterruptedException {
        long end = System.nanoTime() + PATIENCE;
        while (stats().get("pendingRows").longValue() > 0) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("rows still wait to be committed after five minutes");
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** Of live objects in the heap of the server, in MB of 10^6 bytes: it collects what is dead first. */
    double liveHeap() throws IOException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        Long.toString(server().handle().pid()),
                        "GC.class_histogram")
                .start();
        String histogram = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return histogram
                .lines()
                .filter(line -> line.startsWith("Total"))
                .mapToDouble(line -> Double.parseDouble(line.strip().split("\\s+", -1)[2]) / 1e6)
                .findFirst()
                .orElse(Double.NaN);
    }

    @Override
    public void close() {
        if (server != null) {
            server.close();
        }
        if (bucket != null) {
            bucket.close();
        }
    }
}

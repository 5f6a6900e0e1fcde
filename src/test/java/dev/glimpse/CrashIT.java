package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nothing acknowledged is lost and nothing is there twice, however a server ends. */
class CrashIT {
    private static final int PICTURES = 50;
    private static final int CLIENTS = 4;

    @TempDir
    Path temporary;

    /** Uploads until the server is gone or all are there; the numbers of the pictures that were acknowledged. */
    private static Queue<Integer> load(Client client, CountDownLatch enough) throws InterruptedException {
        Queue<Integer> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicInteger next = new AtomicInteger();
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        for (int i = 0; i < CLIENTS; i++) {
            clients.execute(() -> {
                for (int n = next.getAndIncrement(); n < PICTURES; n = next.getAndIncrement()) {
                    try {
                        if (client.upload(n + ".png", TestPictures.png(n)).status() == 201) {
                            acknowledged.add(n);
                        }
                    } catch (UncheckedIOException e) {
                        // The connection broke: not acknowledged, so it may or may not be there.
                    }
                    enough.countDown();
                }
            });
        }
        clients.shutdown();
        if (enough.getCount() == 0) {
            assertThat(clients.awaitTermination(2, TimeUnit.MINUTES)).isTrue();
        }
        return acknowledged;
    }

    private static long rows(Client client) {
        return client.get("/stats").json().get("rowCount").longValue();
    }

    private static long nativeLibraries(Path data) throws IOException {
        try (var files = Files.list(data.resolve(".glimpse/tmp"))) {
            return files.filter(file -> file.getFileName().toString().startsWith("liblance"))
                    .count();
        }
    }

    @Test
    void killedServerComesBackWithAllThatWasAcknowledged() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Path data = temporary.resolve("data");
        Path log = temporary.resolve("server.log");
        try (TestBucket bucket = TestBucket.start().slow();
                ObjectStore store = bucket.open()) {
            Map<String, String> variables = new HashMap<>(bucket.environment());
            variables.put("JAVA_OPTS", ServerProcess.QUICK_START);
            Queue<Integer> acknowledged;
            try (ServerProcess server = ServerProcess.start(data, log, variables)) {
                CountDownLatch enough = new CountDownLatch(10 + new Random(seed).nextInt(PICTURES / 2));
                acknowledged = load(server.client(), enough);
                enough.await();
                server.kill();
            }
            assertThat(acknowledged).isNotEmpty();

            try (ServerProcess server = ServerProcess.start(data, log, variables)) {
                Client client = server.client();
                await().atMost(Duration.ofMinutes(1)).until(() -> rows(client) >= acknowledged.size());
                for (int n : acknowledged) {
                    assertThat(client.upload("again.png", TestPictures.png(n)).status())
                            .as("picture %d was acknowledged", n)
                            .isEqualTo(200);
                }
                for (int n = 0; n < PICTURES; n++) {
                    assertThat(client.upload("again.png", TestPictures.png(n)).status())
                            .isIn(200, 201);
                }
                // While a commit ends, its rows count twice for a moment: in the table, and as waiting.
                await().atMost(Duration.ofMinutes(1)).until(() -> rows(client) == PICTURES);
                await().atMost(Duration.ofMinutes(1))
                        .until(() -> store.list("pending/").isEmpty());
                assertThat(client.search("anything", 1000)
                                .json()
                                .get("results")
                                .valueStream()
                                .map(hit -> hit.get("id").stringValue())
                                .toList())
                        .hasSize(PICTURES)
                        .doesNotHaveDuplicates();
                assertThat(nativeLibraries(data))
                        .as("of the killed server nothing is left")
                        .isEqualTo(1);
            }
        }
    }

    @Test
    void killedServerGoesOnWithTheRowsThatItHasKept() throws Exception {
        Path data = temporary.resolve("data");
        Path log = temporary.resolve("server.log");
        Map<String, String> variables = Map.of("JAVA_OPTS", ServerProcess.QUICK_START);
        try (ServerProcess server = ServerProcess.start(data, log, variables)) {
            for (int n = 0; n < 10; n++) {
                server.client().upload(n + ".png", TestPictures.png(n));
            }
            await().ignoreExceptions().until(() -> hasCheckpoint(data.resolve(".glimpse/vectors")));
            for (int n = 10; n < 20; n++) {
                server.client().upload(n + ".png", TestPictures.png(n));
            }
            server.kill();
        }
        assertThat(Files.readString(log)).doesNotContain("taken over");

        try (ServerProcess server = ServerProcess.start(data, log, variables)) {
            await().until(() -> Files.readString(log).contains("the rows of an earlier run were taken over"));
            for (int n = 0; n < 20; n++) {
                assertThat(server.client()
                                .upload("again.png", TestPictures.png(n))
                                .status())
                        .isEqualTo(200);
            }
            assertThat(server.client()
                            .search("anything", 1000)
                            .json()
                            .get("results")
                            .valueStream()
                            .map(hit -> hit.get("id").stringValue())
                            .toList())
                    .hasSize(20)
                    .doesNotHaveDuplicates();
        }
    }

    private static boolean hasCheckpoint(Path rows) throws IOException {
        try (var files = Files.walk(rows)) {
            return files.anyMatch(file -> file.endsWith("checkpoint"));
        }
    }

    @Test
    void serverEndsInTimeThoughTheBucketHangs() throws Exception {
        try (TestBucket bucket = TestBucket.start()) {
            Map<String, String> variables = Map.of(
                    "JAVA_OPTS", ServerProcess.QUICK_START,
                    "R2_ENDPOINT", bucket.endpoint(),
                    "R2_BUCKET", bucket.bucket(),
                    "R2_ACCESS_KEY_ID", bucket.accessKeyId(),
                    "R2_SECRET_ACCESS_KEY", bucket.secretAccessKey());
            try (ServerProcess server =
                    ServerProcess.start(temporary.resolve("data"), temporary.resolve("server.log"), variables)) {
                assertThat(server.client().upload("a.png", TestPictures.png(9)).status())
                        .isEqualTo(201);
                bucket.fault(TestBucket.Fault.HANG, Integer.MAX_VALUE, (method, key) -> !key.startsWith("pending/"));
                ExecutorService clients = Executors.newFixedThreadPool(6);
                for (int i = 0; i < 6; i++) {
                    byte[] picture = TestPictures.png(i);
                    clients.execute(() -> server.client().upload("a.png", picture));
                }
                await().until(() -> bucket.count("PUT", "images/") >= 7);
                long start = System.nanoTime();

                assertThat(server.terminate()).isEqualTo(143);

                Duration took = Duration.ofNanos(System.nanoTime() - start);
                System.out.println("ended after " + took);
                assertThat(took).isLessThan(Duration.ofSeconds(28));
                clients.shutdown();
            }
        }
    }

    @Test
    void terminatedServerFinishesWhatItHasTakenIn() throws Exception {
        Path data = temporary.resolve("data");
        Path log = temporary.resolve("server.log");
        Map<String, String> variables = Map.of("JAVA_OPTS", ServerProcess.QUICK_START);
        Queue<Integer> acknowledged;
        try (ServerProcess server = ServerProcess.start(data, log, variables)) {
            CountDownLatch enough = new CountDownLatch(20);
            acknowledged = load(server.client(), enough);
            enough.await();
            assertThat(server.terminate()).isEqualTo(143);
        }

        try (ServerProcess server = ServerProcess.start(data, log, variables)) {
            for (int n : acknowledged) {
                assertThat(server.client()
                                .upload("again.png", TestPictures.png(n))
                                .status())
                        .as("picture %d was acknowledged", n)
                        .isEqualTo(200);
            }
        }
        assertThat(Files.readString(log)).doesNotContain("SIGSEGV").doesNotContain("Memory was leaked");
    }
}

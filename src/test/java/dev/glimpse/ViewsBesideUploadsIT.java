package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestImages;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** People who search and look at pictures, while others upload large ones without pause. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class ViewsBesideUploadsIT {
    private static final int UPLOADERS = 8;
    private static final int VIEWERS = 4;

    /** Of each viewer. Once thumbnails had the rank of all searches: after these the first one waited behind 188 uploads. */
    private static final int SEARCHES = 250;

    private static final int THUMBNAILS = 20;

    /**
     * Each uploader has one upload in the server when a thumbnail is asked for, and may get in another while that is read and
     * sent. The rest is for a machine that is busy with other things.
     */
    private static final int MOST_UPLOADS_BEFORE_A_VIEW = 3 * UPLOADERS;

    /** Fills the decoder, so that not even a small picture is decoded beside it. */
    private static final byte[] LARGE = TestImages.jpeg(1870, 1330, 1);

    private static final int MAX_PIXELS = 2_500_000;

    private static final byte[] SMALL = TestImages.jpeg(300, 250, 1);

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    private final AtomicInteger pictures = new AtomicInteger();
    private final AtomicInteger uploaded = new AtomicInteger();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        registry.add("glimpse.decode.max-pixels", () -> MAX_PIXELS);
        key(registry, "viewer", "read,upload");
        for (int i = 0; i < UPLOADERS; i++) {
            key(registry, "uploader" + i, "upload");
        }
    }

    private static void key(DynamicPropertyRegistry registry, String name, String scopes) {
        registry.add("glimpse.access.keys." + name + ".sha256", () -> Client.sha256(name));
        registry.add("glimpse.access.keys." + name + ".scopes", () -> scopes);
    }

    /** A picture that was not uploaded before. */
    private Answer upload(Client client, String key, byte[] picture) {
        byte[] another = TestImages.commented(picture, "picture " + pictures.incrementAndGet());
        return client.multipart("/upload", List.of(Part.file("a.jpg", another)), "X-API-Key", key);
    }

    private static Answer view(Client client, String path) {
        return client.get(path, "X-API-Key", "viewer");
    }

    /** A search of words that nobody has searched for before, as many as the model reads. */
    private static Answer search(Client client, String words) {
        return view(client, "/search?limit=1&text=" + words + "+cat".repeat(70));
    }

    @Test
    void thumbnailsAndSearchesAreAnsweredBeforeTheUploadsThatWaitAndUploadsGoOn() throws InterruptedException {
        Client viewer = new Client(port);
        List<String> thumbnails = IntStream.range(0, THUMBNAILS)
                .mapToObj(
                        n -> upload(viewer, "viewer", SMALL).json().get("path").stringValue())
                .map(path -> "/" + path + "/thumbnail")
                .toList();
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            inParallel(threads, VIEWERS, n -> {
                        for (int search = 0; search < SEARCHES; search++) {
                            assertThat(search(viewer, "viewer+" + n + "+search+" + search)
                                            .status())
                                    .isEqualTo(200);
                        }
                    })
                    .join();
            AtomicBoolean ends = new AtomicBoolean();
            Queue<Answer> uploads = new ConcurrentLinkedQueue<>();
            CompletableFuture<Void> uploading = inParallel(threads, UPLOADERS, n -> {
                Client client = new Client(port);
                while (!ends.get()) {
                    uploads.add(upload(client, "uploader" + n, LARGE));
                    uploaded.incrementAndGet();
                }
            });
            await().until(() -> uploaded.get() >= UPLOADERS);

            List<Answer> views = new ArrayList<>();
            List<Integer> before = new ArrayList<>();
            for (String thumbnail : thumbnails) {
                int then = uploaded.get();
                views.add(view(viewer, thumbnail));
                before.add(uploaded.get() - then);
                then = uploaded.get();
                views.add(search(viewer, "beside+" + uploaded));
                before.add(uploaded.get() - then);
            }
            ends.set(true);
            uploading.join();

            assertThat(views).extracting(Answer::status).containsOnly(200);
            assertThat(before).allMatch(count -> count <= MOST_UPLOADS_BEFORE_A_VIEW);
            assertThat(uploads).extracting(Answer::status).containsOnly(201);
        } finally {
            threads.shutdownNow();
        }
    }

    private static CompletableFuture<Void> inParallel(Executor threads, int count, IntConsumer work) {
        return CompletableFuture.allOf(IntStream.range(0, count)
                .mapToObj(n -> CompletableFuture.runAsync(() -> work.accept(n), threads))
                .toArray(CompletableFuture[]::new));
    }
}

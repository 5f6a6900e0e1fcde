package dev.glimpse.consistency;

import static dev.glimpse.consistency.TestServer.id;
import static dev.glimpse.consistency.TestServer.picture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Uploads, edits, deletes and restores of pictures that lie in the bucket under names of their own. */
@Timeout(120)
class OriginalsIT {
    private static final String KEY = "photos/a.png";

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private TestServer server;

    @BeforeEach
    void startServer() {
        server = new TestServer(store, temporary.resolve("work"), Duration.ofMillis(500));
    }

    @AfterEach
    void stop() {
        server.close();
        store.close();
        bucket.close();
    }

    /** Puts a picture as a source has it, and adds its row as a look does. */
    private CompletableFuture<Boolean> addOfSource(int n) {
        assertThat(store.putIfAbsent(KEY, picture(n), "image/png", Map.of())).isTrue();
        Instant modified = Originals.second(store.head(KEY).orElseThrow().lastModified());
        return server.dataset.add(new PictureRow(
                id(n),
                store.address(KEY),
                TestServer.embedding(n),
                picture(n).length,
                1,
                1,
                modified,
                "a.png",
                "said",
                List.of("tag")));
    }

    private Picture row(int n) {
        server.dataset.settled().join();
        return server.dataset.find(id(n)).orElseThrow();
    }

    @Test
    void viewOfAnUploadTakesOneGet() {
        server.uploadCommitted(1).join();
        bucket.resetCounts();

        assertThat(new Originals(store, server.dataset).read(id(1))).contains(picture(1));

        assertThat(bucket.count("GET", "images/")).isEqualTo(1);
        assertThat(bucket.count("HEAD", "images/")).isZero();
    }

    @Test
    void uploadOfWhatASourceHasIsKeptAlsoWhileTheRowWaits() {
        CompletableFuture<Boolean> waiting = addOfSource(1);
        assertThat(server.dataset.stateOf(id(1))).isEqualTo(PictureState.PENDING);

        assertThat(server.upload(1).join().stored()).isTrue();

        assertThat(waiting.join()).isTrue();
        assertThat(store.get(id(1).toString())).contains(picture(1));
        Picture row = row(1);
        assertThat(row.path()).isEqualTo(store.address(id(1).toString()));
        assertThat(row.filename()).isEqualTo("test.png");
        assertThat(row.caption()).as("what was said stays").isEqualTo("said");
        assertThat(row.tags()).containsExactly("tag");
        assertThat(server.edit(1, "more").join().caption()).isEqualTo("more");
        assertThat(store.head(id(1).toString())
                        .map(head -> UploadMetadata.fromMetadata(head.metadata())
                                .notes()
                                .caption()))
                .contains("more");
        assertThat(server.rows()).isEqualTo(1);
        assertThat(server.upload(1).join().stored()).isFalse();
    }

    @Test
    void noSourceBringsAnUploadBackThatWasDeleted() {
        addOfSource(1).join();
        server.upload(1).join();

        server.remover.remove(id(1), false, false).join();

        assertThat(server.rows()).isZero();
        assertThat(store.get(KEY)).contains(picture(1));
        assertThat(new Originals(store, server.dataset).isRemoved(id(1))).isTrue();
    }

    @Test
    void uploadThatWasCutOffBeforeTheRowSaidSoIsFinishedByTheNextOne() {
        addOfSource(1).join();
        row(1);
        assertThat(store.putIfAbsent(
                        id(1).toString(),
                        picture(1),
                        "image/png",
                        new UploadMetadata("mine.png", "mine", List.of())
                                .toMetadata("another/group", Instant.parse("2026-01-01T00:00:00Z"))))
                .isTrue();

        assertThat(server.upload(1).join().stored()).isFalse();

        assertThat(row(1).path()).isEqualTo(store.address(id(1).toString()));
        assertThat(row(1).filename()).isEqualTo("mine.png");
        assertThat(row(1).caption()).isEqualTo("mine");
    }

    @Test
    void uploadOfWhatAnotherServerHasFoundInASourceMeanwhileIsKept() throws Exception {
        addOfSource(2).join();
        store.delete(KEY);
        server.dataset.settled().join();
        try (TestServer other = new TestServer(store, temporary.resolve("other"), Duration.ofMillis(500))) {
            other.dataset.refresh().join();
            addOfSource(1).join();

            assertThat(other.upload(1).join().stored()).isTrue();

            await().untilAsserted(() -> {
                server.dataset.refresh().join();
                assertThat(row(1).path()).isEqualTo(store.address(id(1).toString()));
                assertThat(row(1).filename()).isEqualTo("test.png");
                assertThat(row(1).caption()).as("what was said stays").isEqualTo("said");
            });
        }
    }

    @Test
    void editsOfARowAreMadeOfTheNewestOne() {
        addOfSource(1).join();
        List<CompletableFuture<UploadMetadata>> edits =
                List.of(server.edit(1, "new"), server.editor.edit(id(1), notes -> notes.withTags(List.of("more"))));
        edits.forEach(CompletableFuture::join);

        Picture row = row(1);
        assertThat(row.caption()).isEqualTo("new");
        assertThat(row.tags()).containsExactly("more");
        assertThat(row.path()).isEqualTo(store.address(KEY));
    }

    @Test
    void deletedObjectComesBackWithWhatWasSaidOfIt() {
        addOfSource(1).join();

        server.remover.remove(id(1), false, true).join();

        assertThat(store.head(KEY)).isEmpty();
        assertThat(store.get(Trash.key(id(1)))).contains(picture(1));
        assertThat(server.restorer.restore(id(1)).join()).isTrue();
        await().untilAsserted(() -> assertThat(row(1).caption()).isEqualTo("said"));
        assertThat(row(1).tags()).containsExactly("tag");
        assertThat(row(1).filename()).isEqualTo("a.png");
        assertThat(row(1).path()).isEqualTo(store.address(id(1).toString()));
    }

    @Test
    void objectThatStaysComesBackWithWhatWasSaidOfIt() {
        addOfSource(1).join();

        server.remover.remove(id(1), false, false).join();

        assertThat(store.get(KEY)).contains(picture(1));
        assertThat(server.restorer.restore(id(1)).join()).isTrue();
        assertThat(row(1).caption()).isEqualTo("said");
        assertThat(row(1).path()).isEqualTo(store.address(KEY));
    }

    @Test
    void deleteLeavesAnObjectThatIsAnotherPictureByNow() {
        addOfSource(1).join();
        store.delete(KEY);
        assertThat(store.putIfAbsent(KEY, picture(2), "image/png", Map.of())).isTrue();

        server.remover.remove(id(1), false, true).join();

        assertThat(store.get(KEY)).contains(picture(2));
        assertThat(store.list("trash/")).isEmpty();
        assertThat(server.rows()).isZero();
    }
}

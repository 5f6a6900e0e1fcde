package dev.glimpse.consistency;

import static dev.glimpse.consistency.TestServer.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.NearestQuery;
import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableVersion;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectHead;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import dev.glimpse.testing.TestBucket.RequestClass;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is said of a picture can be changed, and picture and row agree in the end, whatever happens to the servers. */
@Timeout(300)
class EditsIT {
    private static final Duration SOON = Duration.ofMillis(100);

    /** Longer than any test: rows wait in memory. */
    private static final Duration LATE = Duration.ofSeconds(30);

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final List<TestServer> servers = new ArrayList<>();
    private TestServer server;

    @BeforeEach
    void startServer() {
        server = start(SOON);
    }

    private TestServer start(Duration commitAge) {
        return started(new TestServer(store, temporary.resolve("work" + servers.size()), commitAge));
    }

    /** A server that takes others for dead after two seconds, and looks for what they have left every second. */
    private TestServer startWatchful() {
        TestServer started = started(new TestServer(
                store,
                temporary.resolve("work" + servers.size()),
                SOON,
                TestServer.timings(Duration.ofSeconds(1), Duration.ofSeconds(2))));
        started.recovery.start();
        return started;
    }

    private TestServer started(TestServer started) {
        servers.add(started);
        return started;
    }

    @AfterEach
    void stop() {
        bucket.clearFaults();
        servers.forEach(TestServer::close);
        store.close();
        bucket.close();
    }

    private List<String> markers() {
        return store.list(IntentGroup.MARKERS);
    }

    private static boolean isCopy(String method, String key) {
        return method.equals("PUT") && key.startsWith("images/");
    }

    private void settle() {
        await().until(() -> markers().isEmpty());
    }

    private UploadMetadata.Stored said(int n) {
        ObjectHead head = store.head(id(n).toString()).orElseThrow();
        return UploadMetadata.fromMetadata(head.metadata());
    }

    /** Searches of this server find the picture once, with this caption, and the picture in the store says the same. */
    private void assertSaid(TestServer by, int n, @Nullable String caption) {
        by.dataset.settled().join();
        assertThat(by.hits(n)).extracting(hit -> hit.picture().caption()).containsExactly(caption);
        assertThat(said(n).notes().caption()).isEqualTo(caption);
    }

    private void assertSettled(TestServer by, int n, @Nullable String caption) {
        settle();
        by.dataset.refresh().join();
        by.dataset.settled().join();
        assertSaid(by, n, caption);
    }

    @Test
    void editChangesPictureAndRowAndKeepsAllElse() {
        server.uploadCommitted(1).join();
        UploadMetadata.Stored before = said(1);
        Neighbor row = server.hits(1).get(0);

        UploadMetadata said = server.editor
                .edit(id(1), notes -> notes.withCaption("a red cat").withTags(List.of("cat", "red")))
                .join();

        assertThat(said.caption()).isEqualTo("a red cat");
        assertSaid(server, 1, "a red cat");
        assertThat(said(1).group()).isEqualTo(before.group());
        assertThat(said(1).uploadedAt()).isEqualTo(before.uploadedAt());
        assertThat(said(1).notes()).isEqualTo(new UploadMetadata("test.png", "a red cat", List.of("cat", "red")));
        Neighbor changed = server.hits(1).get(0);
        assertThat(changed.picture().tags()).containsExactly("cat", "red");
        assertThat(changed)
                .usingRecursiveComparison()
                .ignoringFields("picture.caption", "picture.tags")
                .isEqualTo(row);
        assertThat(server.rows()).isEqualTo(1);
        settle();
    }

    @Test
    void fieldThatIsNotChangedStaysAndOneThatIsEmptyGoes() {
        server.uploadCommitted(1).join();
        server.edit(1, "one").join();
        server.editor.edit(id(1), notes -> notes.withTags(List.of("a"))).join();
        assertThat(said(1).notes()).isEqualTo(new UploadMetadata("test.png", "one", List.of("a")));

        server.edit(1, null).join();

        assertSaid(server, 1, null);
        assertThat(server.hits(1).get(0).picture().tags()).containsExactly("a");
    }

    @Test
    void editCostsTheMarkerTheCopyAndACommit() {
        TestServer slow = start(LATE);
        slow.upload(1).join();
        slow.upload(2).join();
        slow.dataset.flush(Duration.ofSeconds(10));
        slow.dataset.settled().join();
        settle();
        bucket.resetCounts();

        slow.edit(1, "in a file with another row").join();

        assertThat(bucket.count("PUT", "pending/")).isEqualTo(1);
        assertThat(bucket.count("PUT", "images/")).isEqualTo(1);
        // The new row, which rows are left of the old file, the transaction and the manifest.
        assertThat(bucket.count("PUT", "vectors/")).isEqualTo(4);
        assertThat(bucket.count(RequestClass.A)).as("%s", bucket.requests()).isEqualTo(6);
        // The picture before, between and after. The next version, and the last one beside the files.
        assertThat(bucket.count("HEAD", "images/")).isEqualTo(3);
        assertThat(bucket.count("HEAD", "vectors/")).isEqualTo(2);
        assertThat(bucket.count(RequestClass.B)).as("%s", bucket.requests()).isEqualTo(5);
        bucket.resetCounts();

        slow.edit(1, "alone in its file").join();

        assertThat(bucket.count(RequestClass.A)).as("%s", bucket.requests()).isEqualTo(5);
        assertThat(bucket.count(RequestClass.B)).as("%s", bucket.requests()).isEqualTo(5);
    }

    @Test
    void verificationFindsARowThatSaysSomethingElseAndRepairMendsIt() {
        server.uploadCommitted(1).join();
        server.uploadCommitted(2).join();
        settle();
        // As after a backup of the table was put back that is older than an edit.
        ObjectHead head = store.head(id(1).toString()).orElseThrow();
        UploadMetadata.Stored said = said(1);
        store.replaceMetadata(
                id(1).toString(),
                head.etag(),
                "image/png",
                said.with(said.notes().withCaption("newer")).toMetadata(),
                Duration.ofSeconds(10));

        Verifier.Report found = server.verify(false);
        assertThat(found.otherNotes()).isEqualTo(new Verifier.Finding(1, List.of(id(1).toString())));
        assertThat(found.mended()).isZero();

        assertThat(server.verify(true).mended()).isEqualTo(1);

        assertThat(server.verify(false).otherNotes().count()).isZero();
        assertSettled(server, 1, "newer");
    }

    @Test
    void editThatChangesNothingCostsNoClassARequest() {
        server.uploadCommitted(1).join();
        server.edit(1, "same").join();
        settle();
        bucket.resetCounts();

        server.edit(1, "same").join();

        assertThat(bucket.count(RequestClass.A)).as("%s", bucket.requests()).isZero();
    }

    @Test
    void noVersionLacksThePictureOrHasItTwice() {
        server.uploadCommitted(1).join();
        server.uploadCommitted(2).join();
        for (int i = 0; i < 3; i++) {
            server.edit(1, "caption " + i).join();
        }

        List<Long> versions =
                server.dataset.versions().stream().map(TableVersion::version).toList();
        for (long version : versions.subList(0, 4)) {
            assertThat(server.dataset
                            .nearestIn(version, new NearestQuery(TestServer.embedding(1), 10, true))
                            .neighbors())
                    .extracting(Neighbor::id)
                    .as("version %d", version)
                    .containsOnlyOnce(id(1).toString());
        }
    }

    @Test
    void rowThatWaitsIsCommittedFirst() {
        server.upload(1).join();

        server.edit(1, "new").join();

        assertSettled(server, 1, "new");
        assertThat(server.rows()).isEqualTo(1);
    }

    @Test
    void pictureWhoseRowWaitsInAnotherServerIsEdited() {
        TestServer slow = start(LATE);
        slow.upload(1).join();

        server.edit(1, "new").join();
        slow.dataset.flush(Duration.ofSeconds(10));

        assertSettled(server, 1, "new");
        assertSettled(slow, 1, "new");
        assertThat(slow.rows()).isEqualTo(1);
    }

    @Test
    void otherServersAndThoseThatStartLaterFindWhatIsSaidNow() {
        TestServer other = start(SOON);
        server.uploadCommitted(1).join();
        other.dataset.refresh().join();
        other.dataset.settled().join();

        server.edit(1, "new").join();

        assertSettled(other, 1, "new");
        assertSettled(start(SOON), 1, "new");
    }

    @Test
    void tableThatIsRebuiltFromThePicturesSaysIt() {
        server.uploadCommitted(1).join();
        server.edit(1, "new").join();
        settle();

        server.dataset.rebuild();
        await().until(() -> server.rows() == 1);

        assertSettled(server, 1, "new");
    }

    @Test
    void deleteAndRestoreKeepWhatIsSaid() {
        server.uploadCommitted(1).join();
        server.edit(1, "new").join();

        server.remover.remove(id(1), false, false).join();
        server.restorer.restore(id(1)).join();

        assertSettled(server, 1, "new");
    }

    @Test
    void pictureThatIsNotThereIsNotEdited() {
        server.uploadCommitted(1).join();
        server.remover.remove(id(1), false, false).join();

        assertThatThrownBy(() -> server.edit(1, "new").join()).hasCauseInstanceOf(PictureNotFoundException.class);
        assertThatThrownBy(() -> server.edit(2, "new").join()).hasCauseInstanceOf(PictureNotFoundException.class);

        settle();
        assertThat(server.finds(1)).isFalse();
        assertThat(store.head(id(1).toString())).isEmpty();
    }

    @Test
    void pictureThatAnotherServerDeletesDuringTheEditDoesNotComeBack() {
        TestServer other = start(SOON);
        server.uploadCommitted(1).join();
        other.dataset.refresh().join();

        assertThatThrownBy(() -> server.editor
                        .edit(id(1), notes -> {
                            other.remover.remove(id(1), false, false).join();
                            return notes.withCaption("late");
                        })
                        .join())
                .hasCauseInstanceOf(PictureNotFoundException.class);

        settle();
        assertThat(store.head(id(1).toString())).isEmpty();
        assertThat(server.finds(1)).isFalse();
        assertThat(start(SOON).rows()).isZero();
    }

    @Test
    void whatIsTooLongIsRefusedAndNothingChanges() {
        server.uploadCommitted(1).join();
        server.edit(1, "before").join();

        assertThatThrownBy(() -> server.edit(1, "x".repeat(2_000)).join())
                .hasCauseInstanceOf(MetadataTooLongException.class)
                .hasMessageContaining("2,000 characters");

        settle();
        assertSaid(server, 1, "before");
    }

    @Test
    void pictureThatSaysNothingGetsACaptionAndKeepsWhatOtherSoftwareHasSaid() {
        store.putIfAbsent(id(1).toString(), TestServer.picture(1), "image/png", Map.of("mtime", "17"));
        server.upload(1).join();

        server.edit(1, "new").join();

        assertSettled(server, 1, "new");
        assertThat(store.head(id(1).toString()).orElseThrow().metadata()).containsEntry("mtime", "17");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
    void editThatDiesAfterAnyOfItsStepsIsSeenToByAServerThatLives(int steps) {
        TestServer watchful = startWatchful();
        watchful.uploadCommitted(1).join();
        watchful.uploadCommitted(2).join();
        settle();
        TestServer dying = start(SOON);
        dying.life.dieAfter(steps);

        CompletableFuture<UploadMetadata> answer = dying.edit(1, "new");
        CompletableFuture.anyOf(answer.handle((said, failure) -> said), dying.life.death())
                .join();
        dying.kill();

        settle();
        String caption = said(1).notes().caption();
        assertThat(caption).isIn(null, "new");
        assertSettled(watchful, 1, caption);
        assertThat(watchful.rows()).isEqualTo(2);
    }

    @Test
    void editWhoseCopyIsMadeAndItsAnswerLostIsFinishedByTheServer() {
        server.uploadCommitted(1).join();
        bucket.fault(Fault.ANSWER_LOST, Integer.MAX_VALUE, EditsIT::isCopy);

        assertThatThrownBy(() -> server.edit(1, "new").join()).hasCauseInstanceOf(StoreUnavailableException.class);
        bucket.clearFaults();

        assertSettled(server, 1, "new");
    }

    @Test
    void editThatTheStoreDoesNotTakeLeavesEverythingAsItWas() {
        server.uploadCommitted(1).join();
        bucket.fault(Fault.DROP, Integer.MAX_VALUE, EditsIT::isCopy);

        assertThatThrownBy(() -> server.edit(1, "new").join()).hasCauseInstanceOf(StoreUnavailableException.class);
        bucket.clearFaults();

        assertSettled(server, 1, null);
    }

    @Test
    void editWhoseCommitFailsIsFinishedByTheServer() {
        server.uploadCommitted(1).join();
        bucket.fault(
                Fault.DROP, Integer.MAX_VALUE, (method, key) -> method.equals("PUT") && key.startsWith("vectors/"));

        assertThatThrownBy(() -> server.edit(1, "new").join()).hasCauseInstanceOf(StoreUnavailableException.class);
        assertThat(said(1).notes().caption()).isEqualTo("new");
        bucket.clearFaults();

        assertSettled(server, 1, "new");
    }

    @Test
    void faultsByChanceLoseNothing() {
        server.uploadCommitted(1).join();
        bucket.faultsByChance(0.1, 42);

        for (int i = 0; i < 5; i++) {
            String caption = "caption " + i;
            await().atMost(LATE)
                    .until(() -> server.edit(1, caption)
                            .handle((said, failure) -> failure == null)
                            .join());
        }
        bucket.clearFaults();

        assertSettled(server, 1, "caption 4");
    }

    @Test
    void editsOfOneServerAreMadeInTheOrderInWhichTheyWereAskedFor() {
        server.uploadCommitted(1).join();

        CompletableFuture<?> first = server.edit(1, "first");
        CompletableFuture<?> tags = server.editor.edit(id(1), notes -> notes.withTags(List.of("tag")));
        CompletableFuture<?> second = server.edit(1, "second");
        CompletableFuture.allOf(first, tags, second).join();

        assertSettled(server, 1, "second");
        assertThat(server.hits(1).get(0).picture().tags()).containsExactly("tag");
    }

    @Test
    void editsDeletesAndUploadsOfThreeServersAtOnceEndWithRowsThatSayWhatThePicturesSay() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random chance = new Random(seed);
        start(SOON);
        start(SOON);
        for (int n = 0; n < 3; n++) {
            server.uploadCommitted(n).join();
        }
        List<CompletableFuture<?>> changes = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            TestServer by = servers.get(chance.nextInt(3));
            int n = chance.nextInt(3);
            changes.add(
                    switch (chance.nextInt(6)) {
                        case 0 -> by.remover.remove(id(n), false, false);
                        case 1 -> by.upload(n);
                        default -> by.edit(n, "caption " + i);
                    });
        }
        changes.forEach(change -> change.handle((done, failure) -> done).join());

        settle();
        for (TestServer each : servers) {
            each.dataset.flush(Duration.ofSeconds(10));
        }
        settle();
        for (TestServer each : servers) {
            each.dataset.refresh().join();
            each.dataset.settled().join();
            for (int n = 0; n < 3; n++) {
                if (store.head(id(n).toString()).isPresent()) {
                    assertSaid(each, n, said(n).notes().caption());
                } else {
                    assertThat(each.finds(n)).isFalse();
                }
            }
        }
    }
}

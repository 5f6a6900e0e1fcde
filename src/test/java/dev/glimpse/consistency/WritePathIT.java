package dev.glimpse.consistency;

import static dev.glimpse.consistency.TestServer.id;
import static dev.glimpse.consistency.TestServer.picture;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.IndexKind;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.UntrustedBucketException;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Fault;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.upload.StoredPicture;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One row per picture, and none lost, whichever servers work on a bucket and whatever happens to them. */
@Timeout(300)
class WritePathIT {
    private static final Duration SOON = Duration.ofMillis(100);

    /** Longer than any test: rows wait in memory, as in a server that is about to die. */
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
        TestServer started = new TestServer(store, temporary.resolve("work" + servers.size()), commitAge);
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

    /** A server that takes others for dead after two seconds, and looks for what they have left every second. */
    private TestServer startWatchful() {
        TestServer started = new TestServer(
                store,
                temporary.resolve("work" + servers.size()),
                SOON,
                TestServer.timings(Duration.ofSeconds(1), Duration.ofSeconds(2)));
        servers.add(started);
        started.recovery.start();
        return started;
    }

    private List<String> markers() {
        return store.list("pending/");
    }

    private void settle(TestServer... settling) {
        for (TestServer each : settling) {
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> each.dataset.state().pendingRows() == 0);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> markers().isEmpty());
    }

    /** What another server finds that starts now. */
    private long rowsForAll() {
        return start(SOON).rows();
    }

    @Test
    void answerComesBeforeTheCommitAndAfterThePictureAndTheMarkerAreDurable() {
        TestServer slow = start(LATE);

        StoredPicture stored = slow.upload(1).join();

        assertThat(stored.stored()).isTrue();
        assertThat(store.head(id(1).toString())).isPresent();
        assertThat(markers()).hasSize(1);
        assertThat(slow.rows()).isZero();
        assertThat(slow.dataset.stateOf(id(1)).isShown()).isTrue();
    }

    @Test
    void newPictureCostsItsPutAndTheFirstOfAGroupTheMarkerAsWell() {
        TestServer slow = start(LATE);
        bucket.resetCounts();

        slow.upload(1).join();
        slow.upload(2).join();

        assertThat(bucket.count("PUT", "images/")).isEqualTo(2);
        assertThat(bucket.count("PUT", "pending/")).isEqualTo(1);
        assertThat(bucket.count(RequestClass.A)).isEqualTo(3);
        assertThat(bucket.count(RequestClass.B)).isZero();
    }

    @Test
    void picturesOfADeadServerGetTheirRowsFromAnother() {
        TestServer dead = start(LATE);
        for (int n = 0; n < 5; n++) {
            dead.upload(n).join();
        }

        server.recoverAll();

        await().until(() -> markers().isEmpty());
        assertThat(server.rows()).isEqualTo(5);
        assertThat(server.dataset
                        .nearest(TestServer.embedding(3), 1, true)
                        .get(0)
                        .id())
                .isEqualTo(id(3).toString());
        assertThat(server.dataset
                        .nearest(TestServer.embedding(3), 1, true)
                        .get(0)
                        .picture()
                        .filename())
                .isEqualTo("test.png");
    }

    @Test
    void serverThatWasTakenForDeadAndWakesUpAddsNothingTwice() {
        TestServer paused = start(LATE);
        for (int n = 0; n < 5; n++) {
            paused.upload(n).join();
        }
        server.recoverAll();
        await().until(() -> server.rows() == 5);

        paused.dataset.flush(Duration.ofSeconds(10));

        assertThat(paused.rows()).isEqualTo(5);
        assertThat(rowsForAll()).isEqualTo(5);
    }

    @Test
    void twoServersThatRecoverTheSamePicturesAtOnceAddNoneTwice() {
        TestServer dead = start(LATE);
        for (int n = 0; n < 20; n++) {
            dead.upload(n).join();
        }
        TestServer other = start(SOON);

        server.recoverAll();
        other.recoverAll();

        settle(server, other);
        assertThat(rowsForAll()).isEqualTo(20);
    }

    @Test
    void recoveryLooksAtNoPictureWithoutAMarker() {
        server.uploadCommitted(1).join();
        settle(server);
        TestServer other = start(SOON);
        bucket.resetCounts();

        other.recoverAll();
        await().until(() -> bucket.count("LIST", "pending/") == 1);
        settle(other);

        assertThat(bucket.count("LIST", "images/")).isZero();
    }

    @Test
    void pictureThatAnotherServerHasAcknowledgedIsKnownByItsMarker() {
        TestServer slow = start(LATE);
        slow.upload(1).join();

        StoredPicture again = server.upload(1).join();

        assertThat(again.stored()).isFalse();
        assertThat(server.finds(1)).isTrue();
        slow.dataset.flush(Duration.ofSeconds(10));
        settle(server, slow);
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void pictureThatAnotherServerHasCommittedIsKnownByItsRow() {
        TestServer other = start(SOON);
        other.uploadCommitted(1).join();
        settle(other);

        assertThat(server.upload(1).join().stored()).isFalse();
        assertThat(server.dataset.stateOf(id(1)).isShown()).isTrue();
    }

    @Test
    void pictureWithoutMarkerAndRowGetsItsRowWhenItIsUploadedAgain() {
        store.putIfAbsent(id(1).toString(), picture(1), "image/png", Map.of());

        List<CompletableFuture<StoredPicture>> uploads = List.of(server.upload(1), server.upload(1));
        List<CompletableFuture<Long>> rowsAtAnswers = uploads.stream()
                .map(upload -> upload.thenApply(answer -> server.rows()))
                .toList();

        assertThat(uploads).extracting(upload -> upload.join().stored()).containsExactlyInAnyOrder(true, false);
        assertThat(rowsAtAnswers).extracting(CompletableFuture::join).containsExactly(1L, 1L);
    }

    @Test
    void repeatCostsAQuestionWhetherThePictureIsThere() {
        server.uploadCommitted(1).join();
        settle(server);
        bucket.resetCounts();

        assertThat(server.upload(1).join().stored()).isFalse();

        assertThat(bucket.count(RequestClass.A)).isZero();
        assertThat(bucket.count(RequestClass.B)).isEqualTo(1);
    }

    @Test
    void repeatPromisesNothingWhileTheBucketIsDown() {
        server.uploadCommitted(1).join();
        bucket.down();

        assertThatThrownBy(() -> server.upload(1).join()).hasCauseInstanceOf(StoreUnavailableException.class);
    }

    @Test
    void pictureThatAnotherServerHasDeletedIsStoredAnewByOneThatHasNotHeardOfIt() {
        TestServer unaware = start(SOON);
        unaware.uploadCommitted(1).join();
        settle(unaware);
        server.remover.remove(id(1), false, false).join();
        assertThat(unaware.dataset.stateOf(id(1)).isShown()).isTrue();

        StoredPicture stored = unaware.upload(1).join();

        assertThat(stored.stored()).isTrue();
        settle(unaware);
        assertThat(store.head(id(1).toString())).isPresent();
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void whoHasPutThePictureTrustsNoRowOfItThatWasKnownBefore() {
        TestServer unaware = start(SOON);
        unaware.uploadCommitted(1).join();
        settle(unaware);
        server.remover.remove(id(1), false, false).join();
        // As when the row comes to be known between the question and the put.
        unaware.dataset.hide(id(1));

        unaware.upload(1).join();

        settle(unaware);
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void committedMeansThatTheRowIsInTheTableWhicheverServerHasIt() {
        TestServer slow = start(LATE);
        slow.upload(1).join();

        assertThat(server.uploadCommitted(1).join().stored()).isFalse();
        assertThat(server.rows()).isEqualTo(1);

        slow.dataset.flush(Duration.ofSeconds(10));
        server.dataset.refresh().join();
        assertThat(server.rows()).isEqualTo(1);
    }

    @Test
    void requestThatWaitsForACommitEndsWhenItsTimeIsOver() {
        TestServer slow = start(LATE);
        StoredPicture picture = slow.upload(1).join();

        assertThatThrownBy(() -> slow.uploader.awaitCommitted(picture, Duration.ofMillis(1)))
                .isInstanceOf(UploadsBusyException.class)
                .hasMessageContaining("the row will come");
        assertThatThrownBy(() -> server.uploader.awaitCommitted(picture, Duration.ofMillis(1)))
                .isInstanceOf(UploadsBusyException.class);
    }

    @Test
    void repeatOfARowThatNoMarkerCoversAnyMoreWaitsForItsCommit() {
        TestServer slow = start(LATE);
        slow.upload(1).join();
        slow.sleep(TestServer.TIMINGS.reliable());

        CompletableFuture<StoredPicture> again = slow.upload(1);
        await().during(Duration.ofSeconds(1)).until(() -> !again.isDone());
        slow.dataset.flush(Duration.ofSeconds(10));

        assertThat(again.join().stored()).isFalse();
        assertThat(slow.rows()).isEqualTo(1);
    }

    @Test
    void serverThatWakesUpAfterADeleteElsewhereLeavesNoRowWithoutPicture() {
        TestServer paused = start(LATE);
        paused.upload(1).join();
        server.recoverAll();
        await().until(() -> markers().isEmpty());
        server.remover.remove(id(1), false, false).join();
        paused.sleep(TestServer.TIMINGS.abandoned());

        paused.dataset.flush(Duration.ofSeconds(10));

        await().until(() -> rowsForAll() == 0);
        assertThat(paused.dataset.stateOf(id(1)).isShown()).isFalse();
    }

    @Test
    void rowThatWaitsInTheRecoveringServerIsNoReasonToRemoveTheMarker() {
        TestServer dead = start(LATE);
        for (int n = 0; n < 3; n++) {
            dead.upload(n).join();
        }
        TestServer slow = start(LATE);
        slow.recoverAll();
        await().until(() -> slow.dataset.state().pendingRows() == 3);

        slow.recovery.start();

        await().during(Duration.ofSeconds(2)).until(() -> !markers().isEmpty());
        slow.dataset.flush(Duration.ofSeconds(10));
        await().until(() -> markers().isEmpty());
        assertThat(slow.rows()).isEqualTo(3);
    }

    @Test
    void recoveryOfManyPicturesListsThemOnceAndUploadsGoOn() {
        int many = 300; // more than one commit takes, and than may wait for the encoder
        String group = "dead/0";
        store.putIfAbsent(IntentGroup.marker(group), IntentGroup.marking(Duration.ZERO), "text/plain", Map.of());
        UploadMetadata notes = new UploadMetadata("a.png", null, List.of());
        for (int n = 0; n < many; n++) {
            store.putIfAbsent(id(n).toString(), picture(n), "image/png", notes.toMetadata(group, Instant.now()));
        }
        bucket.resetCounts();

        server.recoverAll();
        await().until(() -> bucket.count("GET", "images/") > 0);
        server.upload(many).join();

        await().until(() -> markers().isEmpty());
        assertThat(server.rows()).isEqualTo(many + 1);
        assertThat(bucket.count("LIST", "images/")).isEqualTo(16);
    }

    @Test
    void pictureIsFoundByAMarkerThatHadToBePutAgainMuchLaterOrIsEmpty() {
        UploadMetadata notes = new UploadMetadata("a.png", null, List.of());
        store.putIfAbsent(id(1).toString(), picture(1), "image/png", notes.toMetadata("dead/0", Instant.now()));
        store.putIfAbsent(id(2).toString(), picture(2), "image/png", notes.toMetadata("dead/1", Instant.now()));
        Duration age = TestServer.TIMINGS.beforeMarker().plusSeconds(2);
        await().pollDelay(age).atMost(LATE).until(() -> true);
        store.putIfAbsent(IntentGroup.marker("dead/0"), IntentGroup.marking(age), "text/plain", Map.of());
        server.recoverAll();
        await().until(() -> markers().isEmpty());
        assertThat(server.rows()).isEqualTo(1);

        store.putIfAbsent(IntentGroup.marker("dead/1"), new byte[0], "text/plain", Map.of());
        server.recoverAll();
        await().until(() -> markers().isEmpty());
        assertThat(server.rows()).isEqualTo(2);
    }

    @Test
    void twoFailedUploadsOfAPictureBothLeaveTheirGroups() {
        IntentGroup.Member first = server.intents.join();
        first.group().durable().join();
        server.sleep(SOON); // so that the next one begins another group
        IntentGroup.Member second = server.intents.join();
        second.group().durable().join();
        assertThat(second.group()).isNotSameAs(first.group());

        server.unfinished.addUpload(id(1), first);
        server.unfinished.addUpload(id(1), second);
        server.sleep(TestServer.TIMINGS.beforeMarker());

        await().until(() -> markers().isEmpty());
        assertThat(first.hasLeft()).isTrue();
        assertThat(second.hasLeft()).isTrue();
    }

    @Test
    void markerStaysForTheOthersHoweverOftenOneLeaves() {
        TestServer slow = start(LATE);
        IntentGroup.Member one = slow.intents.join();
        IntentGroup.Member other = slow.intents.join();
        one.group().durable().join();

        one.leave();
        one.leave();

        await().during(Duration.ofSeconds(1)).until(() -> markers().size() == 1);
        other.leave();
        await().until(() -> markers().isEmpty());
    }

    @Test
    void deleteOfAnotherServerIsTakenBackByOneThatHasNotHeardOfIt() {
        TestServer unaware = start(SOON);
        unaware.uploadCommitted(1).join();
        settle(unaware);
        server.remover.remove(id(1), false, false).join();

        assertThat(unaware.restorer.restore(id(1)).join()).isTrue();

        assertThat(store.head(id(1).toString())).isPresent();
        assertThat(store.list("trash/")).isEmpty();
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void deletedPictureIsGoneForGoodWhenItsTimeInTheTrashIsOver() {
        server.uploadCommitted(1).join();
        server.remover.remove(id(1), false, false).join();
        Trash patient = new Trash(store, Duration.ofDays(7));
        Trash impatient = new Trash(store, Duration.ofSeconds(1));

        patient.empty();
        assertThat(store.list("trash/")).containsExactly(Trash.key(id(1)));
        await().until(() -> {
            impatient.empty();
            return store.list("trash/").isEmpty();
        });

        assertThat(rowsForAll()).isZero();
    }

    @Test
    void bucketThatCannotBeTrustedGetsNoTable() {
        try (TestBucket other = TestBucket.start().ignoreConditions();
                ObjectStore untrusted = other.open()) {
            assertThatThrownBy(() -> new TestServer(untrusted, temporary.resolve("untrusted"), SOON))
                    .isInstanceOf(UntrustedBucketException.class);

            assertThat(untrusted.list("")).isEmpty();
        }
    }

    @Test
    void bucketThatCannotBeTrustedAnyMoreIsReadAndNotWritten() {
        server.uploadCommitted(1).join();
        settle(server);
        List<String> before = store.list("");
        bucket.ignoreConditions();
        try (ObjectStore untrusted = bucket.open();
                TestServer reading = new TestServer(untrusted, temporary.resolve("untrusted"), SOON)) {
            assertThat(reading.rows()).isEqualTo(1);

            assertThatThrownBy(() -> reading.upload(2).join()).hasCauseInstanceOf(UntrustedBucketException.class);
            assertThatThrownBy(() -> reading.verify(true)).isInstanceOf(UntrustedBucketException.class);
            reading.dataset.startIndexBuild(IndexKind.IVF_FLAT);
            await().until(() -> reading.dataset.indexJob().finishedAt() != null);

            assertThat(reading.dataset.indexJob().message()).contains("a second put of a key was not refused");
            assertThat(store.list("")).isEqualTo(before);
        }
    }

    @Test
    void verificationKnowsRowsThatOthersCommitMeanwhile() {
        TestServer other = start(SOON);
        AtomicBoolean first = new AtomicBoolean(true);
        bucket.fault(Fault.DROP, 1, (method, key) -> {
            if (method.equals("LIST") && key.startsWith("images/") && first.getAndSet(false)) {
                for (int n = 0; n < 20; n++) {
                    other.uploadCommitted(n).join();
                }
                settle(other);
            }
            return false;
        });

        Verifier.Report found = server.verify(false);

        assertThat(found.state()).isEqualTo(Verifier.State.DONE);
        assertThat(found.withoutRow().count()).isZero();
    }

    @Test
    void uploadWhoseMarkerFailsIsRefusedAndItsPictureGetsItsRowLater() {
        bucket.fault(Fault.SERVICE_UNAVAILABLE, 3, (method, key) -> key.startsWith("pending/"));

        assertThatThrownBy(() -> server.upload(1).join())
                .isInstanceOf(CompletionException.class)
                .hasCauseInstanceOf(StoreUnavailableException.class);

        await().until(() -> server.rows() == 1);
        settle(server);
    }

    @Test
    void uploadWhosePictureNeverArrivesLeavesNothingBehind() {
        bucket.fault(Fault.DROP, 4, (method, key) -> key.startsWith("images/"));

        assertThatThrownBy(() -> server.upload(1).join()).hasCauseInstanceOf(StoreUnavailableException.class);
        server.sleep(TestServer.TIMINGS.beforeMarker());

        settle(server);
        assertThat(server.rows()).isZero();
        assertThat(server.upload(1).join().stored()).isTrue();
    }

    @Test
    void uploadThatCannotBeSettledKeepsNoDeleteWaiting() {
        server.uploadCommitted(2).join();
        bucket.fault(Fault.DROP, Integer.MAX_VALUE, (method, key) -> key.equals(id(1).toString()));
        bucket.fault(Fault.SERVICE_UNAVAILABLE, 3, (method, key) -> key.startsWith("trash/"));

        assertThatThrownBy(() -> server.upload(1).join()).hasCauseInstanceOf(StoreUnavailableException.class);
        assertThatThrownBy(() -> server.remover.remove(id(2), false, false).join())
                .hasCauseInstanceOf(StoreUnavailableException.class);

        await().until(() -> markers().stream().noneMatch(marker -> marker.contains("delete-")));
        assertThat(server.finds(2)).isTrue();
        assertThat(markers()).hasSize(1);
    }

    @Test
    void deletedPictureIsGoneAndLiesInTheTrash() {
        server.upload(1).join();
        server.upload(2).join();

        server.remover.remove(id(1), false, false).join();

        assertThat(server.dataset.stateOf(id(1)).isShown()).isFalse();
        assertThat(server.dataset.nearest(TestServer.embedding(1), 10, true))
                .extracting(hit -> hit.id())
                .containsExactly(id(2).toString());
        assertThat(store.head(id(1).toString())).isEmpty();
        assertThat(store.get(Trash.key(id(1))).orElseThrow()).isEqualTo(picture(1));
        settle(server);
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void purgedPictureIsNotInTheTrash() {
        server.uploadCommitted(1).join();

        server.remover.remove(id(1), true, false).join();

        assertThat(store.list("trash/")).isEmpty();
        assertThat(rowsForAll()).isZero();
    }

    @Test
    void unknownPictureCannotBeDeleted() {
        assertThatThrownBy(() -> server.remover.remove(id(1), false, false).join())
                .hasCauseInstanceOf(PictureNotFoundException.class);
    }

    @Test
    void pictureUnderTheNameOfAnotherFormatIsUnknownAndItsRowStaysOne() {
        server.uploadCommitted(1).join();
        ImageId jpeg = new ImageId(id(1).sha256(), ImageFormat.JPEG);

        assertThatThrownBy(() -> server.remover.remove(jpeg, false, false).join())
                .hasCauseInstanceOf(PictureNotFoundException.class);

        server.uploadCommitted(1).join();
        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void deletedPictureCanBeUploadedAgain() {
        server.uploadCommitted(1).join();
        server.remover.remove(id(1), false, false).join();

        assertThat(server.uploadCommitted(1).join().stored()).isTrue();

        assertThat(rowsForAll()).isEqualTo(1);
    }

    @Test
    void deleteWaitsForTheCommitOfTheServerThatTookThePictureIn() {
        TestServer other = start(Duration.ofSeconds(2));
        other.upload(1).join();

        server.remover.remove(id(1), false, false).join();

        settle(server, other);
        assertThat(rowsForAll()).isZero();
    }

    @Test
    void deleteThatStoppedHalfWayIsFinishedByAnotherServer() {
        server.uploadCommitted(1).join();
        settle(server);
        TestServer other = start(SOON);
        bucket.resetCounts();
        bucket.fault(Fault.HANG, 100, (method, key) -> key.contains("_versions/"));
        Future<Void> unused = server.remover.remove(id(1), false, false);
        await().until(() -> bucket.count("HEAD", "vectors/images.lance/_versions/") > 0);

        // All that the other server asks for goes through, while the first one still waits.
        bucket.onlyHeldRequestsHang();
        other.recoverAll();

        await().until(() -> markers().isEmpty());
        assertThat(other.rows()).isZero();
    }

    @Test
    void pictureOfADeadServerThatIsDeletedAndUploadedAgainIsFoundWhereItWasTaken() {
        TestServer dead = start(LATE);
        dead.upload(1).join();
        dead.kill();
        server.remover.remove(id(1), false, false).join();

        assertThat(server.upload(1).join().stored()).isTrue();

        assertThat(server.finds(1)).isTrue();
        await().during(Duration.ofSeconds(6)).atMost(LATE).until(() -> server.finds(1));
    }

    @Test
    void picturesOfADeadServerAreRecoveredThoughNobodyStarts() {
        TestServer watchful = startWatchful();
        TestServer dead = start(LATE);
        dead.upload(1).join();
        dead.kill();

        await().until(() -> watchful.rows() == 1);
        await().until(() -> markers().isEmpty());
    }

    @Test
    void repeatIsFoundWhereItWasAcknowledgedThoughTheServerThatTookThePictureInIsDead() {
        TestServer dead = start(LATE);
        dead.upload(1).join();
        dead.kill();

        server.upload(1).join();

        assertThat(server.finds(1)).isTrue();
    }

    @Test
    void restoreThatDiedHalfWayIsFinishedByAnotherServer() {
        TestServer dying = start(SOON);
        dying.uploadCommitted(1).join();
        dying.remover.remove(id(1), false, false).join();
        settle(dying);
        dying.life.dieAfter(2); // the marker and the copy

        assertThatThrownBy(() -> dying.restorer.restore(id(1)).join())
                .hasCauseInstanceOf(StoreUnavailableException.class);

        assertThat(store.head(id(1).toString())).isPresent();
        server.recoverAll();
        await().until(() -> server.finds(1));
        await().until(() -> store.list("trash/").isEmpty() && markers().isEmpty());
    }

    @Test
    void verificationFindsWhatIsWrongAndRepairMendsIt() {
        for (int n = 0; n < 6; n++) {
            server.upload(n).join();
        }
        server.uploadCommitted(6).join();
        settle(server);
        store.delete(id(2).toString());
        store.delete(id(3).toString());
        store.putIfAbsent(id(3).toString(), picture(99), "image/png", Map.of());
        store.putIfAbsent(id(7).toString(), picture(7), "image/png", Map.of());

        Verifier.Report found = server.verify(false);

        assertThat(found.state()).isEqualTo(Verifier.State.DONE);
        assertThat(found.rows()).isEqualTo(7);
        assertThat(found.pictures()).isEqualTo(7);
        assertThat(found.hashed()).isEqualTo(7);
        assertThat(found.withoutPicture()).isEqualTo(new Verifier.Finding(1, List.of(id(2).toString())));
        assertThat(found.withoutRow()).isEqualTo(new Verifier.Finding(1, List.of(id(7).toString())));
        assertThat(found.corrupt()).isEqualTo(new Verifier.Finding(1, List.of(id(3).toString())));
        assertThat(found.mended()).isZero();

        assertThat(server.verify(true).mended()).isEqualTo(2);

        Verifier.Report clean = server.verify(false);
        assertThat(clean.withoutPicture().count()).isZero();
        assertThat(clean.withoutRow().count()).isZero();
        assertThat(clean.corrupt().count()).isEqualTo(1);
        assertThat(server.dataset.stateOf(id(7)).isShown()).isTrue();
        assertThat(server.dataset.stateOf(id(2)).isShown()).isFalse();
    }

    @Test
    void pictureThatCannotBeReadDoesNotKeepOthersFromBeingRepaired() {
        server.uploadCommitted(1).join();
        settle(server);
        store.delete(id(1).toString());
        for (int n = 2; n < 5; n++) {
            store.putIfAbsent(id(n).toString(), picture(n), "image/png", Map.of());
        }
        bucket.fault(
                Fault.INTERNAL_ERROR,
                Integer.MAX_VALUE,
                (method, key) -> method.equals("GET") && key.equals(id(2).toString()));

        Verifier.Report found = server.verify(true);

        assertThat(found.state()).isEqualTo(Verifier.State.FAILED);
        assertThat(found.message()).startsWith("1 of 4 have failed").contains(id(2).toString());
        assertThat(found.mended()).isEqualTo(3);
        bucket.clearFaults();
        assertThat(server.verify(true).mended()).isEqualTo(1);
    }

    @Test
    void verificationLeavesUploadsOfOtherServersAlone() {
        TestServer slow = start(LATE);
        slow.upload(1).join();

        Verifier.Report found = server.verify(true);

        assertThat(found.pictures()).isEqualTo(1);
        assertThat(found.withoutRow().count()).isZero();
        assertThat(found.mended()).isZero();
    }

    @Test
    void manyServersThreadsAndLostAnswersGiveEachPictureOneRow() throws Exception {
        long seed = System.nanoTime();
        System.out.println("seed " + seed);
        Random chance = new Random(seed);
        int pictures = 60;
        TestServer[] three = {start(SOON), start(SOON), start(SOON)};
        Fault[] faults = {Fault.ANSWER_LOST, Fault.INTERNAL_ERROR, Fault.DROP, Fault.SERVICE_UNAVAILABLE};
        bucket.fault(faults[0], 40, (method, key) -> method.equals("PUT") && chance.nextInt(8) == 0);
        bucket.fault(faults[1 + chance.nextInt(3)], 40, (method, key) -> chance.nextInt(8) == 0);
        ExecutorService clients = Executors.newFixedThreadPool(8);
        List<Future<Boolean>> uploads = new ArrayList<>();

        for (int i = 0; i < 6 * pictures; i++) {
            TestServer any = three[chance.nextInt(3)];
            int n = chance.nextInt(pictures);
            uploads.add(clients.submit(() -> {
                try {
                    any.upload(n).join();
                    return true;
                } catch (CompletionException e) {
                    return false; // refused: its client tries again
                }
            }));
        }
        for (Future<Boolean> upload : uploads) {
            upload.get();
        }
        clients.shutdown();
        bucket.clearFaults();
        CompletableFuture.allOf(java.util.stream.IntStream.range(0, pictures)
                        .mapToObj(three[0]::upload)
                        .toArray(CompletableFuture[]::new))
                .join();
        settle(three);

        Verifier.Report found = start(SOON).verify(false);
        assertThat(found.rows()).isEqualTo(pictures);
        assertThat(found.pictures()).isEqualTo(pictures);
        assertThat(found.withoutRow().count()).isZero();
        assertThat(found.withoutPicture().count()).isZero();
        assertThat(found.corrupt().count()).isZero();
    }
}

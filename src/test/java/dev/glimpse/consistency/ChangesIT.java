package dev.glimpse.consistency;

import static dev.glimpse.consistency.TestServer.id;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.request.PictureNotFoundException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.PictureModel;
import dev.glimpse.testing.PictureModel.Change;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Picture and row agree in the end, and as it was answered, whatever is asked of several servers and wherever they die. The long form is
 * {@code scripts/selftest write-path changes}.
 */
@Timeout(120)
class ChangesIT {
    /** More puts, copies and deletes than any change of a picture makes, its commit included. */
    private static final int STEPS = 8;

    private static final int PICTURES = 6;
    private static final int ROUNDS = 2;
    private static final int CHANGES = 20;
    private static final Duration COMMIT_AGE = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final List<TestServer> all = new ArrayList<>();
    private final List<TestServer> living = new ArrayList<>();
    private final Map<Integer, PictureModel> models = new LinkedHashMap<>();
    private int edits;

    /** Another machine each time: nobody knows that whoever worked there before is dead, but by the age of its markers. */
    private TestServer start() {
        TestServer server = new TestServer(
                store,
                temporary.resolve("work" + all.size()),
                COMMIT_AGE,
                TestServer.timings(Duration.ofSeconds(1), Duration.ofSeconds(2)));
        all.add(server);
        living.add(server);
        server.recovery.start();
        return server;
    }

    @AfterEach
    void stop() {
        CompletableFuture.allOf(all.stream()
                        .map(server -> CompletableFuture.runAsync(server::close))
                        .toArray(CompletableFuture[]::new))
                .join();
        store.close();
        bucket.close();
    }

    private PictureModel model(int n) {
        return models.computeIfAbsent(n, first -> new PictureModel("picture " + n));
    }

    /** Makes the change, and holds the answer to the model. */
    private void change(TestServer server, Change change, int n) {
        String by = "server " + all.indexOf(server);
        String caption = "caption " + edits++;
        CompletableFuture<?> answer = switch (change) {
            case UPLOAD -> server.upload(n);
            case DELETE -> server.remover.remove(id(n), false, false);
            case PURGE -> server.remover.remove(id(n), true, false);
            case RESTORE -> server.restorer.restore(id(n));
            case EDIT -> server.edit(n, caption);
        };
        try {
            // Who asks a server that dies gets no answer.
            CompletableFuture.anyOf(answer, server.life.death()).join();
            if (!answer.isDone()) {
                server.kill();
                model(n).lost(change, by);
                return;
            }
            answer.join();
            model(n).done(change, by);
        } catch (CompletionException e) {
            if (e.getCause() instanceof PictureNotFoundException) {
                model(n).unknown(change, by);
            } else {
                model(n).lost(change, by);
            }
            return;
        }
        if (!server.life.isDead()) {
            // An answer waits two seconds for searches.
            server.dataset.settled().join();
            boolean there = change != Change.DELETE && change != Change.PURGE;
            assertThat(server.finds(n)).as("%s", model(n)).isEqualTo(there);
            assertThat(store.head(id(n).toString()).isPresent())
                    .as("%s", model(n))
                    .isEqualTo(there);
            if (change == Change.EDIT) {
                assertThat(said(n)).as("%s", model(n)).isEqualTo(caption);
                assertThat(found(server, n)).as("%s", model(n)).isEqualTo(caption);
            }
        }
    }

    /** The caption that the picture in the store says; null if there is none. */
    private @Nullable String said(int n) {
        return store.head(id(n).toString())
                .map(head ->
                        UploadMetadata.fromMetadata(head.metadata()).notes().caption())
                .orElse(null);
    }

    /** The caption that searches of this server find; null if there is none. */
    private static @Nullable String found(TestServer server, int n) {
        return server.hits(n).stream()
                .map(hit -> hit.picture().caption())
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
    }

    /** Waits for the recovery by servers that live, and holds all that there is to the models. */
    private void settle() {
        await().atMost(PATIENCE)
                .until(() -> store.list(IntentGroup.MARKERS).isEmpty()
                        && living.stream()
                                .allMatch(server -> server.dataset.state().pendingRows() == 0));
        for (TestServer server : living) {
            server.dataset.refresh().join();
            server.dataset.settled().join();
        }
        models.forEach((n, model) -> {
            boolean there = store.head(id(n).toString()).isPresent();
            String story = model.toString();
            model.settled(
                    new PictureModel.State(there, store.head(Trash.key(id(n))).isPresent()));
            // Who has asked for a delete that others have finished learns it when it looks again.
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(living).as("%s", story).allSatisfy(server -> {
                        assertThat(server.finds(n))
                                .as("server %d", all.indexOf(server))
                                .isEqualTo(there);
                        assertThat(found(server, n))
                                .as("server %d", all.indexOf(server))
                                .isEqualTo(said(n));
                    }));
        });
        long there = models.keySet().stream()
                .filter(n -> store.head(id(n).toString()).isPresent())
                .count();
        assertThat(living).allSatisfy(server -> assertThat(server.rows()).isEqualTo(there));
    }

    @ParameterizedTest
    @EnumSource(Change.class)
    void changeThatDiesAfterAnyOfItsStepsIsSeenToByAServerThatLives(Change change) {
        TestServer server = start();
        for (int n = 0; n < STEPS; n++) {
            if (change != Change.UPLOAD) {
                change(server, Change.UPLOAD, n);
            }
            if (change == Change.RESTORE) {
                change(server, Change.DELETE, n);
            }
        }
        settle();
        for (int steps = 0; steps < STEPS; steps++) {
            TestServer dying = start();
            dying.life.dieAfter(steps);

            change(dying, change, steps);

            dying.kill();
            living.remove(dying);
        }

        settle();
    }

    @Test
    void whateverIsAskedOfThreeServersThatDieNowAndThenEndsAsItWasAnswered() {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("seed " + seed);
        Random chance = new Random(seed);
        for (int i = 0; i < 3; i++) {
            start();
        }
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < CHANGES; i++) {
                TestServer server = living.get(chance.nextInt(living.size()));
                Change change = chance.nextInt(3) == 0
                        ? Change.UPLOAD
                        : List.of(Change.values()).get(chance.nextInt(Change.values().length));
                boolean dies = chance.nextInt(8) == 0;
                if (dies) {
                    server.life.dieAfter(chance.nextInt(STEPS));
                }
                change(server, change, chance.nextInt(PICTURES));
                if (dies) {
                    server.kill();
                    living.remove(server);
                    start();
                }
            }
            settle();
        }
    }
}

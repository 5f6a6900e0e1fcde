package dev.glimpse.duplicates;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecisionsTest {
    private static final ImageId A = Rows.id(1);
    private static final ImageId B = Rows.id(2);
    private static final ImageId C = Rows.id(3);

    @TempDir
    Path data;

    private final AtomicLong clock = new AtomicLong();
    private ObjectStore store;
    private Decisions decisions;

    @BeforeEach
    void open() {
        store = TestStores.folder(data);
        decisions = new Decisions(store, clock::get);
    }

    private static boolean covers(Decisions decisions, ImageId... ids) {
        return decisions
                .kept()
                .covers(List.of(ids).stream().map(ImageId::toString).toList());
    }

    @Test
    void groupIsKeptWhenEachTwoOfItsPicturesAreKeptTogether() {
        decisions.keep(Set.of(A, B));

        assertThat(covers(decisions, A, B)).isTrue();
        assertThat(covers(decisions, B, A)).isTrue();
        assertThat(covers(decisions, A, C)).isFalse();
        assertThat(covers(decisions, A, B, C)).isFalse();

        decisions.keep(Set.of(B, C));
        assertThat(covers(decisions, A, B, C)).isFalse();

        decisions.keep(Set.of(A, C));
        assertThat(covers(decisions, A, B, C)).isTrue();
    }

    @Test
    void decisionIsOneObjectWhateverTheOrderAndHoweverOften() {
        decisions.keep(Set.of(A, B));
        decisions.keep(Set.of(B, A));

        assertThat(store.list(Decisions.KEYS)).singleElement().asString().matches("decisions/[0-9a-f]{64}\\.json");
    }

    @Test
    void otherServerLearnsAndForgetsItWithinAMinute() {
        Decisions other = new Decisions(store, clock::get);
        assertThat(covers(other, A, B)).isFalse();

        decisions.keep(Set.of(A, B));
        clock.addAndGet(Decisions.AGE.toNanos() - 1);
        assertThat(covers(other, A, B)).isFalse();
        clock.addAndGet(1);
        assertThat(covers(other, A, B)).isTrue();

        assertThat(other.undo(Set.of(B, A))).isTrue();
        assertThat(covers(other, A, B)).isFalse();
        clock.addAndGet(Decisions.AGE.toNanos());
        assertThat(covers(decisions, A, B)).isFalse();
        assertThat(store.list(Decisions.KEYS)).isEmpty();
    }

    @Test
    void serverThatStartsLaterKnowsIt() {
        decisions.keep(Set.of(A, B));

        assertThat(covers(new Decisions(store), A, B)).isTrue();
    }

    @Test
    void undoOfWhatWasNeverDecidedChangesNothing() {
        decisions.keep(Set.of(A, B));

        assertThat(decisions.undo(Set.of(A, C))).isFalse();

        assertThat(covers(decisions, A, B)).isTrue();
    }

    @Test
    void objectThatIsNoDecisionDecidesNothing() {
        store.putIfAbsent(
                Decisions.KEYS + "odd.json", "no json".getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
        decisions.keep(Set.of(A, B));

        assertThat(covers(new Decisions(store), A, B)).isTrue();
        assertThat(covers(new Decisions(store), A, C)).isFalse();
    }
}

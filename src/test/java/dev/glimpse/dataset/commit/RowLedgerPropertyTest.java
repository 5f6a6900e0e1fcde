package dev.glimpse.dataset.commit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.PictureState;
import dev.glimpse.dataset.commit.RowLedger.Pending;
import dev.glimpse.dataset.lance.FragmentIds;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Whatever this server and others do in whatever order, the ledger says of each picture what a simple model says, and searches find what
 * the states promise.
 */
class RowLedgerPropertyTest {
    private static final List<ImageId> PICTURES = IntStream.range(0, 4)
            .mapToObj(n -> new ImageId(Integer.toHexString(n + 10).repeat(64), ImageFormat.PNG))
            .toList();

    private enum Kind {
        ADD,
        COMMIT,
        REMOVE,
        HIDE,
        SHOW,
        TAKE_ALL_OUT,
        OTHER_ADDS,
        OTHER_REMOVES,
        OTHER_MERGES,
        LEARN,
        SERVE
    }

    /** @param number of rows of a commit, or of versions to go on by */
    private record Step(Kind kind, int picture, int number) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        return Combinators.combine(
                        Arbitraries.of(Kind.class),
                        Arbitraries.integers().between(0, PICTURES.size() - 1),
                        Arbitraries.integers().between(1, 3))
                .as(Step::new)
                .list()
                .ofMaxSize(50);
    }

    @Property(tries = 3000)
    void ledgerAgreesWithTheModel(@ForAll("steps") List<Step> steps) {
        Model model = new Model();
        Map<Overlay, List<PictureRow>> seen = new LinkedHashMap<>();

        for (Step step : steps) {
            model.take(step);
            model.check();
            seen.putIfAbsent(
                    model.ledger.overlay(), List.copyOf(model.ledger.overlay().rows()));
        }

        seen.forEach((overlay, rows) -> assertThat(overlay.rows()).isEqualTo(rows));
        model.settle();
    }

    /** The table in the store with all its versions, and what this server knows of it. */
    private static final class Model {
        final RowLedger ledger = new RowLedger(0);

        /** Which pictures have rows, by version. */
        final List<Set<ImageId>> versions = new ArrayList<>(List.of(Set.of()));

        final Map<ImageId, Pending> pending = new LinkedHashMap<>();
        final Set<ImageId> hidden = new HashSet<>();

        /** Pictures whose rows this server has removed, and nobody has added since. */
        final Set<ImageId> gone = new HashSet<>();

        int learned;
        int served;

        void take(Step step) {
            ImageId id = PICTURES.get(step.picture);
            switch (step.kind) {
                case ADD -> add(id);
                case COMMIT -> commit(step.number);
                case REMOVE -> remove(id);
                case HIDE -> {
                    ledger.hide(id);
                    hidden.add(id);
                }
                case SHOW -> {
                    ledger.show(id);
                    hidden.remove(id);
                }
                case TAKE_ALL_OUT -> {
                    assertThat(ledger.removeAllPending()).containsExactlyElementsOf(pending.values());
                    pending.clear();
                }
                case OTHER_ADDS -> {
                    Set<ImageId> next = new HashSet<>(newest());
                    next.add(id);
                    versions.add(next);
                    gone.remove(id);
                }
                case OTHER_REMOVES -> versions.add(without(id));
                case OTHER_MERGES -> versions.add(newest());
                case LEARN -> learn();
                case SERVE -> serve(step.number);
            }
        }

        void add(ImageId id) {
            if (pending.containsKey(id)) {
                return;
            }
            boolean known = versions.get(learned).contains(id);
            PictureRow row = row(id);
            assertThat(ledger.giveAgain(row)).isEqualTo(known);
            if (!known) {
                Pending waiting = new Pending(row, new CompletableFuture<>());
                ledger.add(waiting);
                pending.put(id, waiting);
                gone.remove(id);
            }
        }

        /** As a commit does: what others have committed is learned first, and their rows are not added again. */
        void commit(int most) {
            List<Pending> batch = ledger.firstPending(most);
            if (batch.isEmpty()) {
                return;
            }
            learn();
            Set<ImageId> next = new HashSet<>(newest());
            if (next.addAll(batch.stream().map(waiting -> waiting.row().id()).toList())) {
                versions.add(next);
            }
            ledger.committed(batch, versions.size() - 1);
            learned = versions.size() - 1;
            batch.forEach(waiting -> pending.remove(waiting.row().id()));
        }

        void remove(ImageId id) {
            learn();
            assertThat(ledger.removePending(id)).isEqualTo(pending.remove(id));
            if (newest().contains(id)) {
                versions.add(without(id));
            }
            ledger.removed(List.of(id), versions.size() - 1);
            learned = versions.size() - 1;
            hidden.remove(id);
            gone.add(id);
        }

        void learn() {
            IdSet added = new IdSet();
            newest().stream().filter(id -> !versions.get(learned).contains(id)).forEach(added::add);
            IdSet all = new IdSet();
            newest().forEach(all::add);
            boolean someGone = !newest().containsAll(versions.get(learned));
            ledger.accept(new FragmentIds.Change(someGone ? all : added, someGone), versions.size() - 1);
            learned = versions.size() - 1;
        }

        void serve(int further) {
            served = Math.min(versions.size() - 1, served + further);
            ledger.served(served);
        }

        void check() {
            Overlay overlay = ledger.overlay();
            List<ImageId> inMemory = overlay.rows().stream().map(PictureRow::id).toList();
            assertThat(inMemory).doesNotHaveDuplicates();
            Set<ImageId> found = versions.get(served).stream()
                    .filter(id -> !overlay.hidden().contains(id.toString()))
                    .collect(Collectors.toCollection(HashSet::new));
            found.addAll(inMemory);

            assertThat(ledger.pendingRows()).isEqualTo(pending.size());
            for (ImageId id : PICTURES) {
                PictureState state = ledger.stateOf(id);
                boolean inTable = versions.get(learned).contains(id);
                assertThat(state.isInTable()).isEqualTo(inTable);
                assertThat(state.isShown()).isEqualTo((inTable || pending.containsKey(id)) && !hidden.contains(id));
                assertThat(state == PictureState.PENDING || state == PictureState.LEAVING_PENDING)
                        .isEqualTo(pending.containsKey(id) && !inTable);
                // A version may be read before its ids are learned: then its rows may have been removed unnoticed.
                if (state.isFound() && (served <= learned || pending.containsKey(id))) {
                    assertThat(found).contains(id);
                }
                if (hidden.contains(id) || gone.contains(id)) {
                    assertThat(found).doesNotContain(id);
                }
            }
        }

        /** When everything is committed, learned and read, nothing is left in memory. */
        void settle() {
            hidden.forEach(ledger::show);
            commit(PICTURES.size());
            learn();
            serve(versions.size());
            assertThat(ledger.overlay().rows()).isEmpty();
            assertThat(ledger.overlay().hidden()).isEmpty();
            assertThat(ledger.unservedRows()).isZero();
            for (ImageId id : PICTURES) {
                assertThat(ledger.stateOf(id))
                        .isEqualTo(newest().contains(id) ? PictureState.COMMITTED : PictureState.ABSENT);
            }
        }

        Set<ImageId> newest() {
            return versions.get(versions.size() - 1);
        }

        Set<ImageId> without(ImageId id) {
            Set<ImageId> rest = new HashSet<>(newest());
            rest.remove(id);
            return rest;
        }
    }

    private static PictureRow row(ImageId id) {
        return new PictureRow(
                id, "somewhere", new Embedding(new float[] {1, 0}), 1, 1, 1, Instant.EPOCH, null, null, List.of());
    }
}

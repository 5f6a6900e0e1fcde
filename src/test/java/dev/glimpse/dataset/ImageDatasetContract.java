package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.upkeep.MergePolicy;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Pictures;
import dev.glimpse.testing.Rows;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.assertj.core.util.DoubleComparator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lance.Dataset;

/** What a table promises, whatever store it is in. */
abstract class ImageDatasetContract {
    @TempDir
    Path temporary;

    ObjectStore store;
    ImageDataset dataset;

    /** A store of its own for each test, on which several servers can work. */
    abstract ObjectStore newStore();

    /** The working folder of the n-th server. */
    Path work(int n) {
        return temporary.resolve("data/.glimpse/" + n);
    }

    @BeforeEach
    void openTable() {
        store = newStore();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.AT_ONCE);
    }

    /** Closing the allocator fails if anything of Arrow leaks, so this is the leak test of every test. */
    @AfterEach
    void closeTable() {
        dataset.close();
        store.close();
    }

    void add(int from, int to) {
        List<CompletableFuture<Boolean>> added = IntStream.range(from, to)
                .mapToObj(n -> dataset.add(Rows.row(n)))
                .toList();
        added.forEach(CompletableFuture::join);
    }

    void reopen() {
        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.AT_ONCE);
    }

    void awaitIndex() {
        await().atMost(Duration.ofMinutes(1)).until(() -> dataset.indexJob().state() != IndexJob.State.RUNNING);
        assertThat(dataset.indexJob().state())
                .as(String.valueOf(dataset.indexJob().message()))
                .isEqualTo(IndexJob.State.DONE);
    }

    @Test
    void newTableIsEmptyAndSaysWhatItsColumnsAre() {
        TableState state = dataset.state();

        assertThat(state.committedRows()).isZero();
        assertThat(state.columns().keySet()).startsWith("id", "path", "vector");
        assertThat(state.columns()).containsEntry("id", "string");
        assertThat(state.columns()).containsEntry("vector", "fixed_size_list<item: float>[512]");
        assertThat(state.columns()).containsEntry("tags", "list<item: string>");
        assertThat(state.columns()).containsEntry("uploaded_at", "timestamp[us, tz=UTC]");
        assertThat(state.model()).isEqualTo(Rows.MODEL);
        assertThat(state.problem()).isNull();
        assertThat(dataset.nearest(Rows.vector(1), 10, false)).isEmpty();
    }

    @Test
    void addedRowIsFoundWithAllThatWasGiven() {
        assertThat(dataset.add(Rows.row(2)).join()).isTrue();

        List<Neighbor> found = dataset.nearest(Rows.vector(2), 10, false);
        assertThat(found).hasSize(1);
        Neighbor hit = found.get(0);
        PictureRow row = Rows.row(2);
        assertThat(hit.id()).isEqualTo(row.id().toString());
        assertThat(hit.picture().path()).isEqualTo(store.address(row.id().toString()));
        assertThat(hit.distance()).isBetween(0.0, 1e-6);
        assertThat(hit.picture().contentType()).isEqualTo("image/png");
        assertThat(hit.picture().bytes()).isEqualTo(1002);
        assertThat(hit.picture().width()).isEqualTo(640);
        assertThat(hit.picture().height()).isEqualTo(480);
        assertThat(hit.picture().uploadedAt()).isEqualTo(row.uploadedAt());
        assertThat(hit.picture().filename()).isEqualTo("picture 2.png");
        assertThat(hit.picture().caption()).isNull();
        assertThat(hit.picture().tags()).containsExactly("n2", "test");
    }

    private static RowNotes notes(@Nullable String filename, @Nullable String caption, String... tags) {
        return new RowNotes(filename, caption, List.of(tags), null);
    }

    @Test
    void describedRowSaysSomethingElseAndKeepsAllElse() {
        add(0, 20);
        dataset.settled().join();
        Neighbor before = dataset.nearest(Rows.vector(2), 1, true).get(0);

        RowChange change = dataset.describe(Rows.id(2), notes("other.png", "Größe 😀", "a", "b"))
                .join();

        assertThat(change).isEqualTo(RowChange.CHANGED);
        dataset.settled().join();
        for (int i = 0; i < 2; i++) {
            List<Neighbor> found = dataset.nearest(Rows.vector(2), 30, true);
            assertThat(found).hasSize(20).extracting(Neighbor::id).doesNotHaveDuplicates();
            assertThat(found.get(0))
                    .usingRecursiveComparison()
                    .ignoringFields("picture.filename", "picture.caption", "picture.tags")
                    // Another place in the file may be summed up in another order.
                    .withComparatorForFields(new DoubleComparator(1e-6), "distance")
                    .isEqualTo(before);
            assertThat(found.get(0).picture().filename()).isEqualTo("other.png");
            assertThat(found.get(0).picture().caption()).isEqualTo("Größe 😀");
            assertThat(found.get(0).picture().tags()).containsExactly("a", "b");
            assertThat(dataset.stateOf(Rows.id(2))).isEqualTo(PictureState.COMMITTED);
            assertThat(dataset.state().committedRows()).isEqualTo(20);
            reopen();
        }
        assertThat(dataset.add(Rows.row(2)).join()).isFalse();
        assertThat(dataset.remove(Rows.id(2)).join()).isTrue();
        assertThat(dataset.state().committedRows()).isEqualTo(19);
    }

    @Test
    void descriptionThatChangesNothingMakesNoVersion() {
        add(0, 2);
        dataset.describe(Rows.id(1), notes(null, "said")).join();
        long version = dataset.state().version();

        assertThat(dataset.describe(Rows.id(1), notes(null, "said")).join()).isEqualTo(RowChange.UNCHANGED);
        assertThat(dataset.describe(Rows.id(5), notes(null, "said")).join()).isEqualTo(RowChange.NO_ROW);

        assertThat(dataset.state().version()).isEqualTo(version);
    }

    @Test
    void rowsThatAreDescribedAgainAndAgainAreThereOnce() {
        add(0, 3);
        List<CompletableFuture<RowChange>> changes = IntStream.range(0, 30)
                .mapToObj(n -> dataset.describe(Rows.id(n % 3), notes(null, "caption " + n)))
                .toList();

        assertThat(changes).extracting(CompletableFuture::join).containsOnly(RowChange.CHANGED);

        dataset.settled().join();
        assertThat(dataset.nearest(Rows.vector(0), 10, true))
                .extracting(hit -> hit.picture().caption())
                .containsExactlyInAnyOrder("caption 27", "caption 28", "caption 29");
    }

    @Test
    void secondAddOfTheSamePictureAddsNothing() {
        assertThat(dataset.add(Rows.row(1)).join()).isTrue();
        assertThat(dataset.add(Rows.row(1)).join()).isFalse();

        assertThat(dataset.state().committedRows()).isEqualTo(1);
        assertThat(dataset.stateOf(Rows.id(1)).isShown()).isTrue();
        assertThat(dataset.stateOf(Rows.id(2)).isShown()).isFalse();
    }

    @Test
    void thousandAddsOfAHundredPicturesAtOnceGiveAHundredRows() {
        List<CompletableFuture<Boolean>> added = IntStream.range(0, 1000)
                .parallel()
                .mapToObj(n -> dataset.add(Rows.row(n % 100)))
                .toList();

        long first = added.stream().filter(CompletableFuture::join).count();

        assertThat(first).isEqualTo(100);
        assertThat(dataset.state().committedRows()).isEqualTo(100);
        // Rows that wait while a commit runs go into the next one together.
        assertThat(dataset.state().fragments()).isLessThan(30);
    }

    @Test
    void orderWithoutAnIndexIsThatOfBruteForce() {
        add(0, 300);
        Embedding query = Rows.vector(-7);
        List<String> expected = IntStream.range(0, 300)
                .boxed()
                .sorted(Comparator.comparingDouble(n -> -query.cosine(Rows.vector(n))))
                .limit(20)
                .map(n -> Rows.id(n).toString())
                .toList();

        List<Neighbor> found = dataset.nearest(query, 20, false);

        assertThat(found).extracting(Neighbor::id).containsExactlyElementsOf(expected);
        assertThat(found).extracting(Neighbor::distance).isSorted();
    }

    @Test
    void everythingIsThereAfterAReopen() {
        add(0, 40);

        reopen();

        assertThat(dataset.state().committedRows()).isEqualTo(40);
        assertThat(dataset.stateOf(Rows.id(39)).isShown()).isTrue();
        assertThat(dataset.add(Rows.row(39)).join()).isFalse();
        assertThat(dataset.nearest(Rows.vector(7), 1, false).get(0).id())
                .isEqualTo(Rows.id(7).toString());
    }

    @Test
    void closeCommitsWhatWaits() {
        List<CompletableFuture<Boolean>> added =
                IntStream.range(0, 600).mapToObj(n -> dataset.add(Rows.row(n))).toList();

        reopen();

        assertThat(added).allMatch(CompletableFuture::join);
        assertThat(dataset.state().committedRows()).isEqualTo(600);
    }

    @Test
    void twoServersAddTheSamePicturesAtOnceAndNoneTwice() {
        try (ImageDataset other = ImageDataset.open(store, work(2), Rows.MODEL, Rows.AT_ONCE)) {
            List<CompletableFuture<Boolean>> added = new ArrayList<>();
            for (int n = 0; n < 60; n++) {
                added.add(dataset.add(Rows.row(n)));
                added.add(other.add(Rows.row(59 - n)));
                if (n % 10 == 0) {
                    // Lets commits of both begin, so that they meet more than once.
                    added.get(added.size() - 1).join();
                }
            }

            long first = added.stream().filter(CompletableFuture::join).count();

            assertThat(first).isEqualTo(60);
        }
        reopen();
        assertThat(dataset.state().committedRows()).isEqualTo(60);
        assertThat(dataset.nearest(Rows.vector(0), 100, true))
                .extracting(Neighbor::id)
                .doesNotHaveDuplicates()
                .hasSize(60);
    }

    @Test
    void indexIsBuiltAndSearchesIncludeRowsThatCameAfter() {
        add(0, 400);

        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        add(400, 410);
        awaitIndex();
        add(410, 420);

        TableState state = dataset.state();
        assertThat(state.committedRows()).isEqualTo(420);
        assertThat(state.indices()).hasSize(1);
        TableState.IndexState index = state.indices().get(0);
        assertThat(index.name()).isEqualTo("vec_idx");
        assertThat(index.type()).isEqualTo("IVF_FLAT");
        assertThat(index.metric()).isEqualTo("cosine");
        assertThat(index.partitions()).isEqualTo(20);
        assertThat(index.indexedRows() + index.unindexedRows()).isEqualTo(420);
        assertThat(index.indexedRows()).isGreaterThanOrEqualTo(400);
        for (int n : new int[] {0, 399, 405, 419}) {
            assertThat(dataset.nearest(Rows.vector(n), 1, false).get(0).id())
                    .isEqualTo(Rows.id(n).toString());
        }
    }

    @Test
    void secondIndexReplacesTheFirst() {
        add(0, 10);
        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        awaitIndex();
        add(10, 20);

        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        awaitIndex();

        assertThat(dataset.state().indices()).hasSize(1);
        assertThat(dataset.state().indices().get(0).indexedRows()).isEqualTo(20);
        reopen();
        assertThat(dataset.state().indices()).hasSize(1);
        assertThat(dataset.nearest(Rows.vector(15), 1, false).get(0).id())
                .isEqualTo(Rows.id(15).toString());
    }

    /** Rows by chance, where they may be: read from the table, waiting, edited, removed, hidden. */
    private List<Picture> mixedRows(Random random) {
        for (int n = 0; n < 300; n++) {
            CompletableFuture<Boolean> unused = dataset.add(Pictures.row(n, random));
        }
        dataset.flush(Duration.ofMinutes(1));
        dataset.settled().join();
        for (int n = 0; n < 20; n++) {
            dataset.describe(Rows.id(n), notes(Pictures.words(random), Pictures.words(random), "tag 1", "tag 9"))
                    .join();
        }
        for (int n = 20; n < 30; n++) {
            dataset.remove(Rows.id(n)).join();
        }
        for (int n = 30; n < 40; n++) {
            dataset.hide(Rows.id(n));
        }
        for (int n = 300; n < 330; n++) {
            CompletableFuture<Boolean> unused = dataset.add(Pictures.row(n, random));
        }
        dataset.hide(Rows.id(329));
        return IntStream.range(0, 330)
                .mapToObj(Rows::id)
                .flatMap(id -> dataset.find(id).stream())
                .toList();
    }

    private static double distance(Picture picture, Embedding query, Map<String, Embedding> vectors) {
        return 1 - query.cosine(Optional.ofNullable(vectors.get(picture.id())).orElseThrow());
    }

    @Test
    void filteredSearchesAndCountsAreThoseOfBruteForce() {
        long seed = 11;
        Random random = new Random(seed);
        List<Picture> shown = mixedRows(random);
        assertThat(shown).hasSize(330 - 10 - 10 - 1);
        Map<String, Embedding> vectors = IntStream.range(0, 330)
                .boxed()
                .collect(Collectors.toMap(n -> Rows.id(n).toString(), Rows::vector));

        for (int round = 0; round < 2; round++) {
            for (int i = 0; i < 60; i++) {
                RowFilter filter = i == 0 ? RowFilter.NONE : Pictures.filter(random);
                List<Picture> passing = shown.stream().filter(filter::matches).toList();
                Embedding query = Rows.vector(-i);

                List<Neighbor> found = dataset.nearest(new NearestQuery(query, 7, random.nextBoolean(), filter))
                        .neighbors();

                assertThat(found)
                        .as("seed %d, %s", seed, filter)
                        .extracting(Neighbor::picture)
                        .isEqualTo(passing.stream()
                                .sorted(Comparator.comparingDouble(picture -> distance(picture, query, vectors)))
                                .limit(7)
                                .toList());
                Facets.Counter expected = new Facets.Counter();
                passing.forEach(expected::add);
                assertThat(dataset.facets(filter))
                        .as("seed %d, %s", seed, filter)
                        .isEqualTo(expected.facets());
            }
            dataset.flush(Duration.ofMinutes(1));
            dataset.settled().join();
        }
    }

    @Test
    void filteredSearchesOfThePastAreThoseOfBruteForce() {
        long seed = 12;
        Random random = new Random(seed);
        List<PictureRow> rows =
                IntStream.range(0, 300).mapToObj(n -> Pictures.row(n, random)).toList();
        rows.stream().map(dataset::add).toList().forEach(CompletableFuture::join);
        dataset.settled().join();
        long version = dataset.state().version();
        dataset.remove(Rows.id(0)).join();

        for (int i = 0; i < 30; i++) {
            RowFilter filter = Pictures.filter(random);
            Embedding query = Rows.vector(-i);

            List<Neighbor> found = dataset.nearestIn(version, new NearestQuery(query, 7, true, filter))
                    .neighbors();

            assertThat(found)
                    .as("seed %d, %s", seed, filter)
                    .extracting(Neighbor::id)
                    .isEqualTo(rows.stream()
                            .filter(filter::matches)
                            .sorted(Comparator.comparingDouble(row -> PictureRow.distance(row.vector(), query)))
                            .limit(7)
                            .map(row -> row.id().toString())
                            .toList());
        }
    }

    @Test
    void indexIsLeftWhereItDoesNotFindEnoughRowsThatPass() {
        add(0, 400);
        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        awaitIndex();
        dataset.settled().join();
        RowFilter few = RowFilter.of(new RowFilter.AnyTag(Set.of("n3", "n77", "n399")));

        List<Neighbor> found = dataset.nearestIn(
                        dataset.state().version(), new NearestQuery(Rows.vector(77), 10, false, few))
                .neighbors();

        assertThat(found)
                .extracting(Neighbor::id)
                .startsWith(Rows.id(77).toString())
                .containsExactlyInAnyOrder(
                        Rows.id(3).toString(),
                        Rows.id(77).toString(),
                        Rows.id(399).toString());
    }

    @Test
    void textOfAFilterIsNoPartOfAnExpression() {
        add(0, 10);
        dataset.settled().join();
        RowFilter filter = RowFilter.of(new RowFilter.Filename(RowFilter.Text.containing("' OR 1 = 1 --")));

        assertThat(dataset.nearest(new NearestQuery(Rows.vector(1), 10, true, filter))
                        .neighbors())
                .isEmpty();
        assertThat(dataset.nearestIn(dataset.state().version(), new NearestQuery(Rows.vector(1), 10, true, filter))
                        .neighbors())
                .isEmpty();
    }

    private List<String> walk(int page, IntConsumer between) {
        List<String> met = new ArrayList<>();
        @Nullable ListPosition after = null;
        while (true) {
            List<Picture> found = dataset.newest(after, page);
            assertThat(found).hasSizeLessThanOrEqualTo(page);
            if (found.isEmpty()) {
                return met;
            }
            found.forEach(picture -> met.add(picture.id()));
            after = ListPosition.of(found.get(found.size() - 1));
            between.accept(met.size());
        }
    }

    private static List<String> newestFirst(IntStream rows) {
        return rows.boxed()
                .sorted(Comparator.reverseOrder())
                .map(n -> Rows.id(n).toString())
                .toList();
    }

    @Test
    void listingHasTheNewestFirstWhereverTheirRowsAre() {
        add(0, 10);
        dataset.settled().join();
        dataset.remove(Rows.id(5)).join();
        dataset.hide(Rows.id(7));
        List<CompletableFuture<Boolean>> waiting =
                IntStream.range(10, 20).mapToObj(n -> dataset.add(Rows.row(n))).toList();
        List<String> shown = newestFirst(IntStream.range(0, 20).filter(n -> n != 5 && n != 7));

        assertThat(dataset.newest(null, 100)).extracting(Picture::id).isEqualTo(shown);
        assertThat(walk(3, n -> {})).isEqualTo(shown);
        Picture first = dataset.newest(null, 1).get(0);
        assertThat(first).isEqualTo(Picture.of(Rows.row(19)).at(store.address(first.id())));
        assertThat(dataset.find(Rows.id(19))).contains(first);
        assertThat(dataset.find(Rows.id(0)).orElseThrow().bytes()).isEqualTo(1000);
        assertThat(dataset.find(Rows.id(5))).isEmpty();
        assertThat(dataset.find(Rows.id(7))).isEmpty();
        assertThat(dataset.find(Rows.id(100))).isEmpty();

        waiting.forEach(CompletableFuture::join);
        dataset.settled().join();
        assertThat(dataset.newest(null, 100)).extracting(Picture::id).isEqualTo(shown);
        dataset.show(Rows.id(7));
        assertThat(dataset.find(Rows.id(7))).isPresent();
    }

    @Test
    void walkMeetsEachPictureOnceThatIsThereAllTheTimeWhileOthersComeAndGo() {
        add(0, 60);
        Random random = new Random(1);
        Set<Integer> gone = new HashSet<>();
        AtomicInteger next = new AtomicInteger(60);

        List<String> met = walk(7, n -> {
            // Old and new ones, since servers have different clocks.
            int late = next.getAndIncrement();
            CompletableFuture<Boolean> unused = dataset.add(new PictureRow(
                    Rows.id(late),
                    Rows.id(late).toString(),
                    Rows.vector(late),
                    1,
                    1,
                    1,
                    Rows.row(random.nextInt(60)).uploadedAt(),
                    null,
                    null,
                    List.of()));
            int away = random.nextInt(60);
            if (gone.add(away)) {
                dataset.remove(Rows.id(away)).join();
            }
        });

        assertThat(gone).isNotEmpty();
        assertThat(met)
                .doesNotHaveDuplicates()
                .containsSubsequence(newestFirst(IntStream.range(0, 60).filter(n -> !gone.contains(n))));
    }

    @Test
    void removedRowIsGoneForGood() {
        add(0, 20);

        assertThat(dataset.remove(Rows.id(7)).join()).isTrue();
        assertThat(dataset.remove(Rows.id(7)).join()).isFalse();

        assertThat(dataset.stateOf(Rows.id(7)).isShown()).isFalse();
        add(20, 30);
        reopen();
        assertThat(dataset.stateOf(Rows.id(7)).isShown()).isFalse();
        assertThat(dataset.state().committedRows()).isEqualTo(29);
        assertThat(dataset.nearest(Rows.vector(7), 100, true))
                .extracting(Neighbor::id)
                .hasSize(29)
                .doesNotContain(Rows.id(7).toString());
    }

    @Test
    void removedRowCanBeAddedAgain() {
        add(0, 3);
        dataset.remove(Rows.id(1)).join();

        assertThat(dataset.add(Rows.row(1)).join()).isTrue();

        reopen();
        assertThat(dataset.state().committedRows()).isEqualTo(3);
    }

    @Test
    void hiddenRowIsNotFoundAndTheNextOnesAreInItsPlace() {
        add(0, 10);

        dataset.hide(Rows.id(4));

        assertThat(dataset.stateOf(Rows.id(4)).isShown()).isFalse();
        assertThat(dataset.nearest(Rows.vector(4), 9, true))
                .extracting(Neighbor::id)
                .hasSize(9)
                .doesNotContain(Rows.id(4).toString());
        dataset.show(Rows.id(4));
        assertThat(dataset.nearest(Rows.vector(4), 1, true).get(0).id())
                .isEqualTo(Rows.id(4).toString());
    }

    @Test
    void describedRowIsFoundByTheIndexAsItIsNow() {
        add(0, 400);
        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        dataset.describe(Rows.id(7), notes(null, "during")).join();
        awaitIndex();

        dataset.describe(Rows.id(8), notes(null, "after")).join();

        dataset.settled().join();
        long version = dataset.state().version();
        for (int n : new int[] {7, 8}) {
            List<Neighbor> found = dataset.nearestIn(version, new NearestQuery(Rows.vector(n), 400, false))
                    .neighbors();
            assertThat(found)
                    .extracting(Neighbor::id)
                    .containsOnlyOnce(Rows.id(n).toString());
            assertThat(found.get(0).picture().caption()).isEqualTo(n == 7 ? "during" : "after");
        }
    }

    @Test
    void indexThatWasBuiltBeforeARemoveDoesNotBringTheRowBack() {
        add(0, 400);

        dataset.startIndexBuild(IndexKind.IVF_FLAT);
        dataset.remove(Rows.id(7)).join();
        awaitIndex();

        assertThat(dataset.nearest(Rows.vector(7), 400, false))
                .extracting(Neighbor::id)
                .doesNotContain(Rows.id(7).toString());
        assertThat(dataset.state().committedRows()).isEqualTo(399);
        reopen();
        assertThat(dataset.stateOf(Rows.id(7)).isShown()).isFalse();
    }

    @Test
    void removesOfAnotherServerAreLearned() {
        add(0, 10);
        try (ImageDataset other = ImageDataset.open(store, work(2), Rows.MODEL, Rows.AT_ONCE)) {
            other.remove(Rows.id(3)).join();
            other.add(Rows.row(10)).join();
        }

        dataset.refresh().join();

        assertThat(dataset.stateOf(Rows.id(3)).isShown()).isFalse();
        assertThat(dataset.stateOf(Rows.id(10)).isShown()).isTrue();
        assertThat(dataset.add(Rows.row(3)).join()).isTrue();
        assertThat(dataset.state().committedRows()).isEqualTo(11);
    }

    @Test
    void emptyTableHasNothingToIndex() {
        assertThatThrownBy(() -> dataset.startIndexBuild(IndexKind.IVF_FLAT)).isInstanceOf(EmptyTableException.class);
    }

    @Test
    void anotherModelMayNeitherWriteNorSearch() {
        add(0, 3);
        dataset.close();
        dataset = ImageDataset.open(store, work(1), new ModelStamp("other", "e".repeat(64), 512), Rows.AT_ONCE);

        assertThatThrownBy(() -> dataset.add(Rows.row(9)))
                .isInstanceOf(ModelMismatchException.class)
                .hasMessageContaining("test")
                .hasMessageContaining("other");
        assertThatThrownBy(() -> dataset.nearest(Rows.vector(1), 1, false)).isInstanceOf(ModelMismatchException.class);
        assertThat(dataset.state().problem()).contains("test", "other");
    }

    @Test
    void tableIsCreatedWithAllThatCannotBeChangedLater() {
        add(0, 1);
        String local = store.filesInPlace()
                .map(root -> root.resolve("vectors/images.lance"))
                .orElse(work(1).resolve("replica/vectors/images.lance"))
                .toString();

        try (Dataset lance = Dataset.open().uri(local).build()) {
            assertThat(lance.hasStableRowIds()).isTrue();
            assertThat(lance.getLanceFileFormatVersion()).isEqualTo("2.1");
            assertThat(lance.getLanceSchema().fields().get(0).isUnenforcedPrimaryKey())
                    .isTrue();
            assertThat(lance.getTableMetadata())
                    .containsAllEntriesOf(Map.of(
                            "glimpse.model.name", "test",
                            "glimpse.model.fingerprint", Rows.MODEL.fingerprint(),
                            "glimpse.model.dimension", "512"));
        }
        assertThat(store.list("vectors/images.lance/_versions/")).allMatch(key -> key.matches(".*/\\d{20}\\.manifest"));
    }

    @Test
    void smallFragmentsBecomeOneAndNoRowIsLostOrComesBack() {
        int rows = 2 * MergePolicy.MANY;
        for (int n = 0; n < rows; n++) {
            add(n, n + 1);
        }
        dataset.remove(Rows.id(3)).join();

        await().until(() -> dataset.state().fragments() < MergePolicy.MANY);

        add(100, 103);
        for (int round = 0; round < 2; round++) {
            assertThat(dataset.nearest(Rows.vector(0), 100, true))
                    .extracting(Neighbor::id)
                    .hasSize(rows - 1 + 3)
                    .doesNotHaveDuplicates()
                    .doesNotContain(Rows.id(3).toString());
            assertThat(dataset.nearest(Rows.vector(7), 1, false).get(0).id())
                    .isEqualTo(Rows.id(7).toString());
            assertThat(dataset.state().committedRows()).isEqualTo(rows - 1 + 3);
            reopen();
        }
    }

    @Test
    void indexIsBuiltByItselfFromSoManyRowsOnAndSaysHowMuchItFinds() {
        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.settings(Duration.ofSeconds(30), 300));
        add(0, 280);
        assertThat(dataset.state().indices()).isEmpty();

        add(280, 400);

        await().until(() -> !dataset.state().indices().isEmpty());
        TableState.IndexState index = dataset.state().indices().get(0);
        assertThat(index.type()).isEqualTo("IVF_HNSW_SQ");
        assertThat(index.metric()).isEqualTo("cosine");
        await().until(() -> dataset.state().search().indexRecall() != null);
        assertThat(dataset.state().search().indexRecall()).isBetween(0.95, 1.0);
        assertThat(dataset.state().search().recall()).isBetween(0.95, 1.0);
    }

    @Test
    void indexOfLargeTablesIsBuiltAndSaysHowMuchItFinds() {
        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, Rows.settings(Duration.ofSeconds(30), 300));
        add(0, 400);
        await().until(() -> dataset.state().search().indexRecall() != null);

        dataset.startIndexBuild(IndexKind.IVF_SQ);

        await().until(() -> dataset.indexJob().state() == IndexJob.State.DONE);
        assertThat(dataset.state().indices())
                .extracting(TableState.IndexState::type)
                .containsExactly("IVF_SQ");
        assertThat(dataset.state().search().indexRecall()).isBetween(0.95, 1.0);
    }

    @Test
    void whatWasMeasuredOfSearchesHoldsAfterARestart() throws IOException {
        TableSettings settings = Rows.settings(Duration.ofSeconds(30), 300);
        dataset.close();
        dataset = ImageDataset.open(store, work(1), Rows.MODEL, settings);
        add(0, 400);
        Path kept = work(1).resolve("recall.json");
        await().until(() -> Files.exists(kept));
        dataset.close();
        Files.writeString(kept, Files.readString(kept).replaceAll("\"candidates\":\\d+", "\"candidates\":333"));

        dataset = ImageDataset.open(store, work(1), Rows.MODEL, settings);

        await().until(() -> dataset.state().search().mode().equals("codes"));
        assertThat(dataset.state().search().candidates()).isEqualTo(333);
        assertThat(dataset.state().search().recall()).isBetween(0.95, 1.0);
    }
}

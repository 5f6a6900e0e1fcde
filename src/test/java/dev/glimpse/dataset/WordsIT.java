package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.glimpse.dataset.WordQuery.Match;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Words of rows that come, change and go. */
class WordsIT {
    @TempDir
    Path temporary;

    private ObjectStore store;
    private ImageDataset dataset;

    @BeforeEach
    void openTable() {
        store = TestStores.folder(temporary.resolve("data"));
        open();
    }

    private void open() {
        dataset = ImageDataset.open(store, temporary.resolve("data/.glimpse/1"), Rows.MODEL, Rows.PATIENT);
        dataset.settled().join();
    }

    @AfterEach
    void closeTable() {
        dataset.close();
        store.close();
    }

    @Test
    void rowIsFoundBeforeItIsCommittedAndAfterwardsAndAfterARestart() {
        add(row(1, "A red bike", "summer"));

        assertThat(dataset.state().committedRows()).isZero();
        assertThat(found("red bike")).containsExactly(Rows.id(1).toString());

        commit();

        assertThat(found("red bike")).containsExactly(Rows.id(1).toString());
        assertThat(found("summer")).containsExactly(Rows.id(1).toString());

        dataset.close();
        open();

        assertThat(found("red bike")).containsExactly(Rows.id(1).toString());
    }

    @Test
    void rowsInMemoryAndInTheTableAreRankedTogether() {
        add(row(1, "red", null));
        add(row(2, "red bike", null));
        commit();
        add(row(3, "bike, red, with much else that is said of it", null));
        add(row(4, "bike", null));

        assertThat(found("red bike"))
                .containsExactly(
                        Rows.id(2).toString(),
                        Rows.id(3).toString(),
                        Rows.id(4).toString(),
                        Rows.id(1).toString());
    }

    @Test
    void describedRowIsFoundByItsNewWordsAlone() {
        add(row(1, "red bike", null));
        add(row(2, "red bike", null));
        commit();

        dataset.describe(Rows.id(1), new RowNotes(null, "blue boat", List.of("harbour"), null))
                .join();
        dataset.settled().join();

        assertThat(found("bike")).containsExactly(Rows.id(2).toString());
        assertThat(found("blue")).containsExactly(Rows.id(1).toString());
        assertThat(found("harbour")).containsExactly(Rows.id(1).toString());
    }

    @Test
    void hiddenAndRemovedRowsAreNotFound() {
        add(row(1, "red bike", null));
        add(row(2, "red bike", null));
        commit();
        add(row(3, "red bike", null));

        dataset.hide(Rows.id(1));
        dataset.hide(Rows.id(3));
        assertThat(found("bike")).containsExactly(Rows.id(2).toString());

        dataset.show(Rows.id(1));
        assertThat(found("bike")).containsExactlyInAnyOrder(ids(1, 2));

        dataset.remove(Rows.id(1)).join();
        assertThat(found("bike")).containsExactly(Rows.id(2).toString());
        dataset.settled().join();
        assertThat(found("bike")).containsExactly(Rows.id(2).toString());
    }

    @Test
    void filterHoldsForRowsOfTheTableAndInMemory() {
        IntStream.range(0, 20).forEach(n -> add(row(n, "red bike", n % 2 == 0 ? "even" : "odd")));
        commit();
        IntStream.range(20, 40).forEach(n -> add(row(n, "red bike", n % 2 == 0 ? "even" : "odd")));

        List<String> even = ids(query("bike", 100, new RowFilter.AllTags(Set.of("even"))));

        assertThat(even)
                .containsExactlyInAnyOrder(
                        ids(IntStream.range(0, 40).filter(n -> n % 2 == 0).toArray()));
    }

    @Test
    void onlyTheBestAreFoundAndThoseOfEqualWordsTheNewestFirst() {
        IntStream.range(0, 30).forEach(n -> add(row(n, "bike", null)));
        commit();
        IntStream.range(30, 40).forEach(n -> add(row(n, "bike", null)));

        assertThat(ids(query("bike", 12, null)))
                .containsExactly(
                        ids(IntStream.rangeClosed(1, 12).map(n -> 40 - n).toArray()));
    }

    @Test
    void hitHasItsRowAndTheDistanceToTheQuery() {
        add(row(1, "red bike", "summer"));
        commit();
        add(row(2, "red bikes at night", null));

        List<WordHit> hits = dataset.words(query("red bike", 10, null)).hits();

        assertThat(hits).extracting(hit -> hit.picture().caption()).containsExactly("red bike", "red bikes at night");
        for (int i = 0; i < 2; i++) {
            assertThat(hits.get(i).distance())
                    .isCloseTo(dataset.nearest(Rows.vector(1), 10, true).get(i).distance(), within(1e-6));
        }
        assertThat(hits.get(0).picture().path())
                .isEqualTo(store.address(hits.get(0).id()));
    }

    private static String[] ids(int... numbers) {
        return IntStream.of(numbers).mapToObj(n -> Rows.id(n).toString()).toArray(String[]::new);
    }

    private void commit() {
        dataset.flush(Duration.ofMinutes(1));
        dataset.settled().join();
    }

    private void add(PictureRow row) {
        CompletableFuture<Boolean> unused = dataset.add(row);
    }

    private static PictureRow row(int n, String caption, @Nullable String tag) {
        PictureRow plain = Rows.row(n);
        return new PictureRow(
                plain.id(),
                plain.path(),
                plain.vector(),
                plain.bytes(),
                plain.width(),
                plain.height(),
                plain.uploadedAt(),
                null,
                caption,
                tag == null ? List.of() : List.of(tag));
    }

    private List<String> found(String text) {
        return ids(query(text, 10, null));
    }

    private List<String> ids(WordQuery query) {
        return dataset.words(query).hits().stream().map(WordHit::id).toList();
    }

    private static WordQuery query(String text, int k, RowFilter.@Nullable Condition filter) {
        return new WordQuery(
                List.of(text),
                List.of(),
                Match.ANY,
                Rows.vector(1),
                k,
                filter == null ? RowFilter.NONE : new RowFilter(List.of(filter)));
    }
}

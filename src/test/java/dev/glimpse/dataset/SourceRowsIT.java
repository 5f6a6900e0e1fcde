package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.SourceRows.Place;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.Rows;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows of pictures that lie under names of their own, beside rows of uploads. */
class SourceRowsIT {
    private static final Instant THEN = Instant.parse("2026-01-01T00:00:00Z");

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
    void placeIsKnownWhileTheRowWaitsAndAfterwardsAndAfterARestart() {
        add(Rows.row(1));
        add(at("photos/a.png", 2));

        assertThat(dataset.sourceRows().find(Rows.id(1))).isEmpty();
        assertThat(dataset.sourceRows().find(Rows.id(2))).contains(place("photos/a.png", 2));

        commit();

        assertThat(dataset.sourceRows().find(Rows.id(1))).isEmpty();
        assertThat(dataset.sourceRows().find(Rows.id(2))).contains(place("photos/a.png", 2));
        assertThat(places()).isEqualTo(Map.of(Rows.id(2).toString(), "photos/a.png"));

        dataset.close();
        open();

        assertThat(dataset.sourceRows().find(Rows.id(2))).contains(place("photos/a.png", 2));
        assertThat(places()).hasSize(1);
    }

    @Test
    void rowOfAnUploadDoesNotMove() {
        add(Rows.row(1));
        add(at("photos/a.png", 2));
        commit();

        int moved = dataset.sourceRows()
                .move(Map.of(Rows.id(1), place("photos/b.png", 1), Rows.id(2), place("photos/c.png", 2)), store)
                .join();

        assertThat(moved).isEqualTo(1);
        dataset.settled().join();
        assertThat(dataset.find(Rows.id(1)).orElseThrow().path())
                .isEqualTo(Rows.id(1).toString());
        assertThat(dataset.find(Rows.id(2)).orElseThrow().caption()).isEqualTo("said");
        assertThat(places()).isEqualTo(Map.of(Rows.id(2).toString(), "photos/c.png"));
        assertThat(dataset.state().committedRows()).isEqualTo(2);
    }

    @Test
    void rowsOfSourcesAloneAreRemoved() {
        String copied = "old/" + Rows.id(2);
        add(Rows.row(1));
        add(at(copied, 2));
        commit();

        Map<ImageId, RowNotes> rows = new HashMap<>();
        dataset.forEachRow(rows::put);
        assertThat(dataset.sourceRows()
                        .remove(Map.of(Rows.id(2), new RowNotes(null, "older", List.of(), null)))
                        .join())
                .as("something else is said of it by now")
                .isEmpty();
        assertThat(dataset.sourceRows().remove(rows).join()).containsExactly(Rows.id(2));

        dataset.settled().join();
        assertThat(dataset.find(Rows.id(1))).isPresent();
        assertThat(dataset.find(Rows.id(2))).isEmpty();
        assertThat(dataset.state().committedRows()).isEqualTo(1);
    }

    @Test
    void ofSeveralChangesOfWhatARowSaysNoneIsLost() {
        add(at("photos/a.png", 2));
        commit();

        List<CompletableFuture<RowChange>> changes = IntStream.range(0, 5)
                .mapToObj(i -> dataset.describe(Rows.id(2), before -> tagged(before, "tag" + i)))
                .toList();
        changes.forEach(CompletableFuture::join);
        CompletableFuture<RowChange> refused = dataset.describe(Rows.id(2), before -> {
            throw new IllegalArgumentException("too long");
        });
        assertThatThrownBy(refused::join).hasCauseInstanceOf(IllegalArgumentException.class);

        dataset.settled().join();
        assertThat(dataset.find(Rows.id(2)).orElseThrow().tags()).contains("tag0", "tag1", "tag2", "tag3", "tag4");
        assertThat(dataset.find(Rows.id(2)).orElseThrow().caption()).isEqualTo("said");
    }

    private static RowNotes tagged(RowNotes before, String tag) {
        List<String> tags = new ArrayList<>(before.tags());
        tags.add(tag);
        return new RowNotes(before.filename(), before.caption(), tags, null);
    }

    private Map<String, String> places() {
        Map<String, String> places = new HashMap<>();
        dataset.sourceRows().forEach((id, place) -> places.put(id.toString(), place.key()));
        return places;
    }

    private static Place place(String key, int n) {
        return new Place(key, Rows.row(n).bytes(), THEN);
    }

    private static PictureRow at(String path, int n) {
        PictureRow row = Rows.row(n);
        return new PictureRow(
                row.id(), path, row.vector(), row.bytes(), 1, 1, THEN, "a.png", "said", row.tags(), null, null);
    }

    private void add(PictureRow row) {
        CompletableFuture<Boolean> unused = dataset.add(row);
    }

    private void commit() {
        dataset.flush(Duration.ofSeconds(10));
        dataset.settled().join();
    }
}

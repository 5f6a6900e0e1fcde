package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.glimpse.dataset.ModelColumns.Batch;
import dev.glimpse.dataset.ModelColumns.Filling;
import dev.glimpse.image.Fingerprint;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.LanceDbClient;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.unit.DataSize;
import tools.jackson.databind.JsonNode;

/** A table that moves from one model to another, while rows come and go and servers are stopped at any moment. */
class ModelColumnsIT {
    private static final ModelStamp NEW = new ModelStamp("new", "e".repeat(64), 48);
    private static final TableSettings SETTINGS = Rows.settings(Duration.ofMillis(100), 10_000);

    @TempDir
    Path work;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final long seed = Long.getLong("seed", 2026);
    private final Random random = new Random(seed);

    /** What the table should have, by number. */
    private final Set<Integer> there = new HashSet<>();

    @AfterEach
    void stopBucket() {
        store.close();
        bucket.close();
    }

    @Test
    void aTableMovesToAnotherModelBesideUploadsAndDeletesAndAfterStops() {
        ImageDataset server = open("one", true);
        add(server, 900, false);
        LanceDbClient other = LanceDbClient.start().open(bucket);
        assertReads(other);
        server.models().change(models -> models.with(VectorColumn.added(NEW)));
        assertReads(other);
        assertThat(server.state().columns()).containsKey(column().name());
        assertThat(server.models().filling(column()).left()).isEqualTo(900);

        int batches = 0;
        Filling filling = server.models().filling(column());
        for (Optional<Batch> next = filling.next(id -> true); next.isPresent(); next = filling.next(id -> true)) {
            Batch batch = next.get();
            assertThat(batch.ids()).hasSizeLessThanOrEqualTo(256);
            switch (random.nextInt(4)) {
                case 0 -> add(server, 3, true);
                case 1 -> add(server, 3, false);
                case 2 -> remove(server, 5, batch.ids());
                default ->
                    server.describe(batch.ids().get(0), new RowNotes(null, "said", List.of(), null))
                            .join();
            }
            try {
                server.models().fill(batch, vectors(batch.ids()));
            } catch (OutdatedException e) {
                // The fragment was merged meanwhile. Its rows are in a later batch.
                continue;
            }
            batches++;
            assertReads(other);
            if (random.nextInt(3) == 0) {
                // A stop: what was committed is not lost, and what was not is found again.
                server.close();
                server = open("one", true);
                filling = server.models().filling(column());
            }
        }
        assertThat(batches).as("seed %d", seed).isGreaterThan(3);
        assertThat(server.models().filling(column()).left()).isZero();
        server.settled().join();
        assertFinds(server, Rows.MODEL);
        assertFinds(server, NEW);
        other.run("openTable");
        for (JsonNode row : other.run("rows", "select", List.of("id", column().name()))) {
            int n = numbers.getOrDefault(ImageId.parse(row.get("id").asString()).orElseThrow(), -1);
            float[] expected = vector(NEW, n).toArray();
            JsonNode vector = row.get(column().name());
            assertThat(vector).hasSize(expected.length);
            assertThat(vector.get(7).asDouble()).isEqualTo(expected[7], within(1e-6));
        }
        server.models().change(TableModels::switched);
        server.models().change(models -> models.with(null));
        assertReads(other);
        other.close();
        server.close();
    }

    @Test
    void aModelWhoseVectorsMakeTheTableTooLargeForTheLocalCopyHasNoRoom() {
        TableSettings small = new TableSettings(
                SETTINGS.commit(),
                new ReplicaProperties(DataSize.ofMegabytes(5), Duration.ofMillis(100)),
                SETTINGS.maintenance());
        ImageDataset server = ImageDataset.open(store, work.resolve("one"), Rows.MODEL, small);
        add(server, 900, false);

        // 900 rows with 48 and with 4,096 values of four bytes
        assertThat(server.models().isRoomFor(NEW)).isTrue();
        assertThat(server.models().isRoomFor(new ModelStamp("wide", "d".repeat(64), 4_096)))
                .isFalse();

        server.close();
    }

    /** Another client finds what should be there, in the newest version. */
    private void assertReads(LanceDbClient other) {
        other.run("openTable");
        Set<String> ids = new HashSet<>();
        other.run("rows", "select", List.of("id"))
                .forEach(row -> ids.add(row.get("id").asString()));
        assertThat(ids)
                .as("seed %d", seed)
                .isEqualTo(there.stream().map(n -> Rows.id(n).toString()).collect(Collectors.toSet()));
    }

    @Test
    void serversSwitchTogetherAndOneThatLacksTheModelGoesOnWithTheOldOne() {
        ImageDataset has = open("one", true);
        ImageDataset lacks = open("two", false);
        add(has, 300, false);
        has.models().change(models -> models.with(VectorColumn.added(NEW)));
        fill(has);
        assertGroups(has);

        has.models().change(TableModels::switched);
        lacks.refresh().join();
        lacks.settled().join();

        assertThat(has.models().served()).contains(column());
        assertThat(lacks.models().models().map(TableModels::active)).contains(column());
        assertThat(lacks.models().served().map(VectorColumn::model)).contains(Rows.MODEL);
        assertFinds(has, NEW);
        assertFinds(has, Rows.MODEL);
        assertFinds(lacks, Rows.MODEL);

        add(lacks, 20, false);
        has.refresh().join();
        has.settled().join();
        assertThat(has.models().filling(column()).left()).isEqualTo(20);
        fill(has);
        assertFinds(has, NEW);
        assertFinds(has, null);

        // Back, as long as the old column is there.
        has.models().change(TableModels::switched);
        assertThat(has.models().served().map(VectorColumn::model)).contains(Rows.MODEL);
        assertFinds(has, Rows.MODEL);
        assertGroups(has);
        has.models().change(TableModels::switched);
        assertGroups(has);

        has.models().change(models -> models.with(null));
        lacks.refresh().join();
        assertThat(has.state().columns()).containsKey(column().name()).doesNotContainKey(VectorColumn.FIRST);
        assertFinds(has, NEW);
        add(has, 10, true);
        assertFinds(has, NEW);
        assertThatThrownBy(() -> lacks.nearest(Rows.vector(1), 1, true)).isInstanceOf(ModelMismatchException.class);
        assertThatThrownBy(() -> lacks.add(Rows.row(5_000))).isInstanceOf(ModelMismatchException.class);
        has.close();
        lacks.close();
    }

    @Test
    void aFillIsDoneOnceMoreIfItsFragmentIsMergedMeanwhile() {
        ImageDataset server = open("one", true);
        for (int i = 0; i < 4; i++) {
            add(server, 10, false);
        }
        server.models().change(models -> models.with(VectorColumn.added(NEW)));
        Batch batch = server.models().filling(column()).next(id -> true).orElseThrow();
        remove(server, 10, batch.ids());

        assertThatThrownBy(() -> server.models().fill(batch, vectors(batch.ids())))
                .isInstanceOf(OutdatedException.class);
        fill(server);

        assertFinds(server, NEW);
        server.close();
    }

    @Test
    void aModelThatIsGivenUpLeavesTheTableAsItWas() {
        ImageDataset server = open("one", true);
        add(server, 30, false);
        Map<String, String> before = server.state().columns();
        server.models().change(models -> models.with(VectorColumn.added(NEW)));
        assertThat(server.nearest(query(NEW, 0, 5)).neighbors())
                .as("no row has a vector yet")
                .isEmpty();
        fill(server);
        server.models().change(models -> models.with(null));

        assertThat(server.state().columns()).isEqualTo(before);
        assertFinds(server, Rows.MODEL);
        assertThatThrownBy(() -> server.nearest(query(NEW, 0, 1))).isInstanceOf(TableBusyException.class);
        server.close();
    }

    private static VectorColumn column() {
        return VectorColumn.added(NEW);
    }

    private ImageDataset open(String name, boolean hasNew) {
        ImageDataset dataset = ImageDataset.open(store, work.resolve(name), Rows.MODEL, SETTINGS);
        dataset.models().set(NEW.fingerprint(), hasNew);
        dataset.settled().join();
        return dataset;
    }

    private void fill(ImageDataset server) {
        Filling filling = server.models().filling(column());
        for (Optional<Batch> next = filling.next(id -> true); next.isPresent(); next = filling.next(id -> true)) {
            server.models().fill(next.get(), vectors(next.get().ids()));
        }
        // Searches may be one version behind.
        server.settled().join();
    }

    private void add(ImageDataset server, int count, boolean both) {
        List<CompletableFuture<Boolean>> committed = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int n = numbers.size();
            numbers.put(Rows.id(n), n);
            there.add(n);
            PictureRow row = Rows.row(n);
            committed.add(server.add(new PictureRow(
                    row.id(),
                    row.path(),
                    row.vector(),
                    row.bytes(),
                    row.width(),
                    row.height(),
                    row.uploadedAt(),
                    row.filename(),
                    row.caption(),
                    row.tags(),
                    null,
                    // Two of a kind.
                    new Fingerprint(n / 2, n / 2 * 0x9E3779B97F4A7C15L),
                    Rows.MODEL.fingerprint(),
                    both ? Map.of(NEW.fingerprint(), vector(NEW, n)) : Map.of())));
        }
        committed.forEach(row -> assertThat(row.join()).isTrue());
    }

    private void remove(ImageDataset server, int count, List<ImageId> among) {
        among.stream().limit(count).forEach(id -> {
            assertThat(server.remove(id).join()).isTrue();
            there.remove(numbers.get(id));
        });
    }

    /** All pictures of a kind are found, also those that came while another model served. */
    private void assertGroups(ImageDataset server) {
        long kinds =
                there.stream().filter(n -> n % 2 == 0 && there.contains(n + 1)).count();
        await().ignoreException(TableBusyException.class).untilAsserted(() -> {
            DuplicateGroups groups = server.duplicates(null, null, 1000, pictures -> true, true);
            assertThat(groups.groups()).as("seed %d", seed).hasSize((int) kinds);
            assertThat(groups.complete()).isTrue();
        });
    }

    private final Map<ImageId, Integer> numbers = new HashMap<>();

    private Map<ImageId, Embedding> vectors(List<ImageId> ids) {
        Map<ImageId, Embedding> vectors = new HashMap<>();
        ids.forEach(id -> vectors.put(id, vector(NEW, numbers.getOrDefault(id, 0))));
        return vectors;
    }

    private static Embedding vector(ModelStamp model, int n) {
        if (model.equals(Rows.MODEL)) {
            return Rows.vector(n);
        }
        Random values = new Random(1_000_000 + n);
        float[] vector = new float[model.dimension()];
        for (int i = 0; i < vector.length; i++) {
            vector[i] = (float) values.nextGaussian();
        }
        return Embedding.ofDirection(vector);
    }

    private static NearestQuery query(ModelStamp model, int n, int k) {
        return new NearestQuery(vector(model, n), k, false).of(model.fingerprint());
    }

    /** @param model null for the new one, without saying so */
    private void assertFinds(ImageDataset server, @Nullable ModelStamp model) {
        ModelStamp made = model == null ? NEW : model;
        for (int n : List.of(0, 7, 100_000)) {
            NearestQuery query = query(made, n, 25);
            Embedding vector = query.vector();
            List<String> expected = there.stream()
                    .sorted(Comparator.comparingDouble(row -> 1 - vector.cosine(vector(made, row))))
                    .limit(25)
                    .map(row -> Rows.id(row).toString())
                    .toList();
            assertThat(server.nearest(model == null ? query.of(null) : query).neighbors())
                    .as("seed %d, %s", seed, made.name())
                    .extracting(Neighbor::id)
                    .containsExactlyElementsOf(expected);
        }
    }
}

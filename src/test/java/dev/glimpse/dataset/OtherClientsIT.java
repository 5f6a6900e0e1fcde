package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.upkeep.MergePolicy;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.LanceDbClient;
import dev.glimpse.testing.Rows;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a table in which LanceDB's own client works beside us. */
class OtherClientsIT {
    private static final TableSettings SEES_AT_ONCE = Rows.settings(Duration.ofMillis(100), 10_000);

    /** Commits on what it knew at its start, until it loses. */
    private static final TableSettings SEES_LATE = Rows.settings(Duration.ofSeconds(30), 10_000);

    private static LanceDbClient client;

    @TempDir
    Path temporary;

    private final TestBucket bucket = TestBucket.start();
    private final ObjectStore store = bucket.open();
    private final List<ImageDataset> opened = new ArrayList<>();

    @BeforeAll
    static void startClient() {
        client = LanceDbClient.start();
    }

    @AfterAll
    static void stopClient() {
        if (client != null) {
            client.close();
        }
    }

    /** Closing the allocator fails if anything of Arrow leaks. */
    @AfterEach
    void closeTable() {
        opened.forEach(ImageDataset::close);
        store.close();
        bucket.close();
    }

    private ImageDataset open(ObjectStore where, TableSettings settings) {
        Path work = temporary.resolve("work/" + opened.size());
        ImageDataset dataset = ImageDataset.open(where, work, Rows.MODEL, settings, Rows.alert(Duration.ofMinutes(1)));
        opened.add(dataset);
        return dataset;
    }

    /** Searches are refused for a moment when another client has removed the version that is served: the table is opened anew. */
    private static ConditionFactory await() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).ignoreException(TableUnavailableException.class);
    }

    private static void add(ImageDataset dataset, int from, int to) {
        IntStream.range(from, to)
                .mapToObj(n -> dataset.add(Rows.row(n)))
                .toList()
                .forEach(OtherClientsIT::committed);
    }

    private static boolean committed(CompletableFuture<Boolean> added) {
        return added.orTimeout(1, TimeUnit.MINUTES).join();
    }

    /** A row that gives an id and a vector alone. */
    private static Map<String, Object> foreign(String id, float @Nullable [] vector) {
        Map<String, Object> row = new HashMap<>();
        row.put("id", id);
        row.put("vector", vector);
        return row;
    }

    private static void addForeign(String id, float @Nullable [] vector) {
        client.run("add", "rows", List.of(foreign(id, vector)));
    }

    private static float[] vector(int n) {
        return Rows.vector(n).toArray();
    }

    private static float[] times(double factor, float[] vector) {
        float[] scaled = vector.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= (float) factor;
        }
        return scaled;
    }

    private static String id(int n) {
        return Rows.id(n).toString();
    }

    private static String where(int n) {
        return "id = '" + id(n) + "'";
    }

    private static long count(int n) {
        return client.run("count", "where", where(n)).asLong();
    }

    private static List<String> idsOfTheTable() {
        List<String> ids = new ArrayList<>();
        client.run("rows", "select", List.of("id"))
                .forEach(row -> ids.add(row.get("id").asString()));
        return ids;
    }

    private static List<String> found(ImageDataset dataset, boolean exact) {
        return dataset.nearest(Rows.vector(-1), 1000, exact).stream()
                .map(Neighbor::id)
                .toList();
    }

    private static Neighbor nearest(ImageDataset dataset, int n) {
        return dataset.nearest(Rows.vector(n), 1, true).get(0);
    }

    /** What a search shows of this row. */
    private static Picture shown(ImageDataset dataset, String id) {
        return dataset.nearest(Rows.vector(-1), 1000, true).stream()
                .map(Neighbor::picture)
                .filter(picture -> picture.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitVersion(ImageDataset dataset) {
        long version = client.run("version").asLong();
        await().until(() -> dataset.state().version() >= version);
        dataset.refresh().join();
    }

    /** In a table of ours in the bucket. */
    @Nested
    class OurTable {
        private ImageDataset dataset;

        @BeforeEach
        void openTable() {
            dataset = open(store, SEES_AT_ONCE);
            add(dataset, 0, 3);
            client.open(bucket);
        }

        // ---- which pictures have a row

        @Test
        void rowsOfOthersDoNotHideThatOneWasDeleted() {
            ImageDataset late = open(store, SEES_LATE);
            client.run("delete", "where", where(1));
            addForeign("foreign-1", vector(101));
            late.refresh().join();

            assertThat(late.stateOf(Rows.id(1)).isShown()).isFalse();
            assertThat(committed(late.add(Rows.row(1)))).isTrue();
            assertThat(count(1)).isEqualTo(1);
        }

        @Test
        void deleteThatACommitOfOursMeetsIsLearned() {
            ImageDataset late = open(store, SEES_LATE);
            addForeign("foreign-1", vector(101));
            client.run("delete", "where", where(1));

            committed(late.add(Rows.row(5)));
            assertThat(committed(late.add(Rows.row(1)))).isTrue();

            assertThat(count(1)).isEqualTo(1);
            assertThat(count(5)).isEqualTo(1);
        }

        @Test
        void rowThatAnotherClientAddedTwiceDoesNotHideThatOneWasDeleted() {
            ImageDataset late = open(store, SEES_LATE);
            addForeign(id(2), vector(2));
            client.run("delete", "where", where(1));
            late.refresh().join();

            assertThat(late.stateOf(Rows.id(1)).isShown()).isFalse();
            assertThat(late.stateOf(Rows.id(2)).isShown()).isTrue();
            assertThat(committed(late.add(Rows.row(1)))).isTrue();
        }

        @Test
        void rowThatGotAnotherIdIsNotOursAnyMore() {
            ImageDataset late = open(store, SEES_LATE);
            client.run("update", "where", where(1), "values", Map.of("id", id(7)));
            addForeign("foreign-1", vector(101));
            late.refresh().join();

            assertThat(late.stateOf(Rows.id(1)).isShown()).isFalse();
            assertThat(late.stateOf(Rows.id(7)).isShown()).isTrue();
            assertThat(committed(late.add(Rows.row(7)))).isFalse();
            assertThat(committed(late.add(Rows.row(1)))).isTrue();
        }

        @Test
        void pictureThatAnotherClientAddedIsNotAddedAgain() {
            ImageDataset late = open(store, SEES_LATE);
            addForeign(id(8), vector(8));

            assertThat(committed(late.add(Rows.row(8)))).isFalse();

            assertThat(count(8)).isEqualTo(1);
        }

        @Test
        void restoredVersionBringsRowsBack() {
            long before = client.run("version").asLong();
            client.run("delete", "where", where(1));
            awaitVersion(dataset);
            assertThat(dataset.stateOf(Rows.id(1)).isShown()).isFalse();

            client.run("restore", "version", before);
            awaitVersion(dataset);

            await().until(() -> found(dataset, true).size() == 3);

            assertThat(dataset.stateOf(Rows.id(1)).isShown()).isTrue();
            assertThat(committed(dataset.add(Rows.row(1)))).isFalse();
            assertThat(count(1)).isEqualTo(1);
        }

        @Test
        void rowThatARestoreTookAwayIsNotFoundAndNewOnesAre() {
            long before = client.run("version").asLong();
            addForeign("foreign-1", vector(101));
            await().until(() -> found(dataset, true).contains("foreign-1"));

            client.run("restore", "version", before);
            addForeign("foreign-2", vector(102));

            await().until(() -> found(dataset, true).contains("foreign-2"));
            assertThat(nearest(dataset, 102).id()).isEqualTo("foreign-2");
            assertThat(found(dataset, true)).hasSize(4).doesNotContain("foreign-1");
        }

        // ---- vectors

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void rowsAreRankedByTheDirectionOfTheirVectorsAlone(boolean exact) {
            List<Map<String, Object>> rows = new ArrayList<>();
            double[] lengths = {3, 0.5, 1, 1e-3, 100};
            for (int n = 100; n < 130; n++) {
                rows.add(foreign("foreign-" + n, times(lengths[n % lengths.length], vector(n))));
            }
            client.run("add", "rows", rows);
            Embedding query = Rows.vector(-7);
            List<String> expected = IntStream.range(100, 130)
                    .boxed()
                    .sorted(Comparator.comparingDouble(n -> -query.cosine(Rows.vector(n))))
                    .map(n -> "foreign-" + n)
                    .toList();
            await().until(() -> found(dataset, exact).size() == 33);

            List<Neighbor> found = dataset.nearest(query, 33, exact);

            assertThat(found)
                    .extracting(Neighbor::id)
                    .filteredOn(id -> id.startsWith("foreign"))
                    .isEqualTo(expected);
            assertThat(found)
                    .allSatisfy(neighbor -> assertThat(neighbor.distance()).isBetween(0.0, 2.0));
            assertThat(dataset.nearest(Rows.vector(100), 1, exact).get(0).distance())
                    .isBetween(0.0, 1e-5);
        }

        @ParameterizedTest
        @ValueSource(booleans = {false, true})
        void rowWithoutADirectionIsLeftOutAndCountedAndHoldsUpNothing(boolean zero) {
            addForeign("no-vector", zero ? new float[512] : null);
            addForeign("foreign-1", vector(101));

            await().until(() -> nearest(dataset, 101).id().equals("foreign-1"));

            assertThat(found(dataset, false)).hasSize(4).doesNotContain("no-vector");
            assertThat(dataset.state().committedRows()).isEqualTo(5);
            assertThat(dataset.state().skippedRows()).isEqualTo(1);
            assertThat(committed(dataset.add(Rows.row(9)))).isTrue();
        }

        @Test
        void rowThatGetsItsVectorLaterIsFoundFromThenOn() {
            addForeign("foreign-1", null);
            awaitVersion(dataset);
            await().until(() -> dataset.state().skippedRows() == 1);

            client.run("update", "where", "id = 'foreign-1'", "values", Map.of("vector", vector(101)));

            await().until(() -> nearest(dataset, 101).id().equals("foreign-1"));
            assertThat(dataset.state().skippedRows()).isZero();
        }

        @Test
        void rowThatLosesItsVectorIsNotFoundAnyMore() {
            Map<String, Object> row = foreign(id(1), null);
            client.run("mergeInsert", "columns", List.of("id", "vector"), "rows", List.of(row));

            await().until(() -> !found(dataset, true).contains(id(1)));

            assertThat(dataset.stateOf(Rows.id(1)).isShown()).isTrue();
            assertThat(committed(dataset.add(Rows.row(1)))).isFalse();
        }

        // ---- updates

        @Test
        void updateIsSeen() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run("update", "where", where(1), "values", Map.of("caption", "a hello"));

            await().until(() -> "a hello".equals(shown(dataset, id(1)).caption()));
            assertThat(found(dataset, true)).hasSize(3);
        }

        @Test
        void updateOfAVectorIsSeen() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run("update", "where", where(1), "values", Map.of("vector", vector(101)));

            await().until(() -> nearest(dataset, 101).id().equals(id(1)));
            assertThat(nearest(dataset, 101).distance()).isBetween(0.0, 1e-5);
            assertThat(nearest(dataset, 1).distance()).isGreaterThan(0.5);
            assertThat(found(dataset, false)).hasSize(3);
        }

        @Test
        void mergeInsertIsSeenAlsoAfterACompaction() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run(
                    "mergeInsert",
                    "columns",
                    List.of("id", "vector", "caption"),
                    "rows",
                    List.of(
                            Map.of("id", id(1), "vector", vector(101), "caption", "merged"),
                            Map.of("id", id(8), "vector", vector(8), "caption", "new")));
            client.run("optimize");

            await().until(() -> nearest(dataset, 101).id().equals(id(1)));
            assertThat(nearest(dataset, 101).picture().caption()).isEqualTo("merged");
            await().until(() -> "new".equals(nearest(dataset, 8).picture().caption()));
            assertThat(nearest(dataset, 1).distance()).isGreaterThan(0.5);
            assertThat(found(dataset, true)).hasSize(4).doesNotHaveDuplicates();
            assertThat(dataset.stateOf(Rows.id(8)).isShown()).isTrue();
        }

        @Test
        void rowThatIsDeletedAndAddedAgainByOthersIsShownAsItIsNow() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run("delete", "where", where(1));
            addForeign(id(1), vector(101));

            await().until(() -> nearest(dataset, 101).id().equals(id(1)));
            assertThat(shown(dataset, id(1)).contentType()).isNull();
            assertThat(found(dataset, true)).hasSize(3).doesNotHaveDuplicates();
        }

        @Test
        void whatADroppedColumnSaidIsNotShownAnyMore() {
            await().until(() -> found(dataset, true).size() == 3);
            assertThat(shown(dataset, id(2)).filename()).isEqualTo("picture 2.png");

            client.run("dropColumns", "columns", List.of("filename"));

            await().until(() -> shown(dataset, id(2)).filename() == null);
            assertThat(found(dataset, true)).hasSize(3);
        }

        // ---- columns

        @ParameterizedTest
        @ValueSource(strings = {"cast(null as string)", "bytes * 2", "arrow_cast(null, 'FixedSizeList(4, Float32)')"})
        void rowsAreAddedWithNullInAColumnOfOthers(String value) {
            client.run("addColumns", "columns", Map.of("note", value));

            assertThat(committed(dataset.add(Rows.row(5)))).isTrue();
            add(dataset, 6, 9);

            assertThat(client.run("count", "where", "id IS NOT NULL AND note IS NULL")
                            .asLong())
                    .isGreaterThanOrEqualTo(4);
            awaitVersion(dataset);
            assertThat(dataset.state().problem()).isNull();
            assertThat(dataset.state().columns()).containsKey("note");
            assertThat(found(dataset, true)).hasSize(7).doesNotHaveDuplicates();
            assertThat(shown(dataset, id(5)).bytes()).isEqualTo(1005);
        }

        @Test
        void rowThatIsDescribedKeepsWhatAColumnOfOthersSays() {
            client.run("addColumns", "columns", Map.of("note", "concat(path, '!')", "number", "bytes * 2"));

            RowNotes said = new RowNotes(null, "said", List.of("tag"), null);
            assertThat(dataset.describe(Rows.id(1), said).join()).isEqualTo(RowChange.CHANGED);

            String row = "id = '" + id(1) + "' AND caption = 'said' AND ";
            assertThat(client.run("count", "where", row + "note = concat(path, '!') AND number = bytes * 2")
                            .asLong())
                    .isEqualTo(1);
            assertThat(client.run("count", "where", "id = '" + id(1) + "'").asLong())
                    .isEqualTo(1);
            await().until(() -> "said".equals(shown(dataset, id(1)).caption()));
        }

        @Test
        void rowsThatWaitWhenAColumnComesAreCommitted() {
            // The column comes without a data file.
            bucket.fault(
                    TestBucket.Fault.SERVICE_UNAVAILABLE,
                    Integer.MAX_VALUE,
                    (method, key) -> method.equals("PUT") && key.contains("/data/"));
            CompletableFuture<Boolean> waiting = dataset.add(Rows.row(5));
            client.run("addColumns", "columns", Map.of("note", "cast(null as string)"));
            bucket.clearFaults();

            assertThat(committed(waiting)).isTrue();
            assertThat(committed(dataset.add(Rows.row(6)))).isTrue();

            assertThat(count(5)).isEqualTo(1);
            assertThat(count(6)).isEqualTo(1);
        }

        @Test
        void fragmentsWithAndWithoutAColumnOfOthersAreMerged() {
            for (int n = 3; n < MergePolicy.MANY; n++) {
                add(dataset, n, n + 1);
            }
            client.run("addColumns", "columns", Map.of("note", "concat(path, '!')"));
            for (int n = MergePolicy.MANY; n < 2 * MergePolicy.MANY; n++) {
                add(dataset, n, n + 1);
            }

            Awaitility.await().until(() -> dataset.state().fragments() < MergePolicy.MANY);

            assertThat(client.run("count", "where", "note IS NOT NULL").asLong())
                    .isGreaterThanOrEqualTo(3);
            assertThat(idsOfTheTable()).hasSize(2 * MergePolicy.MANY).doesNotHaveDuplicates();
            await().until(() -> found(dataset, true).size() == 2 * MergePolicy.MANY);
        }

        @Test
        void columnThatMustHaveAValueStopsUploadsAtOnceUntilItIsGone() {
            client.run("addColumns", "columns", Map.of("note", "'x'"));

            await().until(() -> dataset.state().problem() != null);
            assertThat(dataset.state().problem()).contains("note");
            assertThatThrownBy(() -> dataset.add(Rows.row(5))).hasMessageContaining("note");
            assertThatThrownBy(dataset::requireWritable).hasMessageContaining("note");
            assertThat(nearest(dataset, 1).id()).isEqualTo(id(1));

            client.run("dropColumns", "columns", List.of("note"));

            await().until(() -> dataset.state().problem() == null);
            assertThat(committed(dataset.add(Rows.row(5)))).isTrue();
        }

        @Test
        void rowsThatWereTakenBeforeSuchAColumnWaitUntilItIsGone() {
            ImageDataset late = open(store, SEES_LATE);
            client.run("addColumns", "columns", Map.of("note", "'x'"));
            CompletableFuture<Boolean> waiting = late.add(Rows.row(5));

            await().until(() -> late.state().problem() != null);
            assertThatThrownBy(() -> late.add(Rows.row(6))).hasMessageContaining("note");
            assertThat(waiting).isNotDone();
            assertThat(late.stateOf(Rows.id(5)).isShown()).isTrue();

            client.run("dropColumns", "columns", List.of("note"));
            late.refresh().join();

            assertThat(committed(waiting)).isTrue();
            assertThat(count(5)).isEqualTo(1);
        }

        @ParameterizedTest
        @ValueSource(strings = {"width", "caption", "vector", "id"})
        void columnThatIsDroppedStopsUploadsAtOnce(String column) {
            await().until(() -> found(dataset, true).size() == 3);

            client.run("dropColumns", "columns", List.of(column));

            await().until(() -> dataset.state().problem() != null);
            assertThat(dataset.state().problem()).contains(column);
            assertThatThrownBy(() -> dataset.add(Rows.row(5))).hasMessageContaining(column);
        }

        @Test
        void tableWithoutOneOfOurColumnsIsSearchedAlsoAfterAStart() {
            client.run("dropColumns", "columns", List.of("width"));

            ImageDataset other = open(store, SEES_AT_ONCE);

            assertThat(other.state().problem()).contains("width");
            assertThat(nearest(other, 1).id()).isEqualTo(id(1));
            assertThat(nearest(other, 1).picture().width()).isNull();
        }

        @Test
        void columnOfAnotherTypeStopsUploadsAtOnce() {
            client.run("alterColumns", "changes", List.of(Map.of("path", "width", "dataType", "int64")));

            await().until(() -> dataset.state().problem() != null);
            assertThat(dataset.state().problem()).contains("width");
            assertThatThrownBy(() -> dataset.add(Rows.row(5))).hasMessageContaining("width");
            assertThat(shown(dataset, id(1)).width()).isEqualTo(640);
        }

        @Test
        void columnsInAnotherOrderAreFilled() {
            client.run("dropColumns", "columns", List.of("caption"));
            client.run("addColumns", "columns", Map.of("caption", "cast(null as string)"));

            await().until(() ->
                    client.run("version").asLong() == dataset.state().version());
            assertThat(committed(dataset.add(Rows.row(5)))).isTrue();

            assertThat(dataset.state().problem()).isNull();
            assertThat(shown(dataset, id(5)).filename()).isNull();
            assertThat(shown(dataset, id(5)).tags()).containsExactly("n5", "test");
        }

        // ---- compaction, cleanup, indexes, deletes

        @Test
        void nothingIsLostAndNothingTwiceWhileAnotherClientDoesItsUpkeep() {
            Set<String> expected = new TreeSet<>(Set.of(id(0), id(1), id(2)));
            List<CompletableFuture<Boolean>> added = new ArrayList<>();
            List<CompletableFuture<?>> theirs = new ArrayList<>();
            for (int round = 0; round < 4; round++) {
                for (int n = 10 * round + 10; n < 10 * round + 20; n++) {
                    added.add(dataset.add(Rows.row(n)));
                    expected.add(id(n));
                }
                theirs.add(client.begin("add", "rows", List.of(foreign("foreign-" + round, vector(1000 + round)))));
                expected.add("foreign-" + round);
                theirs.add(client.begin("optimize"));
                theirs.add(client.begin("update", "where", where(1), "values", Map.of("caption", "round " + round)));
                switch (round) {
                    case 1 ->
                        theirs.add(client.begin(
                                "createIndex", "options", Map.of("numPartitions", 1, "distanceType", "cosine")));
                    case 2 -> theirs.add(client.begin("delete", "where", where(0)));
                    case 3 -> theirs.add(client.begin("dropIndex", "name", "vector_idx"));
                    default -> {}
                }
                theirs.get(theirs.size() - 2).join();
            }
            expected.remove(id(0));
            theirs.forEach(CompletableFuture::join);

            assertThat(added).allMatch(OtherClientsIT::committed);

            assertThat(idsOfTheTable()).containsExactlyInAnyOrderElementsOf(expected);
            awaitVersion(dataset);
            await().until(() -> Set.copyOf(found(dataset, false)).equals(expected));
            assertThat(found(dataset, true)).doesNotHaveDuplicates();
            await().until(() -> "round 3".equals(shown(dataset, id(1)).caption()));
            assertThat(dataset.stateOf(Rows.id(0)).isShown()).isFalse();
            ImageDataset other = open(store, SEES_AT_ONCE);
            assertThat(found(other, true)).containsExactlyInAnyOrderElementsOf(expected);
        }

        @Test
        void commitOnAVersionThatAnotherClientHasRemovedIsNotLost() {
            ImageDataset late = open(store, SEES_LATE);
            addForeign("foreign-1", vector(101));
            client.run("optimize", "all", true);
            store.putIfAbsent(id(5), new byte[] {1}, "image/png", Map.of());

            assertThat(committed(late.add(Rows.row(5)))).isTrue();

            assertThat(count(5)).isEqualTo(1);
            assertThat(idsOfTheTable()).hasSize(5).doesNotHaveDuplicates();
            await().until(() -> found(dataset, true).contains(id(5)));
        }

        @Test
        void removeOnAVersionThatAnotherClientHasRemovedIsDone() {
            ImageDataset late = open(store, SEES_LATE);
            addForeign("foreign-1", vector(101));
            client.run("optimize", "all", true);

            assertThat(late.remove(Rows.id(1)).join()).isTrue();

            assertThat(count(1)).isZero();
            assertThat(idsOfTheTable()).hasSize(3);
        }

        @Test
        void filesOfAVersionThatIsServedMayGo() {
            ImageDataset late = open(store, SEES_LATE);
            await().until(() -> found(late, true).size() == 3);
            addForeign("foreign-1", vector(101));
            client.run("optimize", "all", true);

            assertThat(found(late, true)).hasSize(3);
            late.refresh().join();
            await().until(() -> found(late, true).size() == 4);
        }

        @Test
        void indexOfAnotherClientIsNoHindrance() {
            add(dataset, 3, 60);
            client.run("createIndex", "options", Map.of("numPartitions", 1, "distanceType", "l2"));
            client.run("createIndex", "column", "id", "kind", "btree");
            client.run("createIndex", "column", "path", "kind", "fts");
            add(dataset, 60, 70);
            awaitVersion(dataset);

            assertThat(dataset.remove(Rows.id(4)).join()).isTrue();
            client.run("optimize");
            client.run("dropIndex", "name", "id_idx");
            awaitVersion(dataset);

            assertThat(committed(dataset.add(Rows.row(4)))).isTrue();
            await().until(() -> found(dataset, false).size() == 70);
            assertThat(idsOfTheTable()).hasSize(70).doesNotHaveDuplicates();
            assertThat(dataset.state().problem()).isNull();
        }

        @Test
        void droppedTableIsNotWrittenAsIfItWereThere() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run("dropTable");

            await().until(() -> dataset.state().problem() != null);
            assertThatThrownBy(() -> dataset.add(Rows.row(5))).isInstanceOf(RuntimeException.class);
            assertThat(store.list("vectors/")).isEmpty();
        }

        @Test
        void commitThatMeetsADroppedTableDoesNotMakeHalfATable() {
            ImageDataset late = open(store, SEES_LATE);
            client.run("dropTable");

            boolean added = false;
            try {
                added = committed(late.add(Rows.row(5)));
            } catch (RuntimeException e) {
                assertThat(e).isNotNull();
            }

            ImageDataset other = open(store, SEES_AT_ONCE);
            assertThat(other.stateOf(Rows.id(5)).isShown()).isEqualTo(added);
            assertThat(committed(other.add(Rows.row(6)))).isTrue();
        }

        @Test
        void overwrittenTableIsReadAsItIsNow() {
            await().until(() -> found(dataset, true).size() == 3);

            client.run(
                    "create",
                    "mode",
                    "overwrite",
                    "columns",
                    Map.of("id", "string", "vector", "float32[512]"),
                    "rows",
                    List.of(foreign("other-0", vector(200)), foreign("other-1", vector(201))));

            await().until(() -> found(dataset, true).size() == 2);
            assertThat(nearest(dataset, 201).id()).isEqualTo("other-1");
            assertThat(dataset.stateOf(Rows.id(1)).isShown()).isFalse();
            assertThat(dataset.state().problem()).isNotNull();
            assertThatThrownBy(() -> dataset.add(Rows.row(5))).isInstanceOf(RuntimeException.class);
        }
    }

    @Test
    void tableInAFolderIsSharedToo() {
        Path folder = temporary.resolve("data");
        ImageDataset dataset = open(TestStores.folder(folder), SEES_AT_ONCE);
        add(dataset, 0, 3);
        client.open(folder);

        addForeign("foreign-1", times(3, vector(101)));
        addForeign("foreign-2", null);
        client.run("delete", "where", where(0));
        client.run("update", "where", where(1), "values", Map.of("caption", "a hello"));
        client.run("addColumns", "columns", Map.of("note", "cast(null as string)"));
        client.run("optimize");

        assertThat(committed(dataset.add(Rows.row(5)))).isTrue();
        assertThat(committed(dataset.add(Rows.row(0)))).isTrue();
        await().until(() -> "a hello".equals(shown(dataset, id(1)).caption()));
        await().untilAsserted(() ->
                assertThat(found(dataset, true)).containsExactlyInAnyOrder(id(0), id(1), id(2), id(5), "foreign-1"));
        assertThat(idsOfTheTable()).hasSize(6).doesNotHaveDuplicates();
        assertThat(dataset.state().problem()).isNull();
    }

    /** Tables that the client made. */
    @Nested
    class ForeignTables {
        private ImageDataset table(Map<String, String> columns, List<Map<String, Object>> rows) {
            client.open(bucket);
            client.run("create", "columns", columns, "rows", rows);
            return open(store, SEES_AT_ONCE);
        }

        private static List<Map<String, Object>> rows(float[]... vectors) {
            List<Map<String, Object>> rows = new ArrayList<>();
            for (float[] vector : vectors) {
                rows.add(foreign("foreign-" + rows.size(), vector));
            }
            return rows;
        }

        private static void isNotWritten(ImageDataset dataset) {
            assertThat(dataset.state().problem()).isNotNull();
            assertThatThrownBy(() -> dataset.add(Rows.row(1))).isInstanceOf(ForeignTableException.class);
        }

        @ParameterizedTest
        @ValueSource(strings = {"float32[512]", "float16[512]", "float64[512]"})
        void tableWithVectorsOfOurDimensionIsSearched(String type) {
            ImageDataset dataset = table(
                    Map.of("id", "string", "vector", type, "caption", "string"),
                    List.of(
                            foreign("foreign-0", times(3, vector(0))),
                            foreign("foreign-1", vector(1)),
                            foreign("foreign-2", null),
                            foreign("foreign-3", vector(3))));

            assertThat(nearest(dataset, 3).id()).isEqualTo("foreign-3");
            assertThat(dataset.nearest(Rows.vector(0), 10, false)).hasSize(3);
            assertThat(nearest(dataset, 0).distance()).isBetween(0.0, 1e-2);
            isNotWritten(dataset);

            addForeign("later", vector(9));
            client.run("update", "where", "id = 'foreign-1'", "values", Map.of("caption", "a hello"));

            await().until(() -> nearest(dataset, 9).id().equals("later"));
            await().until(() -> "a hello".equals(nearest(dataset, 1).picture().caption()));
        }

        @Test
        void tableWithoutIdsIsSearched() {
            ImageDataset dataset = table(
                    Map.of("path", "string", "vector", "float32[512]"),
                    List.of(
                            Map.of("path", "a.jpg", "vector", vector(0)),
                            Map.of("path", "b.jpg", "vector", vector(1))));

            assertThat(nearest(dataset, 1).picture().path()).isEqualTo("b.jpg");
            assertThat(dataset.nearest(Rows.vector(0), 10, false)).hasSize(2);
            isNotWritten(dataset);
        }

        @Test
        void columnsThatAreCalledLikeOursMayBeOfAnyType() {
            ImageDataset dataset = table(
                    Map.of(
                            "id",
                            "int64",
                            "vector",
                            "float32[512]",
                            "width",
                            "string",
                            "caption",
                            "int32",
                            "uploaded_at",
                            "string",
                            "tags",
                            "string",
                            "bytes",
                            "float64",
                            "height",
                            "int64"),
                    List.of(Map.of(
                            "id",
                            7,
                            "vector",
                            vector(0),
                            "width",
                            "wide",
                            "caption",
                            5,
                            "uploaded_at",
                            "today",
                            "tags",
                            "a,b",
                            "bytes",
                            12.5,
                            "height",
                            480)));

            Neighbor found = nearest(dataset, 0);

            assertThat(found.id()).isEqualTo("7");
            assertThat(found.picture().height()).isEqualTo(480);
            assertThat(found.picture().width()).isNull();
            isNotWritten(dataset);
        }

        @Test
        void tableOfAnotherDimensionSaysSoInASentence() {
            ImageDataset dataset =
                    table(Map.of("id", "string", "vector", "float32[8]"), rows(new float[] {1, 0, 0, 0, 0, 0, 0, 0}));

            assertThat(dataset.state().problem()).contains("8").contains("512");
            assertThatThrownBy(() -> dataset.nearest(Rows.vector(1), 10, false))
                    .isInstanceOf(ForeignTableException.class)
                    .hasMessageContaining("8")
                    .hasMessageContaining("512");
            isNotWritten(dataset);
        }

        @Test
        void tableWithoutVectorsSaysSoInASentence() {
            ImageDataset dataset = table(
                    Map.of("id", "string", "n", "int64"),
                    List.of(Map.of("id", "a", "n", 1), Map.of("id", "b", "n", 2)));

            assertThat(dataset.state().problem()).contains("vector");
            assertThatThrownBy(() -> dataset.nearest(Rows.vector(1), 10, false))
                    .isInstanceOf(ForeignTableException.class)
                    .hasMessageContaining("vector");
            isNotWritten(dataset);
        }

        @Test
        void emptyTableIsSearchedInVain() {
            ImageDataset dataset = table(Map.of("id", "string", "vector", "float32[512]"), List.of());

            assertThat(dataset.nearest(Rows.vector(1), 10, false)).isEmpty();
            isNotWritten(dataset);
        }
    }
}

package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.LanceDbClient;
import dev.glimpse.testing.Rows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A server goes on with the rows that an earlier process has left of a table that others change, and finds what it would find if it had read all of
 * them. Rows that LanceDB's client updates keep their numbers, so that they are put again in the same place.
 */
class WarmStartOfSharedTableIT extends WarmStarts {
    private static LanceDbClient client;

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

    private static String where(int n) {
        return where(n, n + 1);
    }

    private static String where(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(n -> "'" + Rows.id(n) + "'")
                .collect(Collectors.joining(", ", "id IN (", ")"));
    }

    /** The row says something else, and has the vector of another one. */
    private static void update(int n, int as) {
        client.run(
                "update",
                "where",
                where(n),
                "values",
                Map.of("caption", "a dog as " + as, "vector", Rows.vector(as).toArray()));
    }

    private static void seeOthers(LanceTable table) throws IOException {
        table.catchUpByListing();
        table.snapshots().refresh();
    }

    private void isAsIfAllRowsWereRead(ObjectStore store, Path work, long mostRowsRead) throws IOException {
        try (LanceTable table = open(store, work)) {
            table.snapshots().refresh();

            assertThat(table.snapshots().rowsRead()).isLessThanOrEqualTo(mostRowsRead);
            assertThat(answers(table)).isEqualTo(expected(store));
        }
    }

    @Test
    void columnThatWasDroppedAndAddedAgainUnderItsNameIsReadAnew() throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data)) {
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
            }
            client.open(data);
            client.run("dropColumns", "columns", List.of("caption"));
            client.run("addColumns", "columns", Map.of("caption", "cast(null as string)"));

            isAsIfAllRowsWereRead(store, work, ROWS);
        }
    }

    @Test
    void rowsThatARestoredVersionBringsBackAreReadAgain() throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data)) {
            long before;
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
                client.open(data);
                before = client.run("version").asLong();
                client.run("delete", "where", where(1));
                update(2, 1_000);
                seeOthers(table);
                table.append(rows(ROWS, ROWS + 10, new Random(2)));
                seeOthers(table);
            }
            client.run("restore", "version", before);

            isAsIfAllRowsWereRead(store, work, ROWS);
        }
    }

    /** They were rows of the table all the time, and what the restored version has is older than what was read. */
    @ParameterizedTest
    @ValueSource(strings = {"delete", "update", "optimize"})
    void rowThatIsAsItWasBeforeAnUpdateIsReadAgainWhateverComesAfter(String then) throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data)) {
            long before;
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.append(rows(ROWS, ROWS + 10, new Random(2)));
                table.snapshots().refresh();
                client.open(data);
                before = client.run("version").asLong();
                update(2, 1_000);
                seeOthers(table);
            }
            client.run("restore", "version", before);
            switch (then) {
                case "delete" -> client.run("delete", "where", where(20, 40));
                case "update" -> update(7, 1_001);
                default -> client.run("optimize");
            }

            isAsIfAllRowsWereRead(store, work, 2);
        }
    }

    /** The count of deleted rows of the fragment does not tell it. */
    @Test
    void rowsThatComeBackWhileOthersGoAreReadAgain() throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data)) {
            long before;
            try (LanceTable table = open(store, work)) {
                table.append(rows(0, ROWS, new Random(1)));
                table.snapshots().refresh();
                client.open(data);
                before = client.run("version").asLong();
                client.run("delete", "where", where(0, 20));
                seeOthers(table);
                // Their words are removed one version later.
                table.append(rows(ROWS, ROWS + 10, new Random(2)));
                seeOthers(table);
            }
            client.run("restore", "version", before);
            client.run("delete", "where", where(20, 40));

            isAsIfAllRowsWereRead(store, work, 20);
        }
    }

    @Test
    void rowThatAKilledServerHasPutIsReadAgainWhenItIsAsItWasBefore() throws IOException {
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data);
                LanceTable table = open(store, work)) {
            table.append(rows(0, ROWS, new Random(1)));
            table.snapshots().refresh();
            table.snapshots().keepRows();
            client.open(data);
            long before = client.run("version").asLong();
            update(2, 1_000);
            seeOthers(table);
            Path killed = copy(work);
            client.run("restore", "version", before);

            isAsIfAllRowsWereRead(store, killed, 1);
        }
    }

    /** Rows come, go and change, and are kept now and then; at some moments the process is killed, and the files are as they are. */
    @ParameterizedTest
    @CsvSource({
        "1, 50, false",
        "2, 50, false",
        "3, 50, false",
        "4, 50, false",
        "5, 1100, false",
        "6, 50, true",
        "7, 50, true"
    })
    void killedServerFindsWhatItWouldFindIfItHadReadAllRows(long seed, int first, boolean restores) throws IOException {
        Random random = new Random(seed);
        Path data = newFolder();
        Path work = newFolder();
        try (ObjectStore store = TestStores.folder(data);
                LanceTable table = open(store, work)) {
            int rows = 0;
            // Rows that were written since the table was read, and since what was read was kept.
            long unread = 0;
            long unkept = 0;
            long before = 0;
            for (int step = 0; step < 9; step++) {
                int end = rows + 1 + random.nextInt(80) + (step == 0 ? first : 0);
                table.append(rows(rows, end, random));
                unread += end - rows;
                rows = end;
                if (step == 0) {
                    client.open(data);
                }
                if (random.nextBoolean()) {
                    table.delete(List.of(Rows.id(random.nextInt(rows)), Rows.id(random.nextInt(rows))));
                }
                for (int i = random.nextInt(3); i > 0; i--) {
                    table.describe(Rows.id(random.nextInt(rows)), WarmStarts::changed);
                    unread++;
                }
                for (int i = random.nextInt(3); i > 0; i--) {
                    update(random.nextInt(rows), random.nextInt(rows));
                    unread++;
                }
                if (restores && step > 0) {
                    // Most of what came was read, and is undone. Then rows are to be read that nobody has written.
                    if (random.nextBoolean()) {
                        seeOthers(table);
                    }
                    if (random.nextBoolean()) {
                        client.run("restore", "version", before);
                        unread = Integer.MAX_VALUE / 2;
                    }
                    if (random.nextInt(3) == 0) {
                        client.run("optimize");
                    }
                }
                table.catchUpByListing();
                before = client.run("version").asLong();
                if (step == 0 || random.nextInt(4) > 0) {
                    table.snapshots().refresh();
                    unkept += unread;
                    unread = 0;
                }
                if (step == 0 || random.nextInt(3) == 0) {
                    table.snapshots().keepRows();
                    unkept = 0;
                }
                if (step % 3 == 2) {
                    isAsIfAllRowsWereRead(store, copy(work), unkept + unread);
                }
            }
        }
    }
}

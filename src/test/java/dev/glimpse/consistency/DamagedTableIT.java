package dev.glimpse.consistency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.dataset.Neighbor;
import dev.glimpse.dataset.TableUnavailableException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A table whose files cannot be read is named, with the way back, and is derived again from the pictures. */
class DamagedTableIT {
    private static final String TABLE = "vectors/images.lance/";
    private static final int PICTURES = 4;

    @TempDir
    Path work;

    private final TestBucket bucket = TestBucket.start();

    @AfterEach
    void stopBucket() {
        bucket.close();
    }

    /**
     * What may happen to a file.
     *
     * @param folder of the table, in which the newest file is damaged
     * @param bytes what the file has then; null if it is gone
     */
    private record Damage(String name, String folder, UnaryOperator<byte @Nullable []> bytes, String said) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Damage> damages() {
        return Stream.of(
                new Damage("manifest cut off", "_versions/", all -> Arrays.copyOf(all, all.length / 2), "_versions/"),
                new Damage("manifest empty", "_versions/", all -> new byte[0], "_versions/"),
                new Damage("manifest of other bytes", "_versions/", all -> new byte[all.length], "_versions/"),
                new Damage("data file missing", "data/", all -> null, "is missing"),
                new Damage("data file cut off", "data/", all -> Arrays.copyOf(all, 100), "has 100 bytes instead of"),
                new Damage("data file of other bytes", "data/", all -> new byte[all.length], "cannot be read"));
    }

    @ParameterizedTest
    @MethodSource("damages")
    void tableInABucketIsNamedAndDerivedAgain(Damage damage) {
        try (ObjectStore store = bucket.open()) {
            isNamedAndDerivedAgain(damage, store, work.resolve("one"), work.resolve("two"));
        }
    }

    @ParameterizedTest
    @MethodSource("damages")
    void tableInAFolderIsNamedAndDerivedAgain(Damage damage) {
        ObjectStore store = TestStores.folder(work.resolve("data"));
        Path folder = work.resolve("data/.glimpse");
        isNamedAndDerivedAgain(damage, store, folder, folder);
    }

    private static void isNamedAndDerivedAgain(Damage damage, ObjectStore store, Path before, Path after) {
        fill(store, before);
        String file = damage(store, damage);

        try (TestServer server = new TestServer(store, after, Duration.ZERO)) {
            assertThat(String.valueOf(server.dataset.state().problem()))
                    .contains(damage.said)
                    .contains("scripts/verify --repair")
                    .doesNotContain("\n");
            assertThatThrownBy(() -> server.upload(9).join()).hasCauseInstanceOf(TableUnavailableException.class);
            assertThatThrownBy(() -> server.dataset.nearest(TestServer.embedding(0), 1, true))
                    .isInstanceOf(TableUnavailableException.class);
            Verifier.Report seen = server.verify(false);
            assertThat(seen.state()).isEqualTo(Verifier.State.FAILED);
            assertThat(seen.message()).contains(damage.said);

            Verifier.Report report = server.verify(true);

            assertThat(report.state()).isEqualTo(Verifier.State.DONE);
            assertThat(report.mended()).isEqualTo(PICTURES);
            assertThat(report.movedAside()).startsWith("vectors/damaged-");
            if (!damage.name.endsWith("missing")) {
                assertThat(store.head(report.movedAside() + file.substring(TABLE.length())))
                        .isPresent();
            }
            assertThat(server.dataset.state().problem()).isNull();
            assertThat(server.dataset.state().warning()).isNull();
            server.uploadCommitted(9).join();
            assertThat(server.dataset.nearest(TestServer.embedding(0), 100, true))
                    .extracting(Neighbor::id)
                    .hasSize(PICTURES + 1)
                    .startsWith(TestServer.id(0).toString());
        }
    }

    private static void fill(ObjectStore store, Path work) {
        try (TestServer server = new TestServer(store, work, Duration.ZERO)) {
            for (int n = 0; n < PICTURES; n++) {
                server.uploadCommitted(n).join();
            }
        }
    }

    /** Damages the file and gives its key. */
    private static String damage(ObjectStore store, Damage damage) {
        List<String> keys = store.list(TABLE + damage.folder).stream()
                .filter(key -> !key.endsWith(".json"))
                .toList();
        // Lance counts the names of manifests down.
        String key = keys.get(0);
        byte[] bytes = damage.bytes.apply(store.get(key).orElseThrow());
        store.delete(key);
        if (bytes != null) {
            store.putIfAbsent(key, bytes, "application/octet-stream", Map.of());
        }
        return key;
    }

    @Test
    void fileThatGoesMissingUnderARunningServerIsFoundByVerifyAndTheTableDerivedAgain() {
        try (ObjectStore store = bucket.open();
                TestServer server = new TestServer(store, work.resolve("one"), Duration.ZERO)) {
            for (int n = 0; n < PICTURES; n++) {
                server.uploadCommitted(n).join();
            }
            assertThat(server.verify(false).state()).isEqualTo(Verifier.State.DONE);
            store.delete(store.list(TABLE + "data/").get(0));

            Verifier.Report found = server.verify(false);

            assertThat(found.state()).isEqualTo(Verifier.State.FAILED);
            assertThat(found.message()).contains("is missing").contains("scripts/verify --repair");
            assertThat(server.verify(true).mended()).isEqualTo(PICTURES);
            assertThat(server.verify(false).withoutRow().count()).isZero();
        }
    }

    @Test
    void tableThatIsNotThereThoughPicturesAreIsAWarningUntilTheirRowsAreDerived() {
        try (ObjectStore store = bucket.open()) {
            fill(store, work.resolve("one"));
            store.list(TABLE).forEach(store::delete);

            try (TestServer server = new TestServer(store, work.resolve("two"), Duration.ZERO)) {
                assertThat(server.dataset.state().problem()).isNull();
                assertThat(server.dataset.state().warning())
                        .contains("there were pictures already")
                        .contains("scripts/verify --repair");
                server.uploadCommitted(9).join();
            }
            try (TestServer server = new TestServer(store, work.resolve("two"), Duration.ZERO)) {
                assertThat(server.dataset.state().warning()).isNotNull();
                assertThat(server.verify(true).mended()).isEqualTo(PICTURES);
                assertThat(server.dataset.state().warning()).isNull();
                assertThat(server.rows()).isEqualTo(PICTURES + 1);
            }
        }
    }

    @Test
    void emptyBucketGetsATableWithoutAWarning() {
        try (ObjectStore store = bucket.open();
                TestServer server = new TestServer(store, work.resolve("one"), Duration.ZERO)) {
            assertThat(server.dataset.state().warning()).isNull();
        }
    }
}

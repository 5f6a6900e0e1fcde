package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What every store promises. */
abstract class ObjectStoreContract {
    static final String JPEG = "image/jpeg";

    private static final Duration LONG = Duration.ofSeconds(30);

    /** Its own for each test, in a store that tests may share. */
    final String folder = UUID.randomUUID() + "/";

    @TempDir
    Path disk;

    abstract ObjectStore store();

    @Test
    void whatWasPutIsGot() {
        boolean stored = put("a", "bytes");

        assertThat(stored).isTrue();
        assertThat(text("a")).isEqualTo("bytes");
    }

    @Test
    void emptyObjectIsAnObject() {
        put("empty", "");

        assertThat(text("empty")).isEmpty();
        assertThat(store().head(folder + "empty").orElseThrow().bytes()).isZero();
    }

    @Test
    void objectThatIsLargerThanWantedIsNotRead() {
        put("a", "bytes");

        assertThat(store().get(folder + "a", 5))
                .hasValueSatisfying(bytes -> assertThat(bytes).hasSize(5));
        assertThat(store().get(folder + "a", 4)).isEmpty();
        assertThat(store().get(folder + "b", 4)).isEmpty();
        assertThat(text("a")).isEqualTo("bytes");
    }

    @Test
    void secondPutIsRefusedAndTheFirstBytesStay() {
        put("a", "first");

        boolean stored = put("a", "second");

        assertThat(stored).isFalse();
        assertThat(text("a")).isEqualTo("first");
    }

    @Test
    void secondPutOfTheSameBytesIsRefusedToo() {
        put("a", "same");

        assertThat(put("a", "same")).isFalse();
    }

    @Test
    void ofManyPutsAtOnceExactlyOneStoresItsBytesAndItsMetadata() throws Exception {
        int writers = 8;
        String key = folder + "images/raced.jpg";
        CyclicBarrier start = new CyclicBarrier(writers);
        ExecutorService threads = Executors.newFixedThreadPool(writers);
        List<Future<Boolean>> outcomes = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
            byte[] bytes = bytesOf(i);
            Map<String, String> metadata = Map.of("writer", String.valueOf(i));
            outcomes.add(threads.submit(() -> {
                start.await();
                return store().putIfAbsent(key, bytes, JPEG, metadata);
            }));
        }

        List<Integer> winners = new ArrayList<>();
        for (int i = 0; i < writers; i++) {
            if (outcomes.get(i).get()) {
                winners.add(i);
            }
        }
        threads.shutdown();

        assertThat(winners).hasSize(1);
        int winner = winners.get(0);
        assertThat(store().get(key).orElseThrow()).isEqualTo(bytesOf(winner));
        assertThat(store().head(key).orElseThrow().metadata()).isEqualTo(Map.of("writer", String.valueOf(winner)));
    }

    @Test
    void metadataIsReplacedAndTheBytesStay() {
        String key = folder + "images/a.jpg";
        store().putIfAbsent(key, new byte[] {1, 2}, JPEG, Map.of("said", "before", "more", "of it"));
        ObjectHead before = store().head(key).orElseThrow();

        boolean replaced = store().replaceMetadata(key, before.etag(), JPEG, Map.of("said", "after"), LONG);

        assertThat(replaced).isTrue();
        ObjectHead after = store().head(key).orElseThrow();
        assertThat(after.metadata()).isEqualTo(Map.of("said", "after"));
        assertThat(after.etag()).isEqualTo(before.etag());
        assertThat(store().get(key).orElseThrow()).containsExactly(1, 2);
    }

    @Test
    void metadataOfAnObjectThatIsGoneOrHasOtherBytesIsNotReplaced() {
        String key = folder + "images/a.jpg";
        store().putIfAbsent(key, new byte[] {1}, JPEG, Map.of());
        String etag = store().head(key).orElseThrow().etag();
        store().delete(key);

        assertThat(store().replaceMetadata(key, etag, JPEG, Map.of("said", "after"), LONG))
                .isFalse();
        assertThat(store().head(key)).isEmpty();

        store().putIfAbsent(key, new byte[] {2}, JPEG, Map.of("said", "by another"));
        assertThat(store().replaceMetadata(key, etag, JPEG, Map.of("said", "after"), LONG))
                .isFalse();
        assertThat(store().head(key).orElseThrow().metadata()).isEqualTo(Map.of("said", "by another"));
    }

    @Test
    void objectThatIsDeletedWhileItsMetadataIsReplacedDoesNotComeBack() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        for (int i = 0; i < 20; i++) {
            String key = folder + "images/raced" + i + ".jpg";
            store().putIfAbsent(key, new byte[] {1}, JPEG, Map.of());
            String etag = store().head(key).orElseThrow().etag();
            CyclicBarrier start = new CyclicBarrier(2);
            Future<Boolean> replaced = threads.submit(() -> {
                start.await();
                return store().replaceMetadata(key, etag, JPEG, Map.of("said", "after"), LONG);
            });
            start.await();
            store().delete(key);

            replaced.get();

            assertThat(store().head(key)).isEmpty();
        }
        threads.shutdown();
    }

    @Test
    void headSaysSizeAndMetadata() {
        Map<String, String> metadata = Map.of("glimpse", "eyJncm91cCI6IjEifQ", "two-words", "with a space");

        store().putIfAbsent(folder + "a.jpg", new byte[300], JPEG, metadata);

        ObjectHead head = store().head(folder + "a.jpg").orElseThrow();
        assertThat(head.bytes()).isEqualTo(300);
        assertThat(head.metadata()).isEqualTo(metadata);
    }

    @Test
    void etagStaysAsLongAsTheBytesDo() {
        store().putIfAbsent(folder + "a.txt", new byte[] {1}, JPEG, Map.of());
        String first = store().head(folder + "a.txt").orElseThrow().etag();
        String again = store().head(folder + "a.txt").orElseThrow().etag();

        store().delete(folder + "a.txt");
        store().putIfAbsent(folder + "a.txt", new byte[] {2}, JPEG, Map.of());

        assertThat(again).isEqualTo(first);
        assertThat(store().head(folder + "a.txt").orElseThrow().etag()).isNotEqualTo(first);
    }

    @Test
    void hasAnyTellsWhetherAKeyBeginsSo() {
        store().putIfAbsent(folder + "b/c.txt", new byte[] {1}, JPEG, Map.of());

        assertThat(store().hasAny(folder + "b/")).isTrue();
        assertThat(store().hasAny(folder + "d/")).isFalse();
    }

    @Test
    void listingTellsTheBytesOfEachObject() {
        store().putIfAbsent(folder + "a.txt", new byte[7], JPEG, Map.of());
        List<Long> sizes = new ArrayList<>();

        store().list(folder, object -> sizes.add(object.bytes()));

        assertThat(sizes).containsExactly(7L);
    }

    @Test
    void samePictureInTwoPlacesHasTwoMetadata() {
        store().putIfAbsent(folder + "here/a.jpg", new byte[1], JPEG, Map.of("n", "here"));
        store().putIfAbsent(folder + "there/a.jpg", new byte[1], JPEG, Map.of("n", "there"));

        store().delete(folder + "here/a.jpg");

        assertThat(store().head(folder + "there/a.jpg").orElseThrow().metadata())
                .isEqualTo(Map.of("n", "there"));
    }

    @Test
    void metadataIsGoneWithItsObject() {
        store().putIfAbsent(folder + "a.jpg", new byte[1], JPEG, Map.of("n", "old"));
        store().delete(folder + "a.jpg");

        put("a.jpg", "again");

        assertThat(store().head(folder + "a.jpg").orElseThrow().metadata()).isEmpty();
    }

    @Test
    void metadataOfARefusedPutChangesNothing() {
        store().putIfAbsent(folder + "a.jpg", new byte[1], JPEG, Map.of("n", "first"));

        store().putIfAbsent(folder + "a.jpg", new byte[1], JPEG, Map.of("n", "second"));

        assertThat(store().head(folder + "a.jpg").orElseThrow().metadata()).isEqualTo(Map.of("n", "first"));
    }

    @Test
    void metadataThatCannotTravelIsRefused() {
        for (Map<String, String> metadata : List.of(
                Map.of("Upper", "a"), Map.of("n", "line\nbreak"), Map.of("n", "käse"), Map.of("n", "a".repeat(2048)))) {
            assertThatThrownBy(() -> store().putIfAbsent(folder + "a", new byte[1], JPEG, metadata))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(store().head(folder + "a")).isEmpty();
    }

    @Test
    void whatIsMissingIsEmptyEverywhere() throws Exception {
        String missing = folder + "no/such/object";

        assertThat(store().get(missing)).isEmpty();
        assertThat(store().head(missing)).isEmpty();
        assertThat(store().download(missing, disk.resolve("target"))).isFalse();
        assertThat(store().list(missing)).isEmpty();
        assertThat(disk).isEmptyDirectory();
    }

    @Test
    void deleteRemovesAndDeletingTwiceIsFine() {
        put("a", "bytes");

        store().delete(folder + "a");
        store().delete(folder + "a");

        assertThat(store().get(folder + "a")).isEmpty();
        assertThat(store().list(folder)).isEmpty();
        assertThat(put("a", "again")).isTrue();
    }

    @Test
    void listSaysTheKeysWithThePrefixInTheOrderOfTheirBytes() {
        // U+10000 sorts before U+FFFD in Java's own order, after it by bytes.
        List<String> names = List.of("a-b", "a/b", "a/c/d", "a0", "b", "\uFFFD", "\uD800\uDC00");
        List<String> shuffled = new ArrayList<>(names);
        Collections.shuffle(shuffled, new Random(1));
        shuffled.forEach(name -> put(name, "x"));

        assertThat(store().list(folder))
                .isEqualTo(names.stream().map(name -> folder + name).toList());
        assertThat(store().list(folder + "a/")).containsExactly(folder + "a/b", folder + "a/c/d");
        assertThat(store().list(folder + "a")).hasSize(4);
        assertThat(store().list(folder + "c")).isEmpty();
    }

    @Test
    void bigFileGoesThereAndBack() throws Exception {
        Path file = Files.write(disk.resolve("big"), randomBytes(20_000_000));
        Path target = disk.resolve("new/folder/copy");

        boolean stored = store().putIfAbsent(folder + "data/big.lance", file);
        boolean again = store().putIfAbsent(folder + "data/big.lance", file);
        boolean found = store().download(folder + "data/big.lance", target);

        assertThat(stored).isTrue();
        assertThat(again).isFalse();
        assertThat(found).isTrue();
        assertThat(target).hasSameBinaryContentAs(file);
        assertThat(target.getParent()).isDirectoryNotContaining("glob:**.part");
    }

    @Test
    void missingFileToPutIsNoFailureOfTheStore() {
        assertThatThrownBy(() -> store().putIfAbsent(folder + "a", disk.resolve("missing")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("missing");
    }

    @Test
    void downloadReplacesWhatWasThere() throws Exception {
        put("a", "new");
        Path target = Files.writeString(disk.resolve("target"), "old and longer");

        store().download(folder + "a", target);

        assertThat(target).hasContent("new");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "with space.jpg",
                "käse/日本.jpg",
                "a+b&c=d?e#f",
                "100%",
                "%2F",
                "a:b@c;d,e",
                "~tilde",
                "(x)'!*\"<>|",
                "no-extension",
                ".hidden",
                "...",
                "UPPER"
            })
    void oddKeysAreKeysLikeAllOthers(String name) {
        store().putIfAbsent(folder + name, "odd".getBytes(StandardCharsets.UTF_8), JPEG, Map.of("n", "v"));

        assertThat(text(name)).isEqualTo("odd");
        assertThat(store().head(folder + name))
                .hasValueSatisfying(head -> assertThat(head.metadata()).isEqualTo(Map.of("n", "v")));
        assertThat(store().list(folder)).containsExactly(folder + name);
        store().delete(folder + name);
        assertThat(store().list(folder)).isEmpty();
    }

    @Test
    void addressNamesKeysAndPrefixes() {
        for (String name : List.of("vectors/images.lance/", "vectors/images.lance", "", "images/a.jpg")) {
            assertThat(store().address(name)).endsWith(name);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/etc/passwd",
                "..",
                "../a",
                "images/../../a",
                "images/..",
                "./a",
                "a/./b",
                "a//b",
                "a/",
                "a\\..\\b",
                "a\u0000b",
                "a\nb"
            })
    void keysThatCouldEscapeAreRefusedAndNamed(String key) {
        ObjectStore store = store();
        Path file = disk.resolve("file");

        for (Runnable call : List.<Runnable>of(
                () -> store.putIfAbsent(key, new byte[1], JPEG, Map.of()),
                () -> store.putIfAbsent(key, file),
                () -> store.get(key),
                () -> store.head(key),
                () -> store.delete(key))) {
            assertThatThrownBy(call::run)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(key);
        }
        assertThatThrownBy(() -> store.download(key, file)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void prefixesThatCouldEscapeAreRefused() {
        for (String prefix : List.of("../", "/", "a/../b", "a//")) {
            assertThatThrownBy(() -> store().list(prefix))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(prefix);
        }
    }

    boolean put(String name, String text) {
        return store().putIfAbsent(folder + name, text.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
    }

    String text(String name) {
        return new String(store().get(folder + name).orElseThrow(), StandardCharsets.UTF_8);
    }

    static byte[] randomBytes(int size) {
        byte[] bytes = new byte[size];
        new Random(7).nextBytes(bytes);
        return bytes;
    }

    private static byte[] bytesOf(int writer) {
        byte[] bytes = new byte[100_000];
        Arrays.fill(bytes, (byte) writer);
        return bytes;
    }
}

package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The model in {@code models/mini-clip}, held to what Python computed with it and to what it promises. */
class ClipModelIT {
    static final Path FOLDER = Path.of("models/mini-clip");
    static final TestDecoder DECODER = new TestDecoder();

    /** The same scene, stored in all eight ways. */
    private static final Path PHOTOS = Path.of("src/test/resources/images");

    static ClipModel model;
    static JsonNode golden;

    @BeforeAll
    static void load() {
        model = ClipModel.load(FOLDER, TestScheduler.SCHEDULER);
        golden = JsonMapper.shared().readTree(Path.of("src/test/resources/mini-clip-golden.json"));
    }

    @AfterAll
    static void close() {
        model.close();
        model.close();
    }

    private static Embedding embedScene(String file) {
        return model.embed(DECODER.decode(TestPictures.scene(file)), TestScheduler.ticket())
                .join();
    }

    private static Embedding vectorOf(JsonNode node) {
        byte[] bytes = Base64.getDecoder().decode(node.get("vector").stringValue());
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Embedding(values);
    }

    @Test
    void folderFitsIntoARepository() throws IOException {
        long bytes = 0;
        try (var files = Files.list(FOLDER)) {
            for (Path file : files.toList()) {
                bytes += Files.size(file);
            }
        }

        assertThat(bytes).isLessThan(25_000_000);
    }

    @Test
    void photoEmbedsAlikeHoweverTheCameraWasHeld() throws IOException {
        List<Embedding> held = new ArrayList<>();
        for (int orientation = 1; orientation <= 8; orientation++) {
            byte[] photo = Files.readAllBytes(PHOTOS.resolve("orientation-" + orientation + ".jpg"));
            held.add(model.embed(DECODER.decode(photo), TestScheduler.ticket()).join());
        }

        assertThat(held).allSatisfy(one -> assertThat(one.cosine(held.get(0))).isGreaterThanOrEqualTo(0.99));
    }

    @Test
    void descriptorSaysPlainlyWhatTheModelIs() {
        ModelDescriptor descriptor = model.descriptor();

        assertThat(descriptor.dimension()).isEqualTo(512);
        assertThat(descriptor.description()).contains("demonstration").contains("no photographs");
        assertThat(descriptor.license()).contains("OFL");
    }

    @Test
    void tokenIdsAreThoseOfTheReference() {
        for (JsonNode text : golden.get("texts").values()) {
            String words = text.get("text").stringValue();
            long[] expected =
                    text.get("ids").valueStream().mapToLong(JsonNode::longValue).toArray();

            assertThat(model.tokenize(words).ids()).as(words).isEqualTo(expected);
        }
    }

    @Test
    void tokenIdsOfEveryScriptAreThoseOfTheReference() {
        for (JsonNode text : golden.get("tokens").values()) {
            String words = text.get("text").stringValue();

            String ids = Arrays.stream(model.tokenize(words).ids())
                    .mapToObj(Long::toString)
                    .collect(Collectors.joining(" "));

            assertThat(ids).as(words).isEqualTo(text.get("ids").stringValue());
        }
        assertThat(golden.get("tokens").size()).isGreaterThan(190);
    }

    @Test
    void textEmbeddingsAreThoseOfTheReference() {
        for (JsonNode text : golden.get("texts").values()) {
            String words = text.get("text").stringValue();

            double cosine = model.embed(words, TestScheduler.ticket())
                    .join()
                    .embedding()
                    .cosine(vectorOf(text));

            assertThat(cosine).as(words).isGreaterThan(0.9999);
        }
    }

    @Test
    void imageEmbeddingsAreThoseOfTheReference() {
        for (JsonNode image : golden.get("images").values()) {
            String file = image.get("file").stringValue();

            double cosine = embedScene(file).cosine(vectorOf(image));

            assertThat(cosine).as(file).isGreaterThan(0.999);
        }
    }

    @Test
    void pictureOfAThingIsFoundByItsName() {
        List<String[]> scenes = TestPictures.scenes();
        List<CompletableFuture<Embedding>> pending = new ArrayList<>();
        List<Embedding> pictures = new ArrayList<>();
        for (String[] scene : scenes) {
            pending.add(model.embed(DECODER.decode(TestPictures.scene(scene[0])), TestScheduler.ticket()));
            if (pending.size() == 64) {
                pending.forEach(embedding -> pictures.add(embedding.join()));
                pending.clear();
            }
        }
        pending.forEach(embedding -> pictures.add(embedding.join()));
        int first = 0;
        int amongFive = 0;

        for (int i = 0; i < scenes.size(); i++) {
            Embedding query =
                    model.embed(scenes.get(i)[2], TestScheduler.ticket()).join().embedding();
            double own = query.cosine(pictures.get(i));
            long nearer = pictures.stream()
                    .filter(picture -> query.cosine(picture) > own)
                    .count();
            first += nearer < 1 ? 1 : 0;
            amongFive += nearer < 5 ? 1 : 0;
        }

        System.out.printf("scenes=%d R@1=%d R@5=%d%n", scenes.size(), first, amongFive);
        Set<String> things = new HashSet<>();
        scenes.forEach(scene -> things.add(scene[1]));
        assertThat(things).hasSize(500);
        assertThat(first / 500.0).isGreaterThanOrEqualTo(0.945);
        assertThat(amongFive / 500.0).isGreaterThanOrEqualTo(0.995);
    }

    @Test
    void textThatWasEmbeddedBeforeCostsNothing() {
        TextEmbedding first =
                model.embed("a very small unicorn", TestScheduler.ticket()).join();

        assertThat(model.embed("a very small unicorn", TestScheduler.ticket()).join())
                .isSameAs(first);
    }

    @Test
    void batchGivesWhatEachGivesAlone() {
        List<String> files =
                TestPictures.scenes().stream().limit(20).map(scene -> scene[0]).toList();
        List<Embedding> alone = files.stream().map(ClipModelIT::embedScene).toList();

        List<CompletableFuture<Embedding>> together = files.stream()
                .map(file -> model.embed(DECODER.decode(TestPictures.scene(file)), TestScheduler.ticket()))
                .toList();

        IntStream.range(0, files.size())
                .forEach(i ->
                        assertThat(together.get(i).join().cosine(alone.get(i))).isGreaterThan(0.99999));
    }

    @Test
    void longTextIsCutAtTheContextLengthAndSaysSo() {
        TextEmbedding cut =
                model.embed("pizza ".repeat(100), TestScheduler.ticket()).join();
        TextEmbedding whole = model.embed("pizza", TestScheduler.ticket()).join();

        assertThat(cut.truncated()).isTrue();
        assertThat(whole.truncated()).isFalse();
        assertThat(model.tokenize("pizza ".repeat(100)).ids())
                .hasSize(model.descriptor().text().contextLength());
    }

    @Test
    void markerTypedByAUserIsOnlyText() {
        long[] ids = model.tokenize("cat").ids();
        long endOfText = ids[ids.length - 1];
        String marker = new JsonMapper()
                .readTree(FOLDER.resolve("tokenizer.json"))
                .get("added_tokens")
                .valueStream()
                .filter(token -> token.get("id").longValue() == endOfText)
                .map(token -> token.get("content").stringValue())
                .findFirst()
                .orElseThrow();

        long[] typed = model.tokenize("a cat " + marker + " on a mat").ids();

        assertThat(typed).containsOnlyOnce(endOfText).endsWith(endOfText);
    }

    @Test
    void folderWhoseFilesDoNotBelongTogetherIsRefused(@TempDir Path copy) throws IOException {
        FileSystemUtils.copyRecursively(FOLDER, copy);
        Files.writeString(copy.resolve("tokenizer.json"), " ", java.nio.file.StandardOpenOption.APPEND);

        assertThatThrownBy(() -> ClipModel.load(copy, TestScheduler.SCHEDULER))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("fingerprint")
                .hasMessageContaining(model.descriptor().fingerprint());
    }

    @Test
    void folderWithoutAModelIsRefusedWithTheVariableToSet(@TempDir Path empty) {
        assertThatThrownBy(() -> ClipModel.load(empty, TestScheduler.SCHEDULER))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("GLIMPSE_MODEL");
    }

    @Test
    void descriptorOutOfRangeNamesTheKey(@TempDir Path copy) throws IOException {
        FileSystemUtils.copyRecursively(FOLDER, copy);
        Path file = copy.resolve("model.json");
        Files.writeString(file, Files.readString(file).replace("\"short_side\"", "\"stretch\""));

        assertThatThrownBy(() -> ClipModel.load(copy, TestScheduler.SCHEDULER))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.resize")
                .hasMessageContaining("stretch");
    }
}

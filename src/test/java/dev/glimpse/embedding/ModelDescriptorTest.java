package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.image.Square;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelDescriptorTest {
    @TempDir
    Path folder;

    @BeforeEach
    void files() throws IOException {
        for (String name : List.of("image.pt", "image-int8.pt", "text.pt", "text-int8.pt", "tokenizer.json")) {
            Files.writeString(folder.resolve(name), name);
        }
    }

    private ModelDescriptor read(String image, String text, String more, List<String> files) throws IOException {
        return readAs("short_side", image, text, more, files);
    }

    private ModelDescriptor readAs(String resize, String image, String text, String more, List<String> files)
            throws IOException {
        String fingerprint = ModelDescriptor.fingerprintOf(folder, files);
        Files.writeString(folder.resolve("model.json"), """
                {"schema": 1, "name": "m", "description": "d", "license": "l", "dimension": 4, %s
                 "image": {"file": "image.pt", "size": 32, "resize": "%s", "interpolation": "bilinear",
                           "crop": "center_even", "mean": [0, 0, 0], "std": [1, 1, 1], %s},
                 "text": {"file": "text.pt", "tokenizer": "tokenizer.json", "contextLength": 77, "padId": 0,
                          "padToContext": false %s},
                 "fingerprint": "%s"}
                """.formatted(more, resize, image, text, fingerprint));
        return ModelDescriptor.read(folder);
    }

    private ModelDescriptor read(String image, String text, String more) throws IOException {
        return read(image, text, more, List.of("image.pt", "text.pt", "tokenizer.json"));
    }

    static final String BYTES = "\"input\": \"uint8_nhwc\", \"normalizeInGraph\": true";
    static final String INT8_IMAGE = ", \"int8File\": \"image-int8.pt\", \"precision\": \"int8\"";
    static final String INT8_TEXT = ", \"int8File\": \"text-int8.pt\", \"precision\": \"int8\"";

    @Test
    void whatIsLeftOutMeansTheUsual() throws IOException {
        ModelDescriptor descriptor = read(BYTES, "", "");

        assertThat(descriptor.givesUnitLength()).isTrue();
        assertThat(descriptor.image().method()).isNull();
        assertThat(descriptor.image().fileInUse()).isEqualTo("image.pt");
        assertThat(descriptor.text().fileInUse()).isEqualTo("text.pt");
        assertThat(descriptor.text().takesAttentionMask()).isFalse();
    }

    @Test
    void reducedPrecisionOfPicturesMakesAnotherModel() throws IOException {
        String fullPrecision = read(BYTES, "", "").fingerprint();

        ModelDescriptor reduced =
                read(BYTES + INT8_IMAGE, "", "", List.of("image-int8.pt", "text.pt", "tokenizer.json"));

        assertThat(reduced.image().fileInUse()).isEqualTo("image-int8.pt");
        assertThat(reduced.fingerprint()).isNotEqualTo(fullPrecision);
    }

    @Test
    void fingerprintOfFullPrecisionDoesNotStandForReducedPictures() {
        assertThatThrownBy(() -> read(BYTES + INT8_IMAGE, "", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("fingerprint");
    }

    @Test
    void reducedPrecisionOfTextsIsTheSameModel() throws IOException {
        String fullPrecision = read(BYTES, "", "").fingerprint();

        ModelDescriptor reduced = read(BYTES, INT8_TEXT, "");

        assertThat(reduced.text().fileInUse()).isEqualTo("text-int8.pt");
        assertThat(reduced.fingerprint()).isEqualTo(fullPrecision);
    }

    @Test
    void reducedPrecisionThatIsThereButNotChosenIsNotUsed() throws IOException {
        ModelDescriptor descriptor = read(BYTES, ", \"int8File\": \"text-int8.pt\"", "");

        assertThat(descriptor.text().fileInUse()).isEqualTo("text.pt");
    }

    @Test
    void reducedPrecisionWithoutItsFileIsRefused() {
        assertThatThrownBy(() -> read(BYTES, ", \"precision\": \"int8\"", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("text.precision")
                .hasMessageContaining("text.int8File");
    }

    @Test
    void unknownPrecisionIsRefused() {
        assertThatThrownBy(() -> read(BYTES + ", \"precision\": \"fp8\"", "", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.precision must be fp32 or int8: fp8");
    }

    @Test
    void bytesThatNobodyNormalizesAreRefused() {
        assertThatThrownBy(() -> read("\"input\": \"uint8_nhwc\", \"normalizeInGraph\": false", "", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.normalizeInGraph");
    }

    static final List<String> FILES = List.of("image.pt", "text.pt", "tokenizer.json");

    @Test
    void picturesBecomeTheSquareThatIsDescribed() throws IOException {
        assertThat(readAs("squash", BYTES, "", "", FILES).image().square())
                .isEqualTo(new Square(32, Square.Resize.SQUASH, 32, Square.Filter.BILINEAR, Square.Crop.TO_EVEN, 0));
        assertThat(readAs("long_side", BYTES + ", \"fill\": 255", "", "", FILES)
                        .image()
                        .square())
                .isEqualTo(
                        new Square(32, Square.Resize.LONG_SIDE, 32, Square.Filter.BILINEAR, Square.Crop.TO_EVEN, 255));
        assertThat(read(BYTES + ", \"resizeTo\": 40", "", "").image().square())
                .isEqualTo(
                        new Square(32, Square.Resize.SHORT_SIDE, 40, Square.Filter.BILINEAR, Square.Crop.TO_EVEN, 0));
    }

    @Test
    void squareThatCannotBeCutOutIsRefused() {
        assertThatThrownBy(() -> read(BYTES + ", \"resizeTo\": 31", "", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.resizeTo");
        assertThatThrownBy(() -> readAs("squash", BYTES + ", \"resizeTo\": 40", "", "", FILES))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.resizeTo");
        assertThatThrownBy(() -> readAs("stretch", BYTES, "", "", FILES))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.resize must be short_side or long_side or squash: stretch");
    }

    @Test
    void textsAreFilledUpBehindUnlessItIsSaidOtherwise() throws IOException {
        assertThat(read(BYTES, "", "").text().padsLeft()).isFalse();
        assertThat(read(BYTES, ", \"padSide\": \"left\"", "").text().padsLeft()).isTrue();
        assertThatThrownBy(() -> read(BYTES, ", \"padSide\": \"both\"", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("text.padSide");
    }

    @Test
    void unknownLayoutIsRefused() {
        assertThatThrownBy(() -> read("\"input\": \"float16_nchw\", \"normalizeInGraph\": true", "", ""))
                .isInstanceOf(InvalidModelException.class)
                .hasMessageContaining("image.input must be uint8_nhwc or float32_nchw: float16_nchw");
    }

    @Test
    void tablesAreMarkedWithTheFingerprintOfTheModelItself() throws IOException {
        ModelDescriptor descriptor = read(BYTES, "", "");

        assertThat(descriptor.tableFingerprint()).isEqualTo(descriptor.fingerprint());
    }

    @Test
    void betterTextEncoderServesTheTablesOfTheFirst() throws IOException {
        String first = "a".repeat(64);

        ModelDescriptor descriptor = read(BYTES, "", "\"tableFingerprint\": \"" + first + "\",");

        assertThat(descriptor.tableFingerprint()).isEqualTo(first);
        assertThat(descriptor.fingerprint()).isNotEqualTo(first);
    }

    @Test
    void vectorsOfOtherLengthAreSaidToBeSo() throws IOException {
        assertThat(read(BYTES, "", "\"unitLength\": false,").givesUnitLength()).isFalse();
    }
}

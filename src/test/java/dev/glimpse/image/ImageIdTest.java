package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.glimpse.testing.TestImages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIdTest {
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void isTheSha256OfTheBytes() {
        ImageId id = ImageId.of(new byte[] {'a', 'b', 'c'}, ImageFormat.PNG);

        assertThat(id.sha256()).isEqualTo(ABC);
        assertThat(id).hasToString("images/" + ABC + ".png");
    }

    @Test
    void sameBytesHaveTheSameIdAndOthersAnother() {
        ImageId first = ImageId.of(TestImages.png(5, 5, 1), ImageFormat.PNG);

        assertThat(ImageId.of(TestImages.png(5, 5, 1), ImageFormat.PNG)).isEqualTo(first);
        assertThat(ImageId.of(TestImages.png(5, 5, 2), ImageFormat.PNG)).isNotEqualTo(first);
    }

    @Test
    void whatIsPrintedIsParsedBack() {
        for (ImageFormat format : ImageFormat.values()) {
            ImageId id = new ImageId(ABC, format);

            assertThat(ImageId.parse(id.toString())).contains(id);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "images/",
                "images/12ab.png",
                "/images/" + ABC + ".png",
                ABC + ".png",
                "images/" + ABC,
                "images/" + ABC + ".",
                "images/" + ABC + ".exe",
                "images/" + ABC + ".PNG",
                "images/" + ABC + ".png/",
                "images/../" + ABC + ".png",
                "images/" + ABC + ".png\n",
                "images/BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD.png"
            })
    void anyOtherTextIsNoId(String text) {
        assertThat(ImageId.parse(text)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(chars = {'/', ':', '`', 'g', 'A', 'F', ' ', '.', '\u0660', '\uff11'})
    void digitsAreThoseOfHashesInEachPlace(char wrong) {
        for (int place = 0; place < ABC.length(); place++) {
            String changed = ABC.substring(0, place) + wrong + ABC.substring(place + 1);

            assertThat(ImageId.isSha256(changed)).as(changed).isFalse();
            assertThat(ImageId.parse("images/" + changed + ".png")).as(changed).isEmpty();
        }
        assertThat(ImageId.isSha256(ABC)).isTrue();
        assertThat(ImageId.isSha256(ABC + "a")).isFalse();
        assertThat(ImageId.isSha256(ABC.substring(1))).isFalse();
    }

    @Test
    void refusesWhatIsNoHash() {
        assertThatThrownBy(() -> new ImageId("12ab", ImageFormat.PNG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("not a SHA-256: 12ab");
    }
}

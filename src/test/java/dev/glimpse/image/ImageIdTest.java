package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageIdTest {
    /** SHA-256 of "abc", from FIPS 180-2. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    @Test
    void idIsTheHashAndTheFormat() {
        ImageId id = ImageId.of("abc".getBytes(StandardCharsets.UTF_8), ImageFormat.JPEG);

        assertThat(id).hasToString("images/" + ABC + ".jpg");
        assertThat(ImageId.parse(id.toString())).contains(id);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "images/",
                "images/abc.jpg",
                "images/../../etc/passwd",
                "images/BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD.jpg",
                "images/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.exe",
                "images/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.jpg/x"
            })
    void nothingElseIsAnId(String text) {
        assertThat(ImageId.parse(text)).isEmpty();
    }

    @Test
    void nonsenseIsRefusedWithTheNonsenseInTheMessage() {
        assertThatThrownBy(() -> new ImageId("12ab", ImageFormat.PNG))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("12ab");
    }
}

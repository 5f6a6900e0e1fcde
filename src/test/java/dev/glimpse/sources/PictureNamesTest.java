package dev.glimpse.sources;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PictureNamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"a/b.JPG", "b.jpeg", "x.heic", "noextension", "a.b/c", "raw.CR2"})
    void nameOfAPictureOrWithoutAnExtensionMayBeOne(String key) {
        assertThat(PictureNames.mayBePicture(key)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.txt", "movie.mp4", ".hidden", "folder/", "a.jpg/", "x.jpg.gz"})
    void otherNamesAreNone(String key) {
        assertThat(PictureNames.mayBePicture(key)).isFalse();
    }
}

package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SourceRowsTest {
    private static final String ID = "images/" + "0a".repeat(32) + ".jpg";

    @ParameterizedTest
    @CsvSource({
        "s3://bucket/photos/a.jpg, photos/a.jpg",
        "s3://bucket/a.jpg, a.jpg",
        "photos/2024/a b.jpg, photos/2024/a b.jpg"
    })
    void pathOfAnotherNameIsTheKey(String path, String key) {
        assertThat(SourceRows.keyIn(ID, path)).contains(key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3://bucket/", "s3://bucket", "/etc/passwd", "../a.jpg", "https://example.org/a.jpg", ""})
    void pathThatIsNoKeyIsNone(String path) {
        assertThat(SourceRows.keyIn(ID, path)).isEmpty();
    }

    @Test
    void pictureThatLiesInACopyOfAnotherStoreHasThatKey() {
        assertThat(SourceRows.keyIn(ID, "s3://bucket/old/" + ID)).contains("old/" + ID);
        assertThat(SourceRows.keyIn(ID, "old/" + ID)).contains("old/" + ID);
    }

    @Test
    void pictureUnderItsIdHasNoOtherKey() {
        assertThat(SourceRows.keyIn(ID, ID)).isEmpty();
        assertThat(SourceRows.keyIn(ID, "s3://another/" + ID)).isEmpty();
        assertThat(SourceRows.keyIn(ID, null)).isEmpty();
    }
}

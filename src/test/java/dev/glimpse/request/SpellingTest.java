package dev.glimpse.request;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpellingTest {
    @ParameterizedTest
    @CsvSource({
        "limit, limit, 0",
        "LIMIT, limit, 0",
        "limt, limit, 1",
        "captoin, caption, 1",
        "serach, search, 1",
        "texts, text, 1",
        "'', text, 4",
        "kitten, sitting, 3"
    })
    void differencesAreLettersThatWereInsertedRemovedReplacedOrSwapped(String one, String other, int differences) {
        assertThat(Spelling.differences(one, other)).isEqualTo(differences);
        assertThat(Spelling.differences(other, one)).isEqualTo(differences);
    }

    @Test
    void nearestWordIsNamedUnlessAllAreFar() {
        List<String> known = List.of("file", "url", "caption", "tags", "durability");

        assertThat(Spelling.nearest("tag", known)).hasValue("tags");
        assertThat(Spelling.nearest("Caption", known)).hasValue("caption");
        assertThat(Spelling.nearest("image", known)).isEqualTo(Optional.empty());
        assertThat(Spelling.nearest("x".repeat(100_000), known)).isEqualTo(Optional.empty());
    }
}

package dev.glimpse.dataset.words;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.words.Words.Word;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordsTest {
    @ParameterizedTest
    @CsvSource({
        "Red BIKE, red bike",
        "'boxes, bikes; cities!', box bike city",
        "classes glass, class glass",
        "movies movie, movy movy",
        "houses house buses bus, hous hous bus bus",
        "caches cache potatoes potato, cach cach potato potato",
        "nights gas tennis cactus, night gas tennis cactus",
        "Crème brûlée, creme brulee",
        "Übergröße, ubergross",
        "IMG_2041.jpg, img 2041 jpg",
        "iphone12-front, iphone 12 front",
        "Anna's dog, anna dog",
        "велосипед ёлка, велосипед елка",
        "ποδήλατο, ποδηλατο",
        "دراجة حمراء, دراجة حمراء",
        "東京都, 東京 京都",
        "猫, 猫",
        "자전거, 자전 전거",
        "ＦＵＬＬ ｗｉｄｔｈ, full width",
        "'AND OR \"caption:x', and or caption x",
    })
    void queryIsSplitIntoWords(String text, String words) {
        assertThat(Words.of(text)).extracting(Word::stem).containsExactly(words.split(" "));
    }

    @Test
    void wordAsItIsWrittenIsKeptBesideItsStem() {
        assertThat(Words.of("Boxes")).containsExactly(new Word("boxes", "box"));
    }

    @ParameterizedTest
    @CsvSource({"'', 0", "'?! ---', 0", "☀, 0"})
    void textWithoutWordsHasNone(String text, int words) {
        assertThat(Words.of(text)).hasSize(words);
    }
}

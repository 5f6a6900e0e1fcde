package dev.glimpse.dataset.words;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.Picture;
import dev.glimpse.dataset.RowFilter;
import dev.glimpse.dataset.WordQuery;
import dev.glimpse.dataset.WordQuery.Match;
import dev.glimpse.dataset.words.WordSearch.Found;
import dev.glimpse.dataset.words.WordSearch.Part;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Instant;
import java.util.BitSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordSearchTest {
    private static final Embedding ANY_VECTOR = new Embedding(new float[] {1});

    @TempDir
    Path folder;

    private WordIndex index;

    @BeforeEach
    void open() {
        index = new WordIndex(folder);
    }

    @AfterEach
    void close() {
        index.close();
    }

    @ParameterizedTest
    @CsvSource({
        "bike, a red bike",
        "bikes, a red bike",
        "bike, two bikes",
        "box, boxes",
        "boxes, a box",
        "CAFE, 'the café'",
        "café, cafe",
        "Noel, Noël",
        "sun, sunset",
        "bicy, two bicycles",
        "bycycle, a bicycle",
        "bicylce, a bicycle",
        "movies, movie",
        "tigr, tiger",
        "zebra, Zeebra",
        "2041, IMG_2041.jpg",
        "img 2041, IMG_2041.jpg",
        "IMG_2041.jpg, IMG_2041.jpg",
        "bike, myRedBike.png",
        "iphone, iPhone.png",
        "猫, 黒猫がいる",
        "黒猫, 黒猫がいる",
        "東京, 東京都",
        "елка, Ёлка",
        "ποδηλατο, Ποδήλατο",
        "دراجة, دراجة حمراء",
        "자전거, 자전거를 타다",
        "fuss, Fuß",
        "the, the who",
    })
    void wordsFindTheText(String query, String text) {
        put(7, text);

        assertThat(search(Match.ANY, query)).containsExactly(7);
    }

    @ParameterizedTest
    @CsvSource({
        "cat, cot",
        "2041, IMG_2042.jpg",
        "bike, a bakery",
        "東京, 京都と大阪",
        "un, sun",
        "red the, the sea",
    })
    void wordsDoNotFindTheText(String query, String text) {
        put(7, text);

        assertThat(search(Match.ANY, query)).isEmpty();
    }

    @Test
    void rowsWithMoreOfTheWordsComeFirst() {
        put(0, "bike bike bike");
        put(1, "an endless story of a road through many a field where red is the colour of a bike");
        put(2, "red red");
        IntStream.range(3, 50).forEach(row -> put(row, "red"));

        assertThat(search(Match.ANY, "red bike")).startsWith(1, 0);
    }

    @Test
    void wordAsItIsWrittenComesBeforeLongerOnesAndThoseBeforeTypos() {
        put(0, "bird");
        put(1, "beards");
        put(2, "bearing");
        put(3, "bears by the bear river with a very long caption that says more than it has to");
        put(4, "pear");

        assertThat(search(Match.ANY, "bear")).containsExactly(3, 1, 2, 4);
    }

    @Test
    void newestComesFirstAmongEqualOnes() {
        index.put(0, picture("cat", 10));
        index.put(1, picture("cat", 30));
        index.put(2, picture("cat", 20));
        index.put(3, picture("cat", 20));
        index.refresh();

        assertThat(search(Match.ANY, "cat")).containsExactly(1, 2, 3, 0);
    }

    @Test
    void sureSearchFindsRowsThatHaveMostOfTheWords() {
        put(0, "red");
        put(1, "red bike");
        put(2, "red bike in the snow");
        put(3, "snow");

        assertThat(search(Match.MOST, "a red bike in snow")).containsExactly(2, 1);
        assertThat(search(Match.MOST, "red bike")).containsExactlyInAnyOrder(1, 2);
        assertThat(search(Match.MOST, "red")).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void sureSearchTakesTyposOfLongWordsAloneAndOnlyIfNoRowHasTheWord() {
        put(0, "pear");
        put(1, "bicycle");

        assertThat(search(Match.MOST, "bear")).isEmpty();
        assertThat(search(Match.MOST, "bycycle")).containsExactly(1);

        put(2, "bycycle");

        assertThat(search(Match.MOST, "bycycle")).containsExactly(2);
    }

    @Test
    void stopWordsCountOnlyIfThereAreNoOthers() {
        put(0, "a.jpg");
        put(1, "the picture of it");
        put(2, "bike");

        assertThat(search(Match.MOST, "a picture of a bike")).containsExactly(2);
        assertThat(search(Match.ANY, "a picture of a bike")).containsExactly(2);
        assertThat(search(Match.ANY, "picture")).containsExactly(1);
    }

    @Test
    void rowsWithAllWordsOfATextAreLeftOut() {
        put(0, "red bike");
        put(1, "red bikes at night");
        put(2, "bike at night");

        assertThat(searchWithout("bike", "red nights")).containsExactlyInAnyOrder(0, 2);
        assertThat(searchWithout("bike", "?!")).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*:*",
                "caption:x OR *:*",
                "AND",
                "\"unbalanced",
                "(",
                "' OR 1=1 --",
                "\\",
                "~",
                "?",
                "[a TO z]",
                "\u0000",
                "\ud800",
                "{!func}",
                "/.*/"
            })
    void textIsNeverReadAsAQueryLanguage(String query) {
        put(0, "nothing of that");

        assertThat(search(Match.ANY, query)).isEmpty();
        assertThat(search(Match.MOST, query)).isEmpty();
    }

    @Test
    void wordsOfAQueryLanguageAreWords() {
        put(0, "rock and roll");
        put(1, "caption x");

        assertThat(search(Match.ANY, "AND")).containsExactly(0);
        assertThat(search(Match.ANY, "caption:x OR *:*")).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dog house dog", "dogs house dog"})
    void wordThatIsAskedForTwiceCountsOnce(String query) {
        put(0, "dog");
        put(1, "dog house");

        assertThat(search(Match.MOST, query)).containsExactly(1);
    }

    @Test
    void wordIsLookedForBesideAStopWordOfTheSameStem() {
        put(0, "dog shows in town");

        assertThat(search(Match.MOST, "show me dog shows")).containsExactly(0);
    }

    @Test
    void longQueryIsAnsweredByItsFirstWords() {
        String words = IntStream.rangeClosed(1, 33).mapToObj(i -> letters(i)).collect(Collectors.joining(" "));
        put(2, letters(1));
        put(3, letters(33));

        assertThat(search(Match.ANY, words)).containsExactly(2);
        assertThat(WordSearch.takesAll(List.of(words))).isFalse();
        assertThat(WordSearch.takesAll(List.of("a red bike"))).isTrue();
        assertThat(search(Match.ANY, "x".repeat(1000))).isEmpty();
        assertThat(search(Match.ANY, "x ".repeat(500))).isEmpty();
    }

    @Test
    void captionTagsAndFilenameAreSearched() {
        index.put(0, picture("bike.jpg", "red", List.of("summer")));
        index.put(1, picture(null, null, List.of()));
        index.refresh();

        assertThat(search(Match.MOST, "red summer bike")).containsExactly(0);
    }

    @Test
    void rowThatIsPutAgainHasItsNewWordsAlone() {
        put(0, "cat");
        put(0, "dog");
        put(1, "dog");
        index.put(1, picture(null, null, List.of()));
        index.refresh();

        assertThat(search(Match.ANY, "cat")).isEmpty();
        assertThat(search(Match.ANY, "dog")).containsExactly(0);
    }

    @Test
    void removedRowIsFoundByReadersFromBeforeAlone() {
        put(0, "cat");
        put(1, "cat");
        try (WordReader before = index.reader()) {
            BitSet one = new BitSet();
            one.set(1);
            index.retain(one);
            index.refresh();

            assertThat(search(Match.ANY, "cat")).containsExactly(1);
            assertThat(rows(List.of(new Part(before, all())), query(Match.ANY, "cat", List.of())))
                    .containsExactlyInAnyOrder(0, 1);
        }
    }

    @Test
    void onlyRowsThatMayBeFoundAreFound() {
        IntStream.range(0, 100).forEach(row -> put(row, "cat"));
        BitSet odd = new BitSet();
        IntStream.range(0, 100).filter(row -> row % 2 == 1).forEach(odd::set);

        try (WordReader reader = index.reader()) {
            assertThat(rows(List.of(new Part(reader, odd)), query(Match.ANY, "cat", List.of())))
                    .hasSize(20)
                    .allMatch(row -> row % 2 == 1);
        }
    }

    @Test
    void indexesAreSearchedAsIfTheyWereOne() {
        put(0, "cat");
        put(1, "a black cat on a wall");
        try (WordIndex other = new WordIndex(folder)) {
            other.put(0, picture("black cat", 0));
            other.put(1, picture("dog", 0));
            other.refresh();
            try (WordReader first = index.reader();
                    WordReader second = other.reader()) {
                List<Found> found = WordSearch.search(
                        List.of(new Part(first, all()), new Part(second, all())),
                        query(Match.ANY, "black cat", List.of()));

                assertThat(found).containsExactly(new Found(1, 0), new Found(0, 1), new Found(0, 0));
            }
        }
    }

    private static String letters(int number) {
        return Character.toString('a' + number % 26).repeat(5)
                + Character.toString('a' + number / 26).repeat(5);
    }

    private void put(int row, String text) {
        index.put(row, picture(text, 0));
        index.refresh();
    }

    private static Picture picture(String caption, long micros) {
        return new Picture(
                "id", null, null, null, null, null, Instant.EPOCH.plusNanos(micros * 1000), null, caption, List.of());
    }

    private static Picture picture(@Nullable String filename, @Nullable String caption, List<String> tags) {
        return new Picture("id", null, null, null, null, null, null, filename, caption, tags);
    }

    private List<Integer> search(Match match, String text) {
        try (WordReader reader = index.reader()) {
            return rows(List.of(new Part(reader, all())), query(match, text, List.of()));
        }
    }

    private List<Integer> searchWithout(String text, String without) {
        try (WordReader reader = index.reader()) {
            return rows(List.of(new Part(reader, all())), query(Match.ANY, text, List.of(without)));
        }
    }

    private static List<Integer> rows(List<Part> parts, WordQuery query) {
        return WordSearch.search(parts, query).stream().map(Found::row).toList();
    }

    private static BitSet all() {
        BitSet all = new BitSet();
        all.set(0, 1000);
        return all;
    }

    private static WordQuery query(Match match, String text, List<String> without) {
        return new WordQuery(Stream.of(text).toList(), without, match, ANY_VECTOR, 20, RowFilter.NONE);
    }
}

package dev.glimpse.dataset.words;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.core.LowerCaseFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.KeywordRepeatFilter;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.miscellaneous.WordDelimiterGraphFilter;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.PositionIncrementAttribute;

/**
 * Splits texts into words: where Unicode says so, at separators of file names and between letters and digits, in texts of rows between a
 * small and a capital letter as well. Chinese, Japanese and Korean have no spaces between words, so two characters side by side count as a
 * word. Capitals and accents do not count. Safe for use by several threads.
 */
final class Words {
    /** More words than a model takes of a text; it bounds the work of a query. */
    static final int MOST = 32;

    /** These say nothing of what is wanted. Nearly every picture is a picture. */
    private static final Set<String> STOP_WORDS = Set.of(
            ("a an and are as at be but by for from has have i if in into is it its me my no not of on or our she he so some such that the"
                            + " their them then there these they this those to was we were what where which who will with you your"
                            + " photo photos photograph picture pictures image images pic pics show showing")
                    .split(" "));

    private static final Pattern ACCENTS = Pattern.compile("[\\u0300-\\u036f]+");

    /** Unicode holds words together around these. */
    private static final Pattern SEPARATORS = Pattern.compile("[._]");

    private static final int BOTH = WordDelimiterGraphFilter.GENERATE_WORD_PARTS
            | WordDelimiterGraphFilter.GENERATE_NUMBER_PARTS
            | WordDelimiterGraphFilter.SPLIT_ON_NUMERICS
            | WordDelimiterGraphFilter.STEM_ENGLISH_POSSESSIVE;

    /** For texts of rows; the text must be {@link #folded}. */
    static final Analyzer OF_ROWS = analyzer(
            true, BOTH | WordDelimiterGraphFilter.SPLIT_ON_CASE_CHANGE | WordDelimiterGraphFilter.PRESERVE_ORIGINAL);

    private static final Analyzer OF_QUERIES = analyzer(false, BOTH);

    private Words() {}

    /**
     * A word that is looked for.
     *
     * @param written without capitals and accents
     * @param stem what is the same for singular and plural
     */
    record Word(String written, String stem) {
        int letters() {
            return written.codePointCount(0, written.length());
        }

        /** Whether it has no digit and no sign, nor two characters that stand for a word. */
        boolean isOfLetters() {
            return written.codePoints()
                    .allMatch(letter -> Character.isAlphabetic(letter) && !Character.isIdeographic(letter));
        }
    }

    /** The text without accents, and with spaces where words end that Unicode holds together. */
    static String folded(String text) {
        String apart = ACCENTS.matcher(Normalizer.normalize(text, Normalizer.Form.NFKD))
                .replaceAll("");
        return SEPARATORS
                .matcher(Normalizer.normalize(apart, Normalizer.Form.NFC))
                .replaceAll(" ");
    }

    /** The words of a query in their order, as often as they are there. */
    static List<Word> of(String query) {
        List<Word> words = new ArrayList<>();
        try (TokenStream tokens = OF_QUERIES.tokenStream("", folded(query))) {
            CharTermAttribute term = tokens.addAttribute(CharTermAttribute.class);
            PositionIncrementAttribute steps = tokens.addAttribute(PositionIncrementAttribute.class);
            tokens.reset();
            while (tokens.incrementToken()) {
                String token = term.toString();
                if (steps.getPositionIncrement() > 0 || words.isEmpty()) {
                    words.add(new Word(token, token));
                } else {
                    int last = words.size() - 1;
                    words.set(last, new Word(words.get(last).written, token));
                }
            }
            tokens.end();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot split a text that is in memory", e);
        }
        return words;
    }

    /** Whether a word says nothing of what is wanted. */
    static boolean isStopWord(Word word) {
        return STOP_WORDS.contains(word.written);
    }

    private static Analyzer analyzer(boolean singles, int splits) {
        return new Analyzer() {
            @Override
            protected TokenStreamComponents createComponents(String field) {
                StandardTokenizer tokenizer = new StandardTokenizer();
                TokenStream pairs = new CJKBigramFilter(
                        tokenizer,
                        CJKBigramFilter.HAN
                                | CJKBigramFilter.HIRAGANA
                                | CJKBigramFilter.KATAKANA
                                | CJKBigramFilter.HANGUL,
                        singles);
                TokenStream parts = new WordDelimiterGraphFilter(pairs, splits, null);
                TokenStream folded = new ASCIIFoldingFilter(new LowerCaseFilter(parts));
                return new TokenStreamComponents(
                        tokenizer, new RemoveDuplicatesTokenFilter(new PluralFilter(new KeywordRepeatFilter(folded))));
            }
        };
    }
}

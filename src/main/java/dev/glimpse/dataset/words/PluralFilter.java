package dev.glimpse.dataset.words;

import java.io.IOException;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tokenattributes.KeywordAttribute;

/**
 * Gives singular and plural of regular nouns the same form, which may be no word: box and boxes are box, city and cities city, movie and
 * movies movy, house and houses hous. Lucene's own for English part boxes from box, or nights from night.
 */
final class PluralFilter extends TokenFilter {
    /** A shorter word that ends with s is hardly ever a plural. */
    private static final int SHORTEST = 4;

    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);
    private final KeywordAttribute keyword = addAttribute(KeywordAttribute.class);

    PluralFilter(TokenStream input) {
        super(input);
    }

    @Override
    public boolean incrementToken() throws IOException {
        if (!input.incrementToken()) {
            return false;
        }
        if (!keyword.isKeyword()) {
            String word = term.toString();
            String form = form(word);
            if (!form.equals(word)) {
                term.setEmpty().append(form);
            }
        }
        return true;
    }

    static String form(String word) {
        String form = isPlural(word) ? word.substring(0, word.length() - 1) : word;
        if (form.length() < SHORTEST || !form.endsWith("e")) {
            return form;
        }
        String rest = form.substring(0, form.length() - 1);
        if (rest.endsWith("i")) {
            return rest.substring(0, rest.length() - 1) + "y";
        }
        return rest.endsWith("x")
                        || rest.endsWith("s")
                        || rest.endsWith("z")
                        || rest.endsWith("o")
                        || rest.endsWith("ch")
                        || rest.endsWith("sh")
                ? rest
                : form;
    }

    private static boolean isPlural(String word) {
        return word.length() >= SHORTEST
                && word.endsWith("s")
                && !word.endsWith("ss")
                && !word.endsWith("us")
                && !word.endsWith("is");
    }
}

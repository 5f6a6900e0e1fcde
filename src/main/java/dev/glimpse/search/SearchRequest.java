package dev.glimpse.search;

import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageId;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.Parameter;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks.
 *
 * @param filter of the rows that may be found
 * @param minRelevance below which a hit is left out; null for none
 * @param version of the table that is searched; null for the newest, or for that of {@code asOf}
 * @param asOf as of which the table is searched; null for now
 */
record SearchRequest(
        List<Term> terms,
        RowFilter filter,
        int limit,
        boolean exact,
        @Nullable Double minRelevance,
        @Nullable Long version,
        @Nullable Instant asOf) {
    private static final int USUAL_LIMIT = 10;
    private static final int MOST_WEIGHT = 1000;

    /**
     * Reads it.
     *
     * @param samples pictures that came with the request, in their order
     * @param mostHits the largest limit
     * @throws InvalidQueryException if a parameter is not what it has to be, or two exclude each other
     * @throws PictureNotFoundException if no picture is ever called as one is
     */
    static SearchRequest of(ParameterValues values, List<Term.Sample> samples, int mostHits) {
        Long version = values.wholeNumber(SearchParameter.VERSION);
        Instant asOf = values.time(SearchParameter.AS_OF);
        if (version != null && asOf != null) {
            throw new InvalidQueryException("version and asOf exclude each other: both name the table to be searched");
        }
        List<Term> terms = new ArrayList<>();
        words(values, SearchParameter.TEXT, SearchParameter.TEXT_WEIGHT, 1, terms);
        likes(values, SearchParameter.LIKE, SearchParameter.LIKE_WEIGHT, 1, terms);
        terms.addAll(weighted(values, samples));
        if (terms.isEmpty()) {
            throw new InvalidQueryException(
                    "nothing is looked for: give text, what a picture shows, or like, the id of a picture");
        }
        words(values, SearchParameter.NOT, SearchParameter.NOT_WEIGHT, -1, terms);
        likes(values, SearchParameter.NOT_LIKE, SearchParameter.NOT_LIKE_WEIGHT, -1, terms);
        Double minRelevance = values.share(SearchParameter.MIN_RELEVANCE);
        if (minRelevance != null && (version != null || asOf != null || !isOneText(terms))) {
            throw new InvalidQueryException("minRelevance needs a search by one text among the pictures of today:"
                    + " of pictures, mixtures and the past no relevance is known");
        }
        return new SearchRequest(
                terms,
                Filters.of(values),
                values.wholeNumber(SearchParameter.LIMIT, Math.min(USUAL_LIMIT, mostHits), 1, mostHits),
                values.flag(SearchParameter.EXACT),
                minRelevance,
                version,
                asOf);
    }

    /** The pictures of today that one text describes. */
    static SearchRequest of(String text, int limit, boolean exact, @Nullable Double minRelevance) {
        return new SearchRequest(
                List.of(new Term.Words(text, 1)), RowFilter.NONE, limit, exact, minRelevance, null, null);
    }

    /** Whether a text alone is searched for: of nothing else a relevance is known. */
    boolean isOneText() {
        return isOneText(terms);
    }

    private static boolean isOneText(List<Term> terms) {
        return terms.size() == 1 && terms.get(0) instanceof Term.Words;
    }

    /** What is asked, in one line: a text alone stands as it is. */
    String inWords() {
        StringBuilder words = new StringBuilder();
        for (Term term : terms) {
            if (term.weight() < 0 || !words.isEmpty()) {
                words.append(term.weight() < 0 ? " - " : " + ");
            }
            if (Math.abs(term.weight()) != 1) {
                words.append(Math.abs(term.weight())).append(' ');
            }
            words.append(term.inWords());
        }
        return words.toString();
    }

    private static void words(
            ParameterValues values, Parameter parameter, Parameter weight, int sign, List<Term> terms) {
        List<String> texts = values.all(parameter);
        List<Double> weights = values.weights(weight, texts.size(), parameter.parameterName(), MOST_WEIGHT);
        for (int i = 0; i < texts.size(); i++) {
            if (texts.get(i).isBlank()) {
                throw new InvalidQueryException(parameter.parameterName() + " is empty: say what a picture shows");
            }
            terms.add(new Term.Words(texts.get(i), sign * weights.get(i)));
        }
    }

    private static void likes(
            ParameterValues values, Parameter parameter, Parameter weight, int sign, List<Term> terms) {
        List<String> ids = values.all(parameter);
        List<Double> weights = values.weights(weight, ids.size(), parameter.parameterName(), MOST_WEIGHT);
        for (int i = 0; i < ids.size(); i++) {
            String text = ids.get(i);
            ImageId id = ImageId.parse(text)
                    .orElseThrow(() -> new PictureNotFoundException(parameter.parameterName()
                            + " must be the id of a picture, images/{sha256}.{ext}, and this is none: " + text));
            terms.add(new Term.Like(id, sign * weights.get(i)));
        }
    }

    private static List<Term.Sample> weighted(ParameterValues values, List<Term.Sample> samples) {
        List<Double> weights = values.weights(SearchParameter.FILE_WEIGHT, samples.size(), "file", MOST_WEIGHT);
        List<Term.Sample> weighted = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            weighted.add(samples.get(i).withWeight(weights.get(i)));
        }
        return weighted;
    }
}

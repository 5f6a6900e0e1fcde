package dev.glimpse.search;

import dev.glimpse.dataset.RowFilter;
import dev.glimpse.image.ImageId;
import dev.glimpse.image.Region;
import dev.glimpse.request.InvalidQueryException;
import dev.glimpse.request.Parameter;
import dev.glimpse.request.ParameterValues;
import dev.glimpse.request.PictureNotFoundException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks.
 *
 * @param filter of the rows that may be found
 * @param exact whether the query is compared with every row
 * @param model name of the model whose vectors are compared; null for the active one
 * @param mode by what pictures are found; null for both if there are words, and rows have them
 * @param minRelevance below which a hit is left out; null for none
 * @param version of the table that is searched; null for the newest, or for that of {@code asOf}
 * @param asOf as of which the table is searched; null for now
 * @param facets whether the rows that may be found are counted
 * @param explain whether the answer says what it took
 */
record SearchRequest(
        List<Term> terms,
        RowFilter filter,
        Page page,
        boolean exact,
        @Nullable String model,
        @Nullable Mode mode,
        @Nullable Double minRelevance,
        @Nullable Long version,
        @Nullable Instant asOf,
        boolean facets,
        boolean explain) {
    private static final int USUAL_LIMIT = 10;
    private static final int MOST_WEIGHT = 1000;
    private static final Pattern CROP = Pattern.compile("([0-9]+),([0-9]+),([0-9]+),([0-9]+)");

    /**
     * The part of the result that is wanted.
     *
     * @param limit of its pictures, at least 1
     * @param cursor where it begins; null for the first page
     * @param print of the query without its pictures, by which cursors of other queries are known
     */
    record Page(int limit, @Nullable String cursor, long print) {}

    /** The first pictures of today that are like something. */
    SearchRequest(
            List<Term> terms,
            RowFilter filter,
            int limit,
            boolean exact,
            @Nullable Mode mode,
            @Nullable Double minRelevance) {
        this(terms, filter, new Page(limit, null, 0), exact, null, mode, minRelevance, null, null, false, false);
    }

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
        boolean facets = values.flag(SearchParameter.FACETS);
        if (facets && (version != null || asOf != null)) {
            throw new InvalidQueryException("facets counts the pictures of today; leave out version and asOf");
        }
        List<Term> terms = new ArrayList<>();
        words(values, SearchParameter.TEXT, SearchParameter.TEXT_WEIGHT, 1, terms);
        Region crop = crop(values, samples);
        likes(values, SearchParameter.LIKE, SearchParameter.LIKE_WEIGHT, 1, crop, terms);
        files(values, samples, crop, terms);
        if (terms.isEmpty()) {
            throw new InvalidQueryException(
                    "nothing is looked for: give text, what a picture shows, or like, the id of a picture");
        }
        words(values, SearchParameter.NOT, SearchParameter.NOT_WEIGHT, -1, terms);
        likes(values, SearchParameter.NOT_LIKE, SearchParameter.NOT_LIKE_WEIGHT, -1, null, terms);
        Double minRelevance = values.share(SearchParameter.MIN_RELEVANCE);
        if (minRelevance != null && (version != null || asOf != null || !isOneText(terms))) {
            throw new InvalidQueryException("minRelevance needs a search by one text among the pictures of today:"
                    + " of pictures, mixtures and the past no relevance is known");
        }
        Mode mode = mode(values);
        if (mode != null && mode != Mode.VECTOR) {
            requireWords(mode, values, terms, version != null || asOf != null);
        }
        return new SearchRequest(
                terms,
                Filters.of(values),
                new Page(
                        values.wholeNumber(SearchParameter.LIMIT, Math.min(USUAL_LIMIT, mostHits), 1, mostHits),
                        values.one(SearchParameter.CURSOR).orElse(null),
                        SearchParameter.print(values)),
                values.flag(SearchParameter.EXACT),
                values.one(SearchParameter.MODEL).orElse(null),
                mode,
                minRelevance,
                version,
                asOf,
                facets,
                values.flag(SearchParameter.EXPLAIN));
    }

    int limit() {
        return page.limit();
    }

    private static @Nullable Mode mode(ParameterValues values) {
        String value = values.one(SearchParameter.MODE).orElse(null);
        if (value == null) {
            return null;
        }
        return Arrays.stream(Mode.values())
                .filter(mode -> mode.parameterValue().equals(value))
                .findFirst()
                .orElseThrow(() -> new InvalidQueryException(
                        "mode must be one of vector, text, hybrid: " + ParameterValues.shortened(value)));
    }

    /** Nothing that is asked may be without effect. */
    private static void requireWords(Mode mode, ParameterValues values, List<Term> terms, boolean past) {
        String asked = "mode=" + mode.parameterValue();
        if (past) {
            throw new InvalidQueryException(asked
                    + " excludes version and asOf: the words of the past are not kept, so it is searched by vector");
        }
        if (values.all(SearchParameter.TEXT).isEmpty()) {
            throw new InvalidQueryException(asked + " needs text: the words that are looked for");
        }
        if (mode == Mode.TEXT) {
            if (!terms.stream().allMatch(Term.Words.class::isInstance)) {
                throw new InvalidQueryException(
                        asked + " takes no pictures, neither like nor notLike nor file: it compares words alone");
            }
            for (SearchParameter vectorOnly : List.of(
                    SearchParameter.TEXT_WEIGHT,
                    SearchParameter.NOT_WEIGHT,
                    SearchParameter.EXACT,
                    SearchParameter.MODEL,
                    SearchParameter.MIN_RELEVANCE)) {
                if (!values.all(vectorOnly).isEmpty()) {
                    throw new InvalidQueryException(
                            vectorOnly.parameterName() + " has no meaning with " + asked + ": leave it out");
                }
            }
        }
    }

    /** Texts whose words may be looked for. */
    List<String> texts() {
        return wordsOf(term -> term.weight() > 0);
    }

    /** Texts that are not wanted. */
    List<String> unwantedTexts() {
        return wordsOf(term -> term.weight() < 0);
    }

    private List<String> wordsOf(Predicate<Term> condition) {
        return terms.stream()
                .filter(Term.Words.class::isInstance)
                .filter(condition)
                .map(Term::inWords)
                .toList();
    }

    /** The first pictures of today that one text describes. */
    static SearchRequest of(String text, int limit, boolean exact, @Nullable Mode mode) {
        return new SearchRequest(List.of(new Term.Words(text, 1)), RowFilter.NONE, limit, exact, mode, null);
    }

    /** This request, of another model. */
    SearchRequest of(String other) {
        return new SearchRequest(terms, filter, page, exact, other, mode, minRelevance, version, asOf, facets, explain);
    }

    /** Whether the relevance of hits can be known: of today's pictures, if a text alone is searched for. */
    boolean hasRelevance() {
        return version == null && asOf == null && isOneText(terms);
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

    private static @Nullable Region crop(ParameterValues values, List<Term.Sample> samples) {
        String crop = values.one(SearchParameter.CROP).orElse(null);
        if (crop == null) {
            return null;
        }
        int pictures = values.all(SearchParameter.LIKE).size() + samples.size();
        if (pictures != 1) {
            throw new InvalidQueryException("crop is a part of one picture, like or file, and there are " + pictures);
        }
        Matcher numbers = CROP.matcher(crop);
        try {
            if (numbers.matches()) {
                return new Region(
                        Integer.parseInt(numbers.group(1)),
                        Integer.parseInt(numbers.group(2)),
                        Integer.parseInt(numbers.group(3)),
                        Integer.parseInt(numbers.group(4)));
            }
        } catch (IllegalArgumentException e) {
            // A number has too many digits, or a side is 0.
        }
        throw new InvalidQueryException(
                "crop must be x,y,width,height in pixels of the upright picture, such as 0,0,640,480: "
                        + ParameterValues.shortened(crop));
    }

    private static void likes(
            ParameterValues values,
            Parameter parameter,
            Parameter weight,
            int sign,
            @Nullable Region crop,
            List<Term> terms) {
        List<String> ids = values.all(parameter);
        List<Double> weights = values.weights(weight, ids.size(), parameter.parameterName(), MOST_WEIGHT);
        for (int i = 0; i < ids.size(); i++) {
            String text = ids.get(i);
            ImageId id = ImageId.parse(text)
                    .orElseThrow(() -> new PictureNotFoundException(parameter.parameterName()
                            + " must be the id of a picture, images/{sha256}.{ext}, and this is none: "
                            + ParameterValues.shortened(text)));
            terms.add(new Term.Like(id, sign * weights.get(i), crop));
        }
    }

    private static void files(
            ParameterValues values, List<Term.Sample> samples, @Nullable Region crop, List<Term> terms) {
        List<Double> weights = values.weights(SearchParameter.FILE_WEIGHT, samples.size(), "file", MOST_WEIGHT);
        for (int i = 0; i < samples.size(); i++) {
            Term.Sample sample = samples.get(i);
            terms.add(new Term.Sample(sample.bytes(), sample.size(), weights.get(i), crop));
        }
    }
}

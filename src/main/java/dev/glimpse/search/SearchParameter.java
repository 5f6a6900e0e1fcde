package dev.glimpse.search;

import dev.glimpse.request.Parameter;
import dev.glimpse.request.ParameterValues;
import java.util.EnumSet;
import java.util.Set;

/** What a search may be asked. */
enum SearchParameter implements Parameter {
    TEXT("text", true),
    TEXT_WEIGHT("textWeight", true),
    LIKE("like", true),
    LIKE_WEIGHT("likeWeight", true),
    NOT("not", true),
    NOT_WEIGHT("notWeight", true),
    NOT_LIKE("notLike", true),
    NOT_LIKE_WEIGHT("notLikeWeight", true),
    FILE_WEIGHT("fileWeight", true),
    CROP("crop", false),
    TYPE("type", true),
    ORIENTATION("orientation", true),
    MIN_WIDTH("minWidth", false),
    MAX_WIDTH("maxWidth", false),
    MIN_HEIGHT("minHeight", false),
    MAX_HEIGHT("maxHeight", false),
    MIN_BYTES("minBytes", false),
    MAX_BYTES("maxBytes", false),
    UPLOADED_AFTER("uploadedAfter", false),
    UPLOADED_BEFORE("uploadedBefore", false),
    TAKEN_AFTER("takenAfter", false),
    TAKEN_BEFORE("takenBefore", false),
    TAG("tag", true),
    ANY_TAG("anyTag", true),
    FILENAME("filename", true),
    FILENAME_PREFIX("filenamePrefix", true),
    CAPTION("caption", true),
    CAPTION_PREFIX("captionPrefix", true),
    LIMIT("limit", false),
    CURSOR("cursor", false),
    EXACT("exact", false),
    MODE("mode", false),
    MODEL("model", false),
    MIN_RELEVANCE("minRelevance", false),
    VERSION("version", false),
    AS_OF("asOf", false),
    FACETS("facets", false),
    EXPLAIN("explain", false);

    /** These change what an answer says, and not which pictures are found. */
    private static final Set<SearchParameter> OF_PAGE = EnumSet.of(LIMIT, CURSOR, FACETS, EXPLAIN);

    private final String name;
    private final boolean list;

    SearchParameter(String name, boolean list) {
        this.name = name;
        this.list = list;
    }

    @Override
    public String parameterName() {
        return name;
    }

    @Override
    public boolean isList() {
        return list;
    }

    /** All that is said of which pictures are found, as a number that is very likely another one for another query. */
    static long print(ParameterValues values) {
        StringBuilder said = new StringBuilder();
        for (SearchParameter parameter : values()) {
            if (!OF_PAGE.contains(parameter)) {
                values.all(parameter)
                        .forEach(value -> said.append(parameter.name)
                                .append('=')
                                .append(value.length())
                                .append(':')
                                .append(value));
            }
        }
        return SearchCursor.print(said.toString());
    }
}

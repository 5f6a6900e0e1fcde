package dev.glimpse.search;

import dev.glimpse.request.Parameter;

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
    TAG("tag", true),
    ANY_TAG("anyTag", true),
    FILENAME("filename", true),
    FILENAME_PREFIX("filenamePrefix", true),
    CAPTION("caption", true),
    CAPTION_PREFIX("captionPrefix", true),
    LIMIT("limit", false),
    EXACT("exact", false),
    MIN_RELEVANCE("minRelevance", false),
    VERSION("version", false),
    AS_OF("asOf", false);

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
}

package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch;
import dev.glimpse.search.ImageSearch.Hits;
import dev.glimpse.search.Mode;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds pictures by words. */
final class SearchTool implements AgentTool<SearchTool.Query> {
    private final ImageSearch search;
    private final Tickets tickets;
    private final Tool definition;

    SearchTool(ImageSearch search, Tickets tickets, McpJsonMapper json) {
        this.search = search;
        this.tickets = tickets;
        this.definition = Tool.builder("search_pictures", json, """
                        {"type": "object", "additionalProperties": false, "required": ["text"], "properties": {
                          "text": {"type": "string", "minLength": 1, "maxLength": %d,
                            "description": "What the pictures show, in some English words, such as: a red car in the snow"},
                          "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 100,
                            "description": "Only pictures that have all of these tags, spelled as they are"},
                          "limit": {"type": "integer", "minimum": 1, "maximum": %d, "default": %d},
                          "mode": {"type": "string", "enum": ["vector", "text", "hybrid"],
                            "description": "vector compares what pictures show, text compares words with captions, tags and \
                        file names, hybrid does both and is taken by default"},
                          "minRelevance": {"type": "number", "minimum": 0, "maximum": 1,
                            "description": "Leaves out pictures with less relevance, but for those that have the words; 0.25 is usual. Then an \
                        answer may be empty"}}}
                        """.formatted(
                        search.longestText(), Math.min(PictureSummary.MOST, search.mostHits()), PictureSummary.USUAL))
                .title("Search pictures")
                .description("""
                        Finds the pictures that fit a description best. Compares what pictures show and, where captions, tags or file \
                        names have the words, these as well; matched says which. There always are nearest pictures, so a hit that only \
                        its vector matched need not fit: see its relevance, or set minRelevance, and look at a hit with \
                        look_at_picture.""")
                .outputSchema(json, """
                        {"type": "object", "required": ["pictures", "mode", "truncated", "stale"], "properties": {
                          "pictures": {"type": "array", "items": %s},
                          "mode": {"type": "string", "description": "By what pictures were found: vector, text or hybrid"},
                          "note": {"type": "string", "description": "What could not be done"},
                          "truncated": {"type": "boolean", "description": "The end of the text was too long for the model"},
                          "stale": {"type": "boolean", "description": "The newest pictures may be missing"}}}
                        """.formatted(PictureSummary.SCHEMA))
                .annotations(Hints.READS)
                .build();
    }

    record Query(
            String text,
            @Nullable List<String> tags,
            @Nullable Integer limit,
            @Nullable Mode mode,
            @Nullable Double minRelevance) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Found(
            List<PictureSummary> pictures,
            Mode mode,
            @Nullable String note,
            boolean truncated,
            boolean stale) {}

    @Override
    public Tool definition() {
        return definition;
    }

    @Override
    public Class<Query> arguments() {
        return Query.class;
    }

    @Override
    public CallToolResult call(Query query, Call call) {
        int limit = query.limit() == null ? PictureSummary.USUAL : query.limit();
        List<String> tags = query.tags() == null ? List.of() : query.tags();
        Hits hits = search.search(
                query.text(),
                tags,
                limit,
                query.mode(),
                query.minRelevance(),
                tickets.of(Purpose.SEARCH, call.request()));
        return CallToolResult.builder()
                .structuredContent(new Found(
                        hits.results().stream().map(PictureSummary::of).toList(),
                        hits.mode(),
                        hits.note(),
                        hits.truncated(),
                        hits.freshness().stale()))
                .build();
    }
}

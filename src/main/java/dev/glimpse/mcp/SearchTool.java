package dev.glimpse.mcp;

import dev.glimpse.fairness.Purpose;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch;
import dev.glimpse.search.ImageSearch.Hits;
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
                          "limit": {"type": "integer", "minimum": 1, "maximum": %d, "default": %d},
                          "minRelevance": {"type": "number", "minimum": 0, "maximum": 1,
                            "description": "Leaves out pictures with less relevance; 0.25 is usual. Then an answer may be empty"}}}
                        """.formatted(
                        search.longestText(), Math.min(PictureSummary.MOST, search.mostHits()), PictureSummary.USUAL))
                .title("Search pictures")
                .description("""
                        Finds the pictures that look most like a description, the nearest first. Compares what pictures show, not their \
                        file names, captions or tags. There always are nearest pictures, so a hit need not fit: see its relevance, or \
                        set minRelevance, and look at a hit with look_at_picture.""")
                .outputSchema(json, """
                        {"type": "object", "required": ["pictures", "truncated", "stale"], "properties": {
                          "pictures": {"type": "array", "items": %s},
                          "truncated": {"type": "boolean", "description": "The end of the text was too long for the model"},
                          "stale": {"type": "boolean", "description": "The newest pictures may be missing"}}}
                        """.formatted(PictureSummary.SCHEMA))
                .annotations(Hints.READS)
                .build();
    }

    record Query(
            String text, @Nullable Integer limit, @Nullable Double minRelevance) {}

    record Found(List<PictureSummary> pictures, boolean truncated, boolean stale) {}

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
        Hits hits =
                search.search(query.text(), limit, query.minRelevance(), tickets.of(Purpose.SEARCH, call.request()));
        return CallToolResult.builder()
                .structuredContent(new Found(
                        hits.results().stream().map(PictureSummary::of).toList(),
                        hits.truncated(),
                        hits.freshness().stale()))
                .build();
    }
}

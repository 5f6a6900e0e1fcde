package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.request.Tickets;
import dev.glimpse.search.ImageSearch;
import dev.glimpse.search.ImageSearch.Hits;
import dev.glimpse.search.Mode;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Finds pictures by words, or by another picture. Its arguments are parameters of {@code POST /search}; only {@code tags} has another name. */
final class SearchTool extends AgentTool<ObjectNode> {
    private static final String TIME =
            "{\"type\": \"string\", \"description\": \"Only pictures %s; a time with its offset, such as 2026-11-26T08:00:00Z\"}";

    private final ImageSearch search;
    private final Tickets tickets;

    SearchTool(ImageSearch search, Tickets tickets, McpJsonMapper json) {
        super(ObjectNode.class, definition(search, json));
        this.search = search;
        this.tickets = tickets;
    }

    private static Tool definition(ImageSearch search, McpJsonMapper json) {
        int longest = search.longestText();
        String types = Stream.of(ImageFormat.values())
                .map(format -> '"' + format.extension() + '"')
                .collect(Collectors.joining(", "));
        return Tool.builder("search_pictures", json, """
                        {"type": "object", "additionalProperties": false, "properties": {
                          "text": {"type": "string", "minLength": 1, "maxLength": %d,
                            "description": "What the pictures show, in some English words, such as: a red car in the snow"},
                          "like": {"type": "string", "pattern": "^images/[0-9a-f]{64}\\\\.[a-z]{3,4}$",
                            "description": "The id of a picture that others are to look like, alone or beside text"},
                          "not": {"type": "string", "minLength": 1, "maxLength": %d,
                            "description": "What the pictures are not to show; needs text or like"},
                          "tags": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 100,
                            "description": "Only pictures that have all of these tags, spelled as they are"},
                          "anyTag": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 100,
                            "description": "Only pictures that have one of these tags, spelled as they are"},
                          "caption": {"type": "string", "minLength": 1, "maxLength": 1000,
                            "description": "Only pictures whose caption contains this, whatever its case"},
                          "filename": {"type": "string", "minLength": 1, "maxLength": 1000,
                            "description": "Only pictures whose file name contains this, whatever its case"},
                          "type": {"type": "string", "enum": [%s], "description": "Only pictures of this format"},
                          "orientation": {"type": "string", "enum": ["landscape", "portrait", "square"]},
                          "takenAfter": %s,
                          "takenBefore": %s,
                          "uploadedAfter": %s,
                          "uploadedBefore": %s,
                          "limit": {"type": "integer", "minimum": 1, "maximum": %d, "default": %d},
                          "cursor": {"type": "string", "maxLength": 81000,
                            "description": "The next of the answer before, with the same other arguments; without it the best come"},
                          "mode": {"type": "string", "enum": ["vector", "text", "hybrid"],
                            "description": "vector compares what pictures show, text compares words with captions, tags and \
                        file names, hybrid does both and is taken by default"},
                          "minRelevance": {"type": "number", "minimum": 0, "maximum": 1,
                            "description": "Leaves out pictures with less relevance, but for those that have the words; 0.25 is usual. Then an \
                        answer may be empty. Needs text, and neither like nor not"}}}
                        """.formatted(
                                longest,
                                longest,
                                types,
                                TIME.formatted("taken at this time or later"),
                                TIME.formatted("taken before this time"),
                                TIME.formatted("uploaded at this time or later"),
                                TIME.formatted("uploaded before this time"),
                                Math.min(PictureSummary.MOST, search.mostHits()),
                                PictureSummary.USUAL))
                .title("Search pictures")
                .description("""
                        Finds the pictures that fit a description best, or look most like another picture: give text, like or both. Compares \
                        what pictures show and, where captions, tags or file names have the words, these as well; matched says which. There \
                        always are nearest pictures, so a hit that only its vector matched need not fit: see its relevance, or set \
                        minRelevance, and look at a hit with look_at_picture.""")
                .outputSchema(json, """
                        {"type": "object", "required": ["pictures", "mode", "truncated", "stale"], "properties": {
                          "pictures": {"type": "array", "items": %s},
                          "mode": {"type": "string", "description": "By what pictures were found: vector, text or hybrid"},
                          "note": {"type": "string", "description": "What could not be done"},
                          "truncated": {"type": "boolean", "description": "The end of the text was too long for the model"},
                          "stale": {"type": "boolean", "description": "The newest pictures may be missing"},
                          "next": {"type": "string", "description": "The cursor for the pictures after these; absent if there are none"}}}
                        """.formatted(PictureSummary.SCHEMA))
                .annotations(Hints.READS)
                .build();
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Found(
            List<PictureSummary> pictures,
            Mode mode,
            @Nullable String note,
            boolean truncated,
            boolean stale,
            @Nullable String next) {}

    @Override
    CallToolResult call(ObjectNode query, Call call) {
        JsonNode tags = query.remove("tags");
        if (tags != null) {
            query.set("tag", tags);
        }
        Hits hits = search.search(query, tickets.of(Purpose.SEARCH, call.request()));
        return CallToolResult.builder()
                .structuredContent(new Found(
                        hits.results().stream().map(PictureSummary::of).toList(),
                        hits.mode(),
                        hits.note(),
                        hits.truncated(),
                        hits.freshness().stale(),
                        hits.next()))
                .build();
    }
}

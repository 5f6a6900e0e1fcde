package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.pictures.PicturePages;
import dev.glimpse.pictures.PicturePages.Page;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lists the pictures, page by page. */
final class ListTool extends AgentTool<ListTool.Wanted> {
    private final PicturePages pages;

    ListTool(PicturePages pages, McpJsonMapper json) {
        super(
                Wanted.class,
                Tool.builder("list_pictures", json, """
                        {"type": "object", "additionalProperties": false, "properties": {
                          "limit": {"type": "integer", "minimum": 1, "maximum": %d, "default": %d},
                          "cursor": {"type": "string", "maxLength": 400,
                            "description": "The next of the answer before; without it the list begins"}}}
                        """.formatted(PictureSummary.MOST, PictureSummary.USUAL))
                        .title("List pictures")
                        .description("""
                        Lists the pictures by the time of their upload, the newest first. To find pictures of something, use \
                        search_pictures.""")
                        .outputSchema(json, """
                        {"type": "object", "required": ["pictures"], "properties": {
                          "pictures": {"type": "array", "items": %s},
                          "next": {"type": "string", "description": "The cursor for the pictures after these; absent if there are none"}}}
                        """.formatted(PictureSummary.SCHEMA))
                        .annotations(Hints.READS)
                        .build());
        this.pages = pages;
    }

    record Wanted(@Nullable Integer limit, @Nullable String cursor) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Listed(List<PictureSummary> pictures, @Nullable String next) {}

    @Override
    CallToolResult call(Wanted wanted, Call call) {
        Page page = pages.page(wanted.cursor(), wanted.limit() == null ? PictureSummary.USUAL : wanted.limit());
        return CallToolResult.builder()
                .structuredContent(new Listed(
                        page.pictures().stream().map(PictureSummary::of).toList(), page.next()))
                .build();
    }
}

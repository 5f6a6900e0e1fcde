package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.duplicates.DuplicateFinder;
import dev.glimpse.duplicates.DuplicateFinder.Duplicates;
import dev.glimpse.duplicates.DuplicateFinder.Page;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds groups of pictures that look the same, page by page. */
final class DuplicatesTool extends AgentTool<DuplicatesTool.Wanted> {
    /** Groups of one answer. */
    private static final int MOST = 20;

    private static final int USUAL = 5;

    /** Pictures of a group that an agent is told of. */
    private static final int MOST_PICTURES = 10;

    private final DuplicateFinder finder;

    DuplicatesTool(DuplicateFinder finder, McpJsonMapper json) {
        super(
                Wanted.class,
                Tool.builder("find_duplicates", json, """
                        {"type": "object", "additionalProperties": false, "properties": {
                          "kind": {"type": "string", "enum": ["same", "alike"],
                            "description": "same: all pixels are equal; alike: not all are; without it both"},
                          "kept": {"type": "boolean", "default": false,
                            "description": "Whether groups are found that somebody decided to keep, and no others"},
                          "limit": {"type": "integer", "minimum": 1, "maximum": %d, "default": %d, "description": "Number of groups"},
                          "cursor": {"type": "string", "maxLength": 400,
                            "description": "The next of the answer before; without it the list begins"}}}
                        """.formatted(MOST, USUAL))
                        .title("Find duplicates")
                        .description("""
                        Finds groups of pictures that look the same, by the time of the upload of their newest picture, the newest first. \
                        Removes none. While the groups of many pictures are made, it fails and says when to try again.""")
                        .outputSchema(json, """
                        {"type": "object", "required": ["version", "unknown", "complete", "groups"], "properties": {
                          "version": {"type": "integer", "description": "Version of the table that the groups are of"},
                          "unknown": {"type": "integer", "description": "Pictures that cannot be compared, so that they are in no group"},
                          "complete": {"type": "boolean", "description": "False if too many look nearly the same to compare all with each other"},
                          "groups": {"type": "array", "items": {"type": "object", "required": ["kind", "count", "pictures"], "properties": {
                            "kind": {"type": "string", "description": "same: all pixels are equal; alike: another size, file format or small crop"},
                            "count": {"type": "integer", "description": "Pictures of the group"},
                            "pictures": {"type": "array", "description": "The newest %d at most", "items": %s}}}},
                          "next": {"type": "string", "description": "The cursor for the groups after these; absent if there are none"}}}
                        """.formatted(MOST_PICTURES, PictureSummary.SCHEMA))
                        .annotations(Hints.READS)
                        .build());
        this.finder = finder;
    }

    record Wanted(
            @Nullable String kind,
            @Nullable Boolean kept,
            @Nullable Integer limit,
            @Nullable String cursor) {}

    record Group(String kind, int count, List<PictureSummary> pictures) {
        private static Group of(Duplicates group) {
            return new Group(
                    group.kind(),
                    group.count(),
                    group.pictures().stream()
                            .limit(MOST_PICTURES)
                            .map(PictureSummary::of)
                            .toList());
        }
    }

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Found(
            long version,
            long unknown,
            boolean complete,
            List<Group> groups,
            @Nullable String next) {}

    @Override
    CallToolResult call(Wanted wanted, Call call) {
        String kind = wanted.kind();
        Page page = finder.page(
                kind == null ? null : Likeness.Kind.named(kind).orElseThrow(),
                Boolean.TRUE.equals(wanted.kept()),
                wanted.cursor(),
                wanted.limit() == null ? USUAL : wanted.limit());
        return CallToolResult.builder()
                .structuredContent(new Found(
                        page.version(),
                        page.unknown(),
                        page.complete(),
                        page.groups().stream().map(Group::of).toList(),
                        page.next()))
                .build();
    }
}

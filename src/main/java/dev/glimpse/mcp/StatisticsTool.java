package dev.glimpse.mcp;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.glimpse.stats.ServerReport;
import dev.glimpse.stats.ServerReport.Stats;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells how the server is. */
final class StatisticsTool extends AgentTool<StatisticsTool.Nothing> {
    private final ServerReport report;

    StatisticsTool(ServerReport report, McpJsonMapper json) {
        super(
                Nothing.class,
                Tool.builder("get_statistics", json, """
                        {"type": "object", "additionalProperties": false}""")
                        .title("Get statistics")
                        .description("""
                        Tells how many pictures there are, which model compares them, which formats can be uploaded, and what is wrong \
                        with the server, if anything is.""")
                        .outputSchema(json, """
                        {"type": "object",
                          "required": ["pictures", "pending", "model", "formats", "takesUploads", "stale", "serverVersion"],
                          "properties": {
                          "pictures": {"type": "integer", "description": "Pictures that can be found, those that are pending included"},
                          "pending": {"type": "integer", "description": "Uploads that only this server finds so far"},
                          "model": {"type": "string"},
                          "modelDescription": {"type": "string"},
                          "formats": {"type": "array", "items": {"type": "string"}},
                          "takesUploads": {"type": "boolean"},
                          "problem": {"type": "string", "description": "Why uploads are not taken"},
                          "warning": {"type": "string"},
                          "stale": {"type": "boolean", "description": "The newest pictures may be missing"},
                          "serverVersion": {"type": "string"}}}
                        """)
                        .annotations(Hints.READS)
                        .build());
        this.report = report;
    }

    record Nothing() {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Statistics(
            long pictures,
            long pending,
            String model,
            String modelDescription,
            List<String> formats,
            boolean takesUploads,
            @Nullable String problem,
            @Nullable String warning,
            boolean stale,
            String serverVersion) {}

    @Override
    CallToolResult call(Nothing nothing, Call call) {
        Stats stats = report.stats(call.request());
        return CallToolResult.builder()
                .structuredContent(new Statistics(
                        stats.rowCount(),
                        stats.pendingRows(),
                        stats.model().name(),
                        stats.model().description(),
                        stats.formats(),
                        stats.writable(),
                        stats.problem(),
                        stats.warning(),
                        stats.stale(),
                        stats.serverVersion()))
                .build();
    }
}

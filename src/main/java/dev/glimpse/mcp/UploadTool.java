package dev.glimpse.mcp;

import dev.glimpse.fairness.Purpose;
import dev.glimpse.request.Tickets;
import dev.glimpse.upload.SentPicture;
import dev.glimpse.upload.StoredPicture;
import dev.glimpse.upload.UploadIntake;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Stores a picture, for callers that may upload. */
final class UploadTool extends AgentTool<UploadTool.Upload> {
    private final UploadIntake intake;
    private final Tickets tickets;

    UploadTool(UploadIntake intake, Tickets tickets, McpJsonMapper json) {
        super(
                Upload.class,
                Tool.builder("upload_picture", json, """
                        {"type": "object", "additionalProperties": false, "required": ["data"], "properties": {
                          "data": {"type": "string", "contentEncoding": "base64",
                            "description": "The bytes of the picture's file, in base64 without a data: in front"},
                          "filename": {"type": "string", "maxLength": 255},
                          "caption": {"type": "string", "maxLength": 2000, "description": "What people read below the picture"},
                          "tags": {"type": "array", "maxItems": 100,
                            "items": {"type": "string", "maxLength": 100, "pattern": "^[^,]*$", "description": "Without commas"}}}}
                        """)
                        .title("Upload a picture")
                        .description("""
                        Stores a picture, which searches find at once. Needs no caption: searches compare what the picture shows. A \
                        picture that is there already is not stored again, and keeps its caption and tags; the answer then has stored: \
                        false.""")
                        .outputSchema(json, """
                        {"type": "object", "required": ["id", "path", "vectorDim", "stored"], "properties": {
                          "id": {"type": "string", "description": "Names the picture in calls of look_at_picture"},
                          "path": {"type": "string", "description": "Where the original is kept"},
                          "vectorDim": {"type": "integer"},
                          "stored": {"type": "boolean", "description": "Whether this upload added the picture"},
                          "ignored": {"type": "array", "items": {"type": "string"},
                            "description": "What was said of a picture that is there with something else"},
                          "hint": {"type": "string"}}}
                        """)
                        .annotations(Hints.ADDS)
                        .build());
        this.intake = intake;
        this.tickets = tickets;
    }

    record Upload(
            @Nullable String filename,
            @Nullable String caption,
            @Nullable List<String> tags) {}

    @Override
    String scope() {
        return "upload";
    }

    @Override
    CallToolResult call(Upload upload, Call call) {
        StoredPicture stored = intake.upload(
                sent(upload.filename(), call.picture()),
                upload.caption(),
                upload.tags() == null ? List.of() : upload.tags(),
                tickets.of(Purpose.UPLOAD, call.request()));
        return CallToolResult.builder().structuredContent(stored).build();
    }

    private static SentPicture sent(@Nullable String filename, @Nullable Path picture) {
        if (picture == null) {
            // The schema has asked for data, and MessageReader takes every such text for a picture.
            throw new IllegalStateException("data is no picture");
        }
        try {
            return new SentPicture(filename, Files.size(picture), () -> Files.readAllBytes(picture));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the upload", e);
        }
    }
}

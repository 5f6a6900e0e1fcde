package dev.glimpse.mcp;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.image.ImageId;
import dev.glimpse.pictures.PictureViews;
import dev.glimpse.request.Tickets;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ImageContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;

/** Shows a picture to a model. */
final class LookTool extends AgentTool<LookTool.Look> {
    /** Shows what a picture is about, and costs a model far less than the largest. */
    private static final int USUAL = 512;

    private final PictureViews views;
    private final ImageDataset dataset;
    private final Tickets tickets;
    private final McpJsonMapper json;

    LookTool(PictureViews views, ImageDataset dataset, Tickets tickets, McpJsonMapper json) {
        super(
                Look.class,
                Tool.builder("look_at_picture", json, """
                        {"type": "object", "additionalProperties": false, "required": ["id"], "properties": {
                          "id": {"type": "string", "pattern": "^images/[0-9a-f]{64}\\\\.[a-z]{3,4}$",
                            "description": "As other tools name the picture"},
                          "size": {"type": "integer", "enum": %s, "default": %d,
                            "description": "Pixels of the longer side; a larger one shows more and costs more"}}}
                        """.formatted(PictureViews.SIDES, USUAL))
                        .title("Look at a picture")
                        .description("""
                        Shows a picture as a JPEG, made smaller if it is larger than size, and tells what is known of it: caption, tags, \
                        file name, and the size and time of the original.""")
                        .annotations(Hints.READS)
                        .build());
        this.views = views;
        this.dataset = dataset;
        this.tickets = tickets;
        this.json = json;
    }

    record Look(String id, @Nullable Integer size) {}

    @Override
    CallToolResult call(Look look, Call call) {
        ImageId id = views.parse(look.id());
        int side = look.size() == null ? USUAL : look.size();
        byte[] jpeg = views.jpeg(id, side, tickets.of(Purpose.VIEW, call.request()));
        PictureSummary summary = dataset.find(id).map(PictureSummary::of).orElseGet(() -> PictureSummary.of(id));
        return CallToolResult.builder()
                .addContent(ImageContent.builder(Base64.getEncoder().encodeToString(jpeg), MediaType.IMAGE_JPEG_VALUE)
                        .build())
                .addTextContent(text(summary))
                .build();
    }

    private String text(PictureSummary summary) {
        try {
            return json.writeValueAsString(summary);
        } catch (IOException e) {
            throw new UncheckedIOException("a summary is always JSON", e);
        }
    }
}

package dev.glimpse.mcp;

import dev.glimpse.mcp.AgentTool.Call;
import io.modelcontextprotocol.spec.HttpHeaders;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.util.unit.DataSize;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartException;

/** The Model Context Protocol over HTTP, without sessions and streams: one message in, at most one out. */
@RestController
class McpController {
    private final AgentServer agents;
    private final MessageReader plain = new MessageReader(DataSize.ofBytes(0));
    private final MessageReader withPicture;

    McpController(AgentServer agents, MultipartProperties limits) {
        this.agents = agents;
        this.withPicture = new MessageReader(limits.getMaxFileSize());
    }

    @PostMapping(
            path = "/mcp",
            consumes = MediaType.APPLICATION_JSON_VALUE,
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<JSONRPCResponse> message(
            @RequestHeader(name = HttpHeaders.PROTOCOL_VERSION, required = false) @Nullable String version,
            HttpServletRequest request) {
        if (version != null && !agents.versions().contains(version)) {
            throw new InvalidMessageException(
                    ErrorCodes.INVALID_REQUEST,
                    HttpHeaders.PROTOCOL_VERSION + " must be one of " + String.join(", ", agents.versions()),
                    null);
        }
        MessageReader reader = request.isUserInRole("upload") ? withPicture : plain;
        try (Message message = reader.read(request.getInputStream())) {
            return agents.parse(message.json()) instanceof JSONRPCRequest asked
                    ? ResponseEntity.ok(agents.answer(asked, new Call(request, message.picture())))
                    : ResponseEntity.accepted().build();
        } catch (IOException e) {
            throw new MultipartException("the body cannot be read", e);
        }
    }

    /**
     * An error of the protocol. That of the SDK cannot be without an id.
     *
     * @param id of the request; null if it is not known
     */
    record Refusal(String jsonrpc, @Nullable Object id, JSONRPCError error) {}

    @ExceptionHandler
    ResponseEntity<Refusal> invalid(InvalidMessageException e) {
        return ResponseEntity.status(e.id() == null ? HttpStatus.BAD_REQUEST : HttpStatus.OK)
                .contentType(MediaType.APPLICATION_JSON)
                .body(new Refusal(McpSchema.JSONRPC_VERSION, e.id(), new JSONRPCError(e.code(), e.getMessage())));
    }
}

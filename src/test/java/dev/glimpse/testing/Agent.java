package dev.glimpse.testing;

import io.modelcontextprotocol.client.McpClient;
import io.modelcontextprotocol.client.McpSyncClient;
import io.modelcontextprotocol.client.transport.HttpClientStreamableHttpTransport;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Content;
import io.modelcontextprotocol.spec.McpSchema.InitializeResult;
import io.modelcontextprotocol.spec.McpSchema.TextContent;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Talks to a server as an agent does, with the client that other people's agents have. */
public final class Agent implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();

    private final McpSyncClient client;
    private final InitializeResult server;

    /** Connects to a server. */
    public Agent(int port, Map<String, String> headers) {
        client = McpClient.sync(HttpClientStreamableHttpTransport.builder("http://127.0.0.1:" + port)
                        .endpoint("/mcp")
                        .addHttpRequestCustomizer(
                                (request, method, endpoint, body, context) -> headers.forEach(request::setHeader))
                        .build())
                .requestTimeout(Duration.ofMinutes(2))
                .initializationTimeout(Duration.ofMinutes(2))
                .build();
        server = client.initialize();
    }

    /** What the server has said of itself. */
    public InitializeResult server() {
        return server;
    }

    /** The tools that are offered. */
    public List<Tool> tools() {
        return client.listTools().tools();
    }

    /** Calls a tool. */
    public Outcome call(String tool, Map<String, Object> arguments) {
        return new Outcome(client.callTool(
                CallToolRequest.builder(tool).arguments(arguments).build()));
    }

    /** What a tool has answered. */
    public record Outcome(CallToolResult result) {
        /** Whether it has failed. */
        public boolean failed() {
            return Boolean.TRUE.equals(result.isError());
        }

        /** Its text: the JSON of {@link #json}, or why it has failed. */
        public String text() {
            return result.content().stream()
                    .filter(TextContent.class::isInstance)
                    .map(TextContent.class::cast)
                    .map(TextContent::text)
                    .findFirst()
                    .orElseThrow();
        }

        /** All that models see. */
        public List<Content> content() {
            return result.content();
        }

        /** The structured content. */
        public JsonNode json() {
            return JSON.valueToTree(result.structuredContent());
        }
    }

    @Override
    public void close() {
        client.close();
    }
}

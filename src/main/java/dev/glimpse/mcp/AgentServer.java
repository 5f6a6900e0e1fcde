package dev.glimpse.mcp;

import dev.glimpse.mcp.AgentTool.Call;
import dev.glimpse.request.Problems;
import io.modelcontextprotocol.common.McpTransportContext;
import io.modelcontextprotocol.json.McpJsonMapper;
import io.modelcontextprotocol.json.schema.JsonSchemaValidator;
import io.modelcontextprotocol.server.McpServer;
import io.modelcontextprotocol.server.McpStatelessServerFeatures.SyncToolSpecification;
import io.modelcontextprotocol.server.McpStatelessServerHandler;
import io.modelcontextprotocol.server.McpStatelessSyncServer;
import io.modelcontextprotocol.spec.McpSchema;
import io.modelcontextprotocol.spec.McpSchema.CallToolRequest;
import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.ErrorCodes;
import io.modelcontextprotocol.spec.McpSchema.InitializeRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCMessage;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCRequest;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse;
import io.modelcontextprotocol.spec.McpSchema.JSONRPCResponse.JSONRPCError;
import io.modelcontextprotocol.spec.McpSchema.ServerCapabilities;
import io.modelcontextprotocol.spec.McpStatelessServerTransport;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;

/**
 * Answers the messages of agents. Keeps nothing between two messages, so any of several servers may answer. Safe for use by several
 * threads.
 */
final class AgentServer {
    private static final Logger log = LoggerFactory.getLogger(AgentServer.class);
    private static final Logger audit = LoggerFactory.getLogger("audit");

    /** Key of the {@link Call} in the context that the SDK hands through. */
    private static final String CALL = "call";

    private final Map<String, AgentTool<?>> tools;
    private final Problems problems;
    private final McpJsonMapper json;
    private final JsonSchemaValidator schemas;
    private final Transport transport = new Transport();

    /** @param version of this software, which clients may show */
    AgentServer(
            List<AgentTool<?>> tools,
            Problems problems,
            McpJsonMapper json,
            JsonSchemaValidator schemas,
            String version) {
        this.tools = tools.stream()
                .collect(Collectors.toMap(tool -> tool.definition().name(), Function.identity()));
        this.problems = problems;
        this.json = json;
        this.schemas = schemas;
        McpStatelessSyncServer unused = McpServer.sync(transport)
                .serverInfo("glimpse", version)
                .instructions("""
                        Glimpse keeps pictures and finds them by what they show. Search with search_pictures, then look at the hits that \
                        matter with look_at_picture: the nearest picture need not fit.""")
                .capabilities(ServerCapabilities.builder().tools(false).build())
                .jsonMapper(json)
                .jsonSchemaValidator(schemas)
                .validateToolInputs(false) // see ToolArguments
                // Else a pool of the SDK's runs the tools. It does not know the request, and is not sized by us.
                .immediateExecution(true)
                .addToolFilter((context, tool) -> mayCall(require(tool.name()), call(context)))
                .tools(tools.stream()
                        .map(tool -> new SyncToolSpecification(tool.definition(), this::call))
                        .toList())
                .build();
    }

    /** Takes the handler that the SDK's server has made. */
    private static final class Transport implements McpStatelessServerTransport {
        private @Nullable McpStatelessServerHandler handler;

        @Override
        public void setMcpHandler(McpStatelessServerHandler made) {
            handler = made;
        }

        McpStatelessServerHandler handler() {
            return Objects.requireNonNull(handler);
        }

        @Override
        public Mono<Void> closeGracefully() {
            return Mono.empty();
        }
    }

    /** The versions of the protocol that clients may speak. */
    List<String> versions() {
        return transport.protocolVersions();
    }

    /**
     * Reads a message: a {@link JSONRPCRequest}, or one that needs no answer.
     *
     * @param message without blanks before it
     * @throws InvalidMessageException if it is none
     */
    JSONRPCMessage parse(String message) {
        try {
            // The SDK takes null for a failure of its own.
            if (message.startsWith("{")) {
                JSONRPCMessage parsed = McpSchema.deserializeJsonRpcMessage(json, message);
                if (McpSchema.JSONRPC_VERSION.equals(parsed.jsonrpc())) {
                    return parsed;
                }
            }
        } catch (IOException | IllegalArgumentException | JacksonException e) {
            log.debug("no message", e);
        }
        throw new InvalidMessageException(
                ErrorCodes.INVALID_REQUEST, "the body is not one message of JSON-RPC 2.0; batches are not taken", null);
    }

    /**
     * Answers a request, on this thread.
     *
     * @throws InvalidMessageException if there is no such tool, or the parameters are not as the protocol has them
     */
    JSONRPCResponse answer(JSONRPCRequest request, Call call) {
        requireParameters(request);
        JSONRPCResponse answer = Objects.requireNonNull(transport
                .handler()
                .handleRequest(McpTransportContext.create(Map.of(CALL, call)), request)
                .block());
        JSONRPCError error = answer.error();
        if (error != null && error.code() == ErrorCodes.INTERNAL_ERROR) {
            log.error("unexpected failure of {}: {}", request.method(), error.message());
        }
        return answer;
    }

    /** The SDK would take parameters that do not fit for a failure of its own. */
    private void requireParameters(JSONRPCRequest request) {
        if (request.method().equals(McpSchema.METHOD_INITIALIZE)) {
            InitializeRequest unused = parameters(request, InitializeRequest.class);
        } else if (request.method().equals(McpSchema.METHOD_TOOLS_CALL)) {
            requireTool(parameters(request, CallToolRequest.class).name(), request);
        }
    }

    private <T> T parameters(JSONRPCRequest request, Class<T> type) {
        try {
            if (request.params() != null) {
                return json.convertValue(request.params(), type);
            }
        } catch (IllegalArgumentException | JacksonException e) {
            log.debug("no parameters of {}", request.method(), e);
        }
        throw new InvalidMessageException(
                ErrorCodes.INVALID_PARAMS,
                "the params of " + request.method() + " are not as the protocol has them",
                request.id());
    }

    private void requireTool(String name, JSONRPCRequest request) {
        if (!tools.containsKey(name)) {
            throw new InvalidMessageException(
                    ErrorCodes.INVALID_PARAMS,
                    "there is no tool '" + name + "'; there are " + String.join(", ", new TreeSet<>(tools.keySet())),
                    request.id());
        }
    }

    private CallToolResult call(McpTransportContext context, CallToolRequest asked) {
        Call call = call(context);
        AgentTool<?> tool = require(asked.name());
        if (!mayCall(tool, call)) {
            audit.info("refused problem=forbidden tool={}", asked.name());
            return failed("this key may not do that: it needs the scope " + tool.scope());
        }
        try {
            return call(tool, asked.arguments(), call);
        } catch (RuntimeException e) {
            return failed(String.valueOf(problems.of(e).getDetail()));
        }
    }

    private <A> CallToolResult call(AgentTool<A> tool, @Nullable Map<String, Object> arguments, Call call) {
        Map<String, Object> given = arguments == null ? Map.of() : arguments;
        new ToolArguments(tool.definition().inputSchema(), schemas).check(given);
        return tool.call(json.convertValue(given, tool.arguments()), call);
    }

    private AgentTool<?> require(String name) {
        return Objects.requireNonNull(tools.get(name));
    }

    private static boolean mayCall(AgentTool<?> tool, Call call) {
        return call.request().isUserInRole(tool.scope());
    }

    private static Call call(McpTransportContext context) {
        return (Call) context.get(CALL);
    }

    /** The model sees it, and may do better. */
    private static CallToolResult failed(String detail) {
        return CallToolResult.builder().addTextContent(detail).isError(true).build();
    }
}

package dev.glimpse.mcp;

import io.modelcontextprotocol.spec.McpSchema.CallToolResult;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Something that an agent may do.
 *
 * @param <A> the arguments, which JSON is bound to
 */
abstract class AgentTool<A> {
    private final Class<A> arguments;
    private final Tool definition;

    AgentTool(Class<A> arguments, Tool definition) {
        this.arguments = arguments;
        this.definition = definition;
    }

    /** What models are told, and the schema that arguments keep before {@link #call} sees them. */
    final Tool definition() {
        return definition;
    }

    /** The type of the arguments. */
    final Class<A> arguments() {
        return arguments;
    }

    /** The scope that a caller needs. */
    String scope() {
        return "read";
    }

    /** Does it, on the thread of the request. Throws what the endpoint of the same kind would throw. */
    abstract CallToolResult call(A arguments, Call call);

    /**
     * Who calls, and with what besides the arguments.
     *
     * @param picture on disk; null if there is none
     */
    record Call(HttpServletRequest request, @Nullable Path picture) {}
}

package dev.glimpse.mcp;

import io.modelcontextprotocol.spec.McpSchema.ToolAnnotations;

/** What clients may think of a tool before they ask their users. Without hints they take it for one that destroys. */
final class Hints {
    /** For a tool that changes nothing. */
    static final ToolAnnotations READS = of(true);

    /** For a tool that adds what is not there, and does nothing when it is called again. */
    static final ToolAnnotations ADDS = of(false);

    private Hints() {}

    private static ToolAnnotations of(boolean readOnly) {
        return ToolAnnotations.builder()
                .readOnlyHint(readOnly)
                .destructiveHint(false)
                .idempotentHint(true)
                .openWorldHint(false)
                .build();
    }
}

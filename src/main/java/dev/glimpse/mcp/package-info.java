/**
 * Tools for agents, over the Model Context Protocol at {@code /mcp}.
 *
 * <p>Alone knows the SDK of the protocol.
 */
@NullMarked
package dev.glimpse.mcp;

import org.jspecify.annotations.NullMarked;

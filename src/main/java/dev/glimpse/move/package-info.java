/** Copies all that a store keeps to another one: {@code scripts/move}. The store of a running server may be read. */
@NullMarked
package dev.glimpse.move;

import org.jspecify.annotations.NullMarked;

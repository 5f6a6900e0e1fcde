/**
 * What Lance does: makes versions, reads and searches them, builds indexes.
 *
 * <p>The package that knows how Lance and Arrow see a row. Owns everything native.
 */
@NullMarked
package dev.glimpse.dataset.lance;

import org.jspecify.annotations.NullMarked;

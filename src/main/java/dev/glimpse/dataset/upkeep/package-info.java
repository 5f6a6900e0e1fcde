/**
 * Keeps the table in shape: compaction, index optimization and garbage collection.
 *
 * <p>Alone knows what is due, and which server does it.
 */
@NullMarked
package dev.glimpse.dataset.upkeep;

import org.jspecify.annotations.NullMarked;

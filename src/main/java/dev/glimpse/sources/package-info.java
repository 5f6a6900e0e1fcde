/**
 * Indexes pictures that lie in the store under names of their own, where they are, and follows what becomes of them. Alone knows the objects
 * in which sources are remembered.
 */
@NullMarked
package dev.glimpse.sources;

import org.jspecify.annotations.NullMarked;

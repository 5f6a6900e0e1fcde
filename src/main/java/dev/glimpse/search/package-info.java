/**
 * A query in, hits out; and the pictures that hits point to.
 *
 * <p>Alone knows how words become a query and how a neighbour becomes an answer.
 */
@NullMarked
package dev.glimpse.search;

import org.jspecify.annotations.NullMarked;

/**
 * The nouns of pictures, and the way from bytes to upright pixels or to a named refusal.
 *
 * <p>Alone knows image formats: how they are recognised, decoded, turned and resized; and whose picture comes first when there is not
 * enough of processors or memory. No Spring, no I/O.
 */
@NullMarked
package dev.glimpse.image;

import org.jspecify.annotations.NullMarked;

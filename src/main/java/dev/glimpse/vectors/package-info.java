/** Finds the nearest of many vectors. */
@NullMarked
package dev.glimpse.vectors;

import org.jspecify.annotations.NullMarked;

/** Decides who goes first when there is not enough processor time or memory for all. */
@NullMarked
package dev.glimpse.fairness;

import org.jspecify.annotations.NullMarked;

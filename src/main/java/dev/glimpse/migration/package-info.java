/**
 * The table moves from one model to another, without a stop: what it will cost, how far it is, and the way back. Alone decides when a model is
 * loaded beside the first.
 */
@NullMarked
package dev.glimpse.migration;

import org.jspecify.annotations.NullMarked;

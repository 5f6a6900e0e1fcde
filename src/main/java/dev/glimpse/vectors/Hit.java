package dev.glimpse.vectors;

/**
 * A row that a search found.
 *
 * @param rowId the number of the row in its index
 * @param distance cosine distance in float32: 0 in the same direction, 1 at right angles, 2 in opposite directions
 */
public record Hit(long rowId, float distance) {}

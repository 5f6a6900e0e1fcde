package dev.glimpse.dataset;

import java.time.Instant;

/**
 * A version of the table that can be searched.
 *
 * @param committedAt by the store's clock, to the second
 */
public record TableVersion(long version, Instant committedAt) {}

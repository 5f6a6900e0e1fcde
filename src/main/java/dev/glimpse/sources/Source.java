package dev.glimpse.sources;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Keys whose pictures are indexed where they lie.
 *
 * @param prefix that the keys begin with
 * @param everySeconds time between two looks at all keys; 0 for none but those that are asked for
 * @param maxDollars what the requests of one look may cost; null for no bound
 * @param since when it was set up
 */
record Source(String prefix, long everySeconds, @Nullable Double maxDollars, Instant since) {}

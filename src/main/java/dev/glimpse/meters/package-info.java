/**
 * Counts and times what the parts of the server do.
 *
 * <p>Alone knows which buckets histograms have.
 */
@NullMarked
package dev.glimpse.meters;

import org.jspecify.annotations.NullMarked;

/**
 * Group commit: rows wait in memory, and are committed together by one thread.
 *
 * <p>Alone knows in which state a row is.
 */
@NullMarked
package dev.glimpse.dataset.commit;

import org.jspecify.annotations.NullMarked;

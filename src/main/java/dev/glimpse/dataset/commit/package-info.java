/**
 * Group commit: rows wait in memory, and are committed together by one thread. {@code RowLedger} knows in which state a row is, {@code
 * GroupCommit} decides when the next group is committed, and {@code CommitLoop} commits it, also when other servers commit at the same time.
 *
 * <p>Alone knows in which state a row is.
 */
@NullMarked
package dev.glimpse.dataset.commit;

import org.jspecify.annotations.NullMarked;

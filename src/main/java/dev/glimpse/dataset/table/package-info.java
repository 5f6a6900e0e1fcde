/**
 * The table while it is open: its parts and threads, and who opens it again after damage or loss.
 *
 * <p>Alone knows how the parts are put together.
 */
@NullMarked
package dev.glimpse.dataset.table;

import org.jspecify.annotations.NullMarked;

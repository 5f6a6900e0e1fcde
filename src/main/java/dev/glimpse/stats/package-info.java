/**
 * Says what is in the table, to curl and to a browser.
 *
 * <p>Alone knows the shape of /stats.
 */
@NullMarked
package dev.glimpse.stats;

import org.jspecify.annotations.NullMarked;

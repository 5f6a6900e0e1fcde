/**
 * The table of pictures: rows, commits, lookup, nearest neighbours, the index.
 *
 * <p>Alone knows Lance and Arrow. Lance works on the local disk only; every file it makes is shipped through the object store.
 */
@NullMarked
package dev.glimpse.dataset;

import org.jspecify.annotations.NullMarked;

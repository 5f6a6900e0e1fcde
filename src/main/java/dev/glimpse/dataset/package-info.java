/**
 * The table of pictures: rows, commits, lookup, nearest neighbours, the index.
 *
 * <p>This package has the types that other packages use; the packages below it do the work, and nobody else may know them. Alone knows
 * Lance and Arrow. Lance works on the local disk only; every file it makes is shipped through the object store.
 */
@NullMarked
package dev.glimpse.dataset;

import org.jspecify.annotations.NullMarked;

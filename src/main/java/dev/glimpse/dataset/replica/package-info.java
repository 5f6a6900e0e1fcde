/**
 * The files of the table: which version is the newest, the local copy, and how a new version gets into the store.
 *
 * <p>Knows the names of the table's files and when they are put. It does not know Lance.
 */
@NullMarked
package dev.glimpse.dataset.replica;

import org.jspecify.annotations.NullMarked;

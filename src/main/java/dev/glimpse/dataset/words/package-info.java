/**
 * Finds rows by the words of their captions, tags and file names.
 *
 * <p>Alone knows Lucene, and what a word is.
 */
@NullMarked
package dev.glimpse.dataset.words;

import org.jspecify.annotations.NullMarked;

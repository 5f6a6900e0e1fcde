/** One picture that is stored: it is read, deleted and restored under its URL. */
@NullMarked
package dev.glimpse.pictures;

import org.jspecify.annotations.NullMarked;

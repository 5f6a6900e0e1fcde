/** Stored pictures: they are listed, and each is read, described, edited, deleted and restored under its URL. */
@NullMarked
package dev.glimpse.pictures;

import org.jspecify.annotations.NullMarked;

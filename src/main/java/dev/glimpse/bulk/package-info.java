/** Loads many pictures into a running server, as its client: alone knows the command {@code bulk-load}. */
@NullMarked
package dev.glimpse.bulk;

import org.jspecify.annotations.NullMarked;

/** Pictures from servers of others, which may be hostile: alone knows the HTTP client. */
@NullMarked
package dev.glimpse.fetch;

import org.jspecify.annotations.NullMarked;

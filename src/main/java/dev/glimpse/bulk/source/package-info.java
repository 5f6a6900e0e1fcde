/** Where pictures come from: files, folders, archives, lists. Alone knows the library of archives. */
@NullMarked
package dev.glimpse.bulk.source;

import org.jspecify.annotations.NullMarked;

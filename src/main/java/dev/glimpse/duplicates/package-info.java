/** Pictures that look the same, in groups: alone knows what was decided of them. */
@NullMarked
package dev.glimpse.duplicates;

import org.jspecify.annotations.NullMarked;

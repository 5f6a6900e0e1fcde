/** Turns the bytes of a picture into upright pixels, or refuses them by name. Alone knows image formats. No Spring, no I/O. */
@NullMarked
package dev.glimpse.image;

import org.jspecify.annotations.NullMarked;

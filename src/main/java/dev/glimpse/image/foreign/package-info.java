/**
 * Decodes pictures by programs beside the server, each run in a sandbox with bounded memory and time. Alone starts processes, and alone
 * knows what is inside of HEIC, AVIF and JPEG XL.
 */
@NullMarked
package dev.glimpse.image.foreign;

import org.jspecify.annotations.NullMarked;

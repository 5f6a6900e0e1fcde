/** Glimpse: text-to-image search on a bucket. This package only starts the server and wires nothing by itself. */
@NullMarked
package dev.glimpse;

import org.jspecify.annotations.NullMarked;

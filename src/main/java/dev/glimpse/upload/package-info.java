/** Bytes in, acknowledged upload out: alone knows the order in which a picture, its embedding and its row come to exist. */
@NullMarked
package dev.glimpse.upload;

import org.jspecify.annotations.NullMarked;

/**
 * Bytes in, acknowledged upload out.
 *
 * <p>Alone knows the order in which a picture, its embedding and its row come to exist, and how to fetch from others.
 */
@NullMarked
package dev.glimpse.upload;

import org.jspecify.annotations.NullMarked;

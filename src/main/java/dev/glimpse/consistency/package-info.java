/**
 * Picture and row agree, whatever happens: each change of a picture has an intent marker, and what a crash or a failure has left half
 * done is recovered.
 */
@NullMarked
package dev.glimpse.consistency;

import org.jspecify.annotations.NullMarked;

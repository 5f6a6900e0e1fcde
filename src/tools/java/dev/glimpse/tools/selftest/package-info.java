/** The programs behind {@code scripts/selftest}: long checks that end with 1 if a bound is not kept. */
@NullMarked
package dev.glimpse.tools.selftest;

import org.jspecify.annotations.NullMarked;

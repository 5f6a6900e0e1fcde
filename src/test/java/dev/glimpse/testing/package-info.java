/** Fixtures that the tests of several packages and the programs in {@code src/tools} share: servers, a bucket, pictures, rows. */
@NullMarked
package dev.glimpse.testing;

import org.jspecify.annotations.NullMarked;

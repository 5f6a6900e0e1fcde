/** The program behind {@code scripts/selftest bulk}. */
@NullMarked
package dev.glimpse.tools.selftest.bulk;

import org.jspecify.annotations.NullMarked;

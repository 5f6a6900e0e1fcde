/** The programs behind {@code scripts/bench}: they measure this service and what it is compared with. */
@NullMarked
package dev.glimpse.tools.bench;

import org.jspecify.annotations.NullMarked;

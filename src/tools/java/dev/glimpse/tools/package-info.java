/** Programs that people start with scripts: they describe the build and serve a bucket in memory. Each class has a main method. */
@NullMarked
package dev.glimpse.tools;

import org.jspecify.annotations.NullMarked;

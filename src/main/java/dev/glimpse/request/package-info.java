/** What endpoints know of the request that they answer: whose work it is, how a failure is told, and that it cannot be answered as asked. */
@NullMarked
package dev.glimpse.request;

import org.jspecify.annotations.NullMarked;

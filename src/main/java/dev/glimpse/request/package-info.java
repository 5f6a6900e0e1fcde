/** What endpoints know of the request that they answer: whose work it is, and how a failure is told. */
@NullMarked
package dev.glimpse.request;

import org.jspecify.annotations.NullMarked;

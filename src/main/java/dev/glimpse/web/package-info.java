/**
 * What all HTTP shares: problems, headers, pages.
 *
 * <p>Alone knows which failure is which status.
 */
@NullMarked
package dev.glimpse.web;

import org.jspecify.annotations.NullMarked;

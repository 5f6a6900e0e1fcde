/**
 * Keeps bytes under keys, in a folder or in an S3 bucket.
 *
 * <p>Alone knows the AWS SDK: conditional puts, listings, and what a failure of the store looks like.
 */
@NullMarked
package dev.glimpse.storage;

import org.jspecify.annotations.NullMarked;

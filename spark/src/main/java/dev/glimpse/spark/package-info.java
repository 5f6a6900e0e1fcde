/**
 * Bulk jobs on Apache Spark: many processes derive rows as the service does, and one commit brings them into its table.
 *
 * <p>Alone knows Spark.
 */
@NullMarked
package dev.glimpse.spark;

import org.jspecify.annotations.NullMarked;

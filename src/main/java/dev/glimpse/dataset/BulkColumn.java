package dev.glimpse.dataset;

import java.io.Serializable;

/**
 * A column of the table, as a file of rows of a bulk job has it.
 *
 * @param name in the table
 * @param field number of the column; the number of a column that was dropped may be given to another one
 * @param type of its values
 * @param model fingerprint of the model that made them; empty if they are no vectors
 */
public record BulkColumn(String name, int field, String type, String model) implements Serializable {}

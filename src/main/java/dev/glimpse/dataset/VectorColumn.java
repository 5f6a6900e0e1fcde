package dev.glimpse.dataset;

/**
 * A column of vectors.
 *
 * @param name in the table
 * @param model that made all vectors in it
 */
public record VectorColumn(String name, ModelStamp model) {
    /** The name that the first column of vectors has, and the only one in most tables. */
    public static final String FIRST = "vector";

    private static final int NAME_DIGITS = 12;

    /** The column of a model that comes to a table. Every server calls it the same. */
    public static VectorColumn added(ModelStamp model) {
        return new VectorColumn(
                FIRST + "_"
                        + model.fingerprint()
                                .substring(
                                        0,
                                        Math.min(
                                                NAME_DIGITS, model.fingerprint().length())),
                model);
    }
}

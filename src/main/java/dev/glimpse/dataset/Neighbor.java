package dev.glimpse.dataset;

/**
 * A row near a query.
 *
 * @param distance cosine distance to the query: 0 the same direction, 1 at right angles, 2 opposite
 */
public record Neighbor(Picture picture, double distance) {
    /** The row as a hit at this distance. */
    public static Neighbor of(PictureRow row, double distance) {
        return new Neighbor(Picture.of(row), distance);
    }

    /** The id of the picture. */
    public String id() {
        return picture.id();
    }
}

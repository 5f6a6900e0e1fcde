package dev.glimpse.dataset;

import dev.glimpse.image.ImageId;

/**
 * Marks in the store at pictures whose rows are taken out because the pictures are gone. A server that finds such a mark, some time after
 * it was put, makes the table agree with the store about the picture, and removes the mark. Safe for use by several threads.
 */
public interface GoneMarks {
    /**
     * Puts the mark of a picture, unless it is there.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    void put(ImageId id);

    /**
     * Removes the mark of a picture, because picture and row agree.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    void remove(ImageId id);
}

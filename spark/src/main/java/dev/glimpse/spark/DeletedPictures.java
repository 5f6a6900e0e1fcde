package dev.glimpse.spark;

import dev.glimpse.consistency.Originals;
import dev.glimpse.consistency.Trash;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;

/**
 * Which pictures were deleted, as far as the store remembers: those in the trash, until it is emptied, and those of sources that the
 * service keeps from coming back. Stateless.
 */
final class DeletedPictures {
    private DeletedPictures() {}

    /** All of them. Two listings, in a bucket one request for each thousand. */
    static IdSet in(ObjectStore store) {
        IdSet deleted = new IdSet();
        for (String keys : new String[] {Trash.KEYS, Originals.REMOVED}) {
            store.list(
                    keys,
                    object -> ImageId.parse(ImageDataset.PICTURES + object.key().substring(keys.length()))
                            .ifPresent(deleted::add));
        }
        return deleted;
    }

    /** Whether it is one of them by now. Up to two requests of class B. */
    static boolean has(ImageId id, ObjectStore store) {
        return store.head(Trash.key(id)).isPresent()
                || store.head(Originals.removedKey(id)).isPresent();
    }
}

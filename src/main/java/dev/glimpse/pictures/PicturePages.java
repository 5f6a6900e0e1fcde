package dev.glimpse.pictures;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.request.InvalidQueryException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The listing of all pictures, in pages. Safe for use by several threads. */
@Component
public final class PicturePages {
    private final ImageDataset dataset;

    PicturePages(ImageDataset dataset) {
        this.dataset = dataset;
    }

    /**
     * Some pictures of the listing.
     *
     * @param pictures the newest first
     * @param next the cursor of the page after this one; null if there is none
     */
    public record Page(List<Picture> pictures, @Nullable String next) {
        /** Copies the pictures. */
        public Page {
            pictures = List.copyOf(pictures);
        }
    }

    /**
     * The page at a cursor.
     *
     * @param cursor null for the first page
     * @param limit pictures of the page, at most
     * @throws InvalidQueryException if the cursor is none that a page has had
     */
    public Page page(@Nullable String cursor, int limit) {
        // One more, which tells whether there is another page.
        List<Picture> found = dataset.newest(cursor == null ? null : Cursor.parse(cursor), limit + 1);
        if (found.size() <= limit) {
            return new Page(found, null);
        }
        List<Picture> pictures = found.subList(0, limit);
        return new Page(pictures, Cursor.of(ListPosition.of(pictures.get(limit - 1))));
    }
}

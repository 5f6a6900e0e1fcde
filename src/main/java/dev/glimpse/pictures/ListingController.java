package dev.glimpse.pictures;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Picture;
import dev.glimpse.pictures.PicturePages.Page;
import dev.glimpse.request.InvalidQueryException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Lists the pictures, page by page. */
@RestController
class ListingController {
    private static final int MOST = 1000;

    /** The only order that there is: by the time of the upload, the newest first. */
    private static final String UPLOADED = "uploaded";

    private final PicturePages pages;
    private final ImageDataset dataset;

    ListingController(PicturePages pages, ImageDataset dataset) {
        this.pages = pages;
        this.dataset = dataset;
    }

    /**
     * A page of the listing.
     *
     * @param total rows that this server knows, committed or waiting
     * @param results the newest first
     * @param next the cursor of the page after this one; null if there is none
     */
    record Listing(
            long total, List<Picture> results, @Nullable String next) {}

    @GetMapping(path = "/images", produces = MediaType.APPLICATION_JSON_VALUE)
    Listing list(
            @RequestParam(defaultValue = UPLOADED) String sort,
            @RequestParam(defaultValue = "50") int limit,
            @RequestParam(required = false) @Nullable String cursor) {
        if (!sort.equals(UPLOADED)) {
            throw new InvalidQueryException("sort must be " + UPLOADED + ": " + sort);
        }
        if (limit < 1 || limit > MOST) {
            throw new InvalidQueryException("limit must be 1 to " + MOST + ": " + limit);
        }
        Page page = pages.page(cursor, limit);
        return new Listing(dataset.state().rows(), page.pictures(), page.next());
    }
}

package dev.glimpse.pictures;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Picture;
import dev.glimpse.image.ImageId;
import org.springframework.http.CacheControl;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Tells what the row of a picture says. */
@RestController
class MetadataController {
    private final ImageDataset dataset;

    MetadataController(ImageDataset dataset) {
        this.dataset = dataset;
    }

    /** The picture's own path as well, for clients that would rather have JSON there than the picture. */
    @GetMapping(
            path = {"/images/{name}/metadata", "/images/{name}"},
            produces = MediaType.APPLICATION_JSON_VALUE)
    ResponseEntity<Picture> metadata(@PathVariable String name) {
        ImageId id = TrashController.parse(name);
        Picture picture = dataset.find(id)
                .orElseThrow(() -> new PictureNotFoundException("there is no row of the picture " + id));
        return ResponseEntity.ok()
                .varyBy(HttpHeaders.ACCEPT)
                .cacheControl(CacheControl.noCache())
                .body(picture);
    }
}

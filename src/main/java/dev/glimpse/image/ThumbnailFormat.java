package dev.glimpse.image;

import java.util.Optional;

/** The formats that thumbnails are made in. */
public enum ThumbnailFormat {
    JPEG(ImageFormat.JPEG),

    /** Smaller than JPEG. Its encoder is native, and cannot be loaded everywhere. */
    WEBP(ImageFormat.WEBP);

    private final ImageFormat format;

    ThumbnailFormat(ImageFormat format) {
        this.format = format;
    }

    public String mediaType() {
        return format.mediaType();
    }

    /** The end of a file name, without the dot. */
    public String extension() {
        return format.extension();
    }

    public boolean isAvailable() {
        return trouble().isEmpty();
    }

    /** Why thumbnails cannot be made in this format here. Empty if they can. */
    public Optional<String> trouble() {
        return this == WEBP ? WebpEncoder.trouble() : Optional.empty();
    }
}

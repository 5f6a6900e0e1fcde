package dev.glimpse.image;

import java.util.Optional;

/** The picture formats that Glimpse accepts. */
public enum ImageFormat {
    JPEG("jpg", "image/jpeg"),
    PNG("png", "image/png"),
    GIF("gif", "image/gif"),
    WEBP("webp", "image/webp"),
    BMP("bmp", "image/bmp"),
    TIFF("tiff", "image/tiff"),

    /**
     * The raw file of a camera, whatever its maker calls it: DNG, NEF, CR2, ARW and others. One format for all, because the name is part of a
     * picture's id, and guessing the maker better one day must not change ids.
     */
    RAW("raw", "image/x-dcraw");

    private final String extension;
    private final String mediaType;

    ImageFormat(String extension, String mediaType) {
        this.extension = extension;
        this.mediaType = mediaType;
    }

    /** The end of an {@link ImageId}, without the dot. */
    public String extension() {
        return extension;
    }

    public String mediaType() {
        return mediaType;
    }

    /**
     * The format that the bytes announce, whatever a file name or a header says; empty if none of ours. The first bytes say it, except that
     * a camera raw and a TIFF may begin alike.
     */
    public static Optional<ImageFormat> sniff(byte[] bytes) {
        if (startsWith(bytes, 0, 0xFF, 0xD8, 0xFF)) {
            return Optional.of(JPEG);
        }
        if (startsWith(bytes, 0, 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A)) {
            return Optional.of(PNG);
        }
        if (startsWith(bytes, 0, 'G', 'I', 'F', '8', '7', 'a') || startsWith(bytes, 0, 'G', 'I', 'F', '8', '9', 'a')) {
            return Optional.of(GIF);
        }
        if (startsWith(bytes, 0, 'R', 'I', 'F', 'F') && startsWith(bytes, 8, 'W', 'E', 'B', 'P')) {
            return Optional.of(WEBP);
        }
        if (CameraRaw.isIn(bytes)) {
            return Optional.of(RAW);
        }
        if (CameraRaw.isTiff(bytes)) {
            return Optional.of(TIFF);
        }
        // The size of a header is small, unlike four letters of a text that happens to begin so.
        if (startsWith(bytes, 0, 'B', 'M') && bytes.length > 26 && bytes[16] == 0 && bytes[17] == 0) {
            return Optional.of(BMP);
        }
        return Optional.empty();
    }

    static Optional<ImageFormat> ofExtension(String extension) {
        for (ImageFormat format : values()) {
            if (format.extension.equals(extension)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    private static boolean startsWith(byte[] bytes, int offset, int... magic) {
        if (bytes.length < offset + magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((bytes[offset + i] & 0xFF) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}

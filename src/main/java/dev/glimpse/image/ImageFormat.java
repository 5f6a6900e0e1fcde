package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The picture formats that Glimpse accepts; the foreign ones only where a program that decodes them is installed. */
public enum ImageFormat {
    JPEG("jpg", "image/jpeg", "JPEG"),
    PNG("png", "image/png", "PNG"),
    GIF("gif", "image/gif", "GIF"),
    WEBP("webp", "image/webp", "WebP"),
    BMP("bmp", "image/bmp", "BMP"),
    TIFF("tiff", "image/tiff", "TIFF"),

    /**
     * The raw file of a camera, whatever its maker calls it: DNG, NEF, CR2, ARW and others. One format for all, because the name is part of a
     * picture's id, and guessing the maker better one day must not change ids.
     */
    RAW("raw", "image/x-dcraw", "camera raw"),
    HEIC("heic", "image/heic", "HEIC"),
    AVIF("avif", "image/avif", "AVIF"),
    JXL("jxl", "image/jxl", "JPEG XL");

    private static final Set<String> HEIF_BRANDS =
            Set.of("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "mif2", "msf1");

    private static final int MOST_BRANDS = 64;

    private final String extension;
    private final String mediaType;
    private final String title;

    ImageFormat(String extension, String mediaType, String title) {
        this.extension = extension;
        this.mediaType = mediaType;
        this.title = title;
    }

    /** The end of an {@link ImageId}, without the dot. */
    public String extension() {
        return extension;
    }

    public String mediaType() {
        return mediaType;
    }

    /** The name of the format as people write it. */
    public String title() {
        return title;
    }

    /** Whether no reader in this process knows the format, so that a {@link ForeignDecoder} has to. */
    public boolean isForeign() {
        return this == HEIC || this == AVIF || this == JXL;
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
        if (startsWith(bytes, 0, 0xFF, 0x0A)
                || startsWith(bytes, 0, 0, 0, 0, 12, 'J', 'X', 'L', ' ', 0x0D, 0x0A, 0x87, 0x0A)) {
            return Optional.of(JXL);
        }
        return startsWith(bytes, 4, 'f', 't', 'y', 'p') ? heif(bytes) : Optional.empty();
    }

    /** Files of all kinds, videos too, begin with a list of brands. Some name only the container first, and the coding later. */
    private static Optional<ImageFormat> heif(byte[] bytes) {
        int end = Math.min(bytes.length, ByteBuffer.wrap(bytes).getInt(0));
        Set<String> brands = new HashSet<>();
        for (int at = 8; at + 4 <= end && brands.size() < MOST_BRANDS; at += at == 8 ? 8 : 4) {
            brands.add(new String(bytes, at, 4, StandardCharsets.ISO_8859_1));
        }
        if (brands.contains("avif") || brands.contains("avis")) {
            return Optional.of(AVIF);
        }
        return brands.stream().anyMatch(HEIF_BRANDS::contains) ? Optional.of(HEIC) : Optional.empty();
    }

    static Optional<ImageFormat> ofExtension(String extension) {
        for (ImageFormat format : values()) {
            if (format.extension.equals(extension)) {
                return Optional.of(format);
            }
        }
        return Optional.empty();
    }

    /** The format of this media type. Empty if it is none of ours, or null. */
    public static Optional<ImageFormat> ofMediaType(@Nullable String mediaType) {
        for (ImageFormat format : values()) {
            if (format.mediaType.equals(mediaType)) {
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

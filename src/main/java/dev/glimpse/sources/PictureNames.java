package dev.glimpse.sources;

import java.util.Locale;
import java.util.Set;

/** Tells from a key whether the object may be a picture. The bytes decide; this saves reading what is called something else. */
final class PictureNames {
    private static final Set<String> EXTENSIONS = Set.of(
            "jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "webp", "bmp", "dib", "tif", "tiff", "heic", "heif",
            "hif", "avif", "jxl", "raw", "dng", "nef", "nrw", "cr2", "arw", "srf", "sr2", "rw2", "orf", "pef", "srw",
            "raf", "erf", "kdc", "dcr", "mef", "mos", "iiq", "3fr", "fff", "rwl");

    private PictureNames() {}

    /** Whether the key has the extension of a picture, or none. */
    static boolean mayBePicture(String key) {
        String name = key.substring(key.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot < 0
                ? !name.isEmpty()
                : dot > 0 && EXTENSIONS.contains(name.substring(dot + 1).toLowerCase(Locale.ROOT));
    }
}

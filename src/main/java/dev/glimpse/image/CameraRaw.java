package dev.glimpse.image;

import dev.glimpse.image.TiffFile.Directory;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The raw file of a camera: what its sensor saw, which each camera writes in its own way, in a file built like a TIFF. With it comes a
 * preview, the picture as the camera would have stored it; that is the picture here.
 */
final class CameraRaw {
    /** A long side from which on a preview can be looked at. It is nine times as many pixels as models look at. */
    static final int ENOUGH = 640;

    private static final Set<Long> SENSOR_DATA = Set.of(32803L, 34892L);
    private static final Set<Long> PACKED = Set.of(1L, 5L, 7L, 8L, 32773L, 32946L);
    private static final Set<Long> COLORS = Set.of(0L, 1L, 2L, 6L);

    private CameraRaw() {}

    /**
     * Whether the bytes are a raw of a kind that is built like a TIFF: by its own first bytes, or by a directory that describes the data of
     * a sensor. Part of an id depends on this: what it has once said of some bytes it must always say.
     */
    static boolean isIn(byte[] bytes) {
        if (hasOwnMark(bytes)) {
            return true;
        }
        if (!isTiff(bytes)) {
            return false;
        }
        try {
            TiffFile file = TiffFile.of(bytes);
            return file.pages().get(0).has(TiffFile.DNG_VERSION) || all(file).anyMatch(CameraRaw::isSensorData);
        } catch (DamagedImageException e) {
            return false;
        }
    }

    static boolean isTiff(byte[] bytes) {
        return Container.isAt(bytes, 0, "II*\0") || Container.isAt(bytes, 0, "MM\0*");
    }

    private static boolean hasOwnMark(byte[] bytes) {
        return isOlympus(bytes) || isPanasonic(bytes) || isCanon(bytes);
    }

    private static boolean isOlympus(byte[] bytes) {
        return Container.isAt(bytes, 0, "IIRO") || Container.isAt(bytes, 0, "IIRS") || Container.isAt(bytes, 0, "MMOR");
    }

    private static boolean isPanasonic(byte[] bytes) {
        return Container.isAt(bytes, 0, "IIU\0");
    }

    private static boolean isCanon(byte[] bytes) {
        return isTiff(bytes) && Container.isAt(bytes, 8, "CR\2");
    }

    private static Stream<Directory> all(TiffFile file) {
        return Stream.concat(file.pages().stream(), file.inner().stream());
    }

    /**
     * What a reader gets instead of the raw: its largest preview.
     *
     * @throws DamagedImageException if the raw is cut off
     * @throws UnsupportedImageException if no preview is large enough to be the picture
     */
    static ReaderInput preview(byte[] bytes) {
        TiffFile file = TiffFile.of(bytes);
        Directory first = file.pages().get(0);
        Optional<EmbeddedJpegs.Found> jpeg = EmbeddedJpegs.largest(bytes);
        Optional<Directory> page =
                all(file).filter(CameraRaw::isPreview).max(Comparator.comparingLong(Directory::pixels));
        long width = jpeg.map(found -> (long) found.width()).orElse(0L);
        long height = jpeg.map(found -> (long) found.height()).orElse(0L);
        boolean isPage = page.isPresent() && page.get().pixels() > width * height;
        if (isPage) {
            width = page.get().value(TiffFile.WIDTH, 0);
            height = page.get().value(TiffFile.HEIGHT, 0);
        }
        requireEnough(bytes, file, width, height);
        ReaderInput preview = isPage
                ? ReaderInput.page(bytes, page.get())
                : ReaderInput.jpegAt(bytes, jpeg.orElseThrow().start());
        // Only if the raw says nothing, the preview does.
        Exif exif = preview.container().exif();
        Orientation orientation =
                first.has(TiffFile.ORIENTATION) ? orientation(file, width >= height) : exif.orientation();
        Instant takenAt = Exif.takenAt(first);
        return preview.saying(new Exif(orientation, takenAt == null ? exif.takenAt() : takenAt));
    }

    /** Some programs turn the preview and leave the raw as it was: then nothing is to be done. */
    private static Orientation orientation(TiffFile file, boolean isWide) {
        Orientation orientation = Orientation.of((int) file.pages().get(0).value(TiffFile.ORIENTATION, 1));
        boolean isTurned = all(file)
                .filter(CameraRaw::isSensorData)
                .anyMatch(page -> page.value(TiffFile.WIDTH, 0) >= page.value(TiffFile.HEIGHT, 0) != isWide);
        return orientation.swapsSides() && isTurned ? Orientation.UPRIGHT : orientation;
    }

    private static boolean isSensorData(Directory page) {
        return SENSOR_DATA.contains(page.value(TiffFile.PHOTOMETRIC, 0));
    }

    /** Not what is 16 bits deep: that has not got the brightness of a picture yet. */
    private static boolean isPreview(Directory page) {
        return PACKED.contains(page.value(TiffFile.COMPRESSION, 1))
                && COLORS.contains(page.value(TiffFile.PHOTOMETRIC, -1))
                && page.value(TiffFile.BITS, 1) == 8;
    }

    private static void requireEnough(byte[] bytes, TiffFile file, long width, long height) {
        long side = Math.max(width, height);
        // Of a small sensor, a preview of about its own size will do.
        long sensor = all(file)
                .filter(CameraRaw::isSensorData)
                .mapToLong(page -> Math.max(page.value(TiffFile.WIDTH, 0), page.value(TiffFile.HEIGHT, 0)))
                .max()
                .orElse(Long.MAX_VALUE);
        if (side < ENOUGH && (side == 0 || side < sensor * 3 / 4)) {
            throw UnsupportedImageException.of("camera raw (%s) %s; save it as JPEG"
                    .formatted(
                            kind(bytes, file.pages()),
                            side == 0
                                    ? "without a preview"
                                    : "whose largest preview has only %d x %d pixels".formatted(width, height)));
        }
    }

    /** As its files are called. */
    private static String kind(byte[] bytes, List<Directory> pages) {
        if (isOlympus(bytes)) {
            return "ORF";
        }
        if (isPanasonic(bytes)) {
            return "RW2";
        }
        if (isCanon(bytes)) {
            return "CR2";
        }
        if (pages.get(0).has(TiffFile.DNG_VERSION)) {
            return "DNG";
        }
        String make = pages.get(0).text(TiffFile.MAKE).toUpperCase(Locale.ROOT);
        return Arrays.stream(Maker.values())
                .filter(maker -> make.startsWith(maker.name()))
                .map(maker -> maker.files)
                .findFirst()
                .orElse("DNG, NEF, CR2, ARW or alike");
    }

    private enum Maker {
        NIKON("NEF"),
        SONY("ARW"),
        PENTAX("PEF"),
        RICOH("PEF"),
        SAMSUNG("SRW"),
        HASSELBLAD("3FR"),
        EPSON("ERF"),
        KODAK("DCR or KDC"),
        EASTMAN("DCR or KDC"),
        PHASE("IIQ"),
        LEAF("MOS"),
        MAMIYA("MEF"),
        CANON("CR2");

        private final String files;

        Maker(String files) {
            this.files = files;
        }
    }
}

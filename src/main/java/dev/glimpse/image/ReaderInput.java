package dev.glimpse.image;

import java.util.Arrays;
import java.util.Optional;

/**
 * What a reader gets to see of a file: a picture that stands alone, without what would confuse it. Most files are that already and are not
 * copied.
 * <p>Immutable, may be shared between threads.
 */
final class ReaderInput {
    private final ImageFormat format;
    private final byte[] bytes;
    private final Container container;

    private ReaderInput(ImageFormat format, byte[] bytes, Container container) {
        this.format = format;
        this.bytes = bytes;
        this.container = container;
    }

    /**
     * @throws DamagedImageException if the picture is cut off, or built to exhaust its reader
     * @throws UnsupportedImageException if the picture is of a kind that the reader does not know
     */
    static ReaderInput of(ImageFormat format, byte[] bytes) {
        return switch (format) {
            case JPEG -> jpeg(bytes);
            case PNG -> walked(format, PngTidying.of(bytes));
            case WEBP -> walked(format, WebpTidying.of(bytes));
            case BMP -> walked(format, BmpTidying.of(bytes));
            case GIF -> walked(format, bytes);
            case TIFF -> tiff(bytes);
            case RAW -> CameraRaw.preview(bytes);
            case HEIC, AVIF, JXL -> throw new IllegalArgumentException("no reader of ours knows " + format);
        };
    }

    private static ReaderInput walked(ImageFormat format, byte[] bytes) {
        return new ReaderInput(format, bytes, Container.walk(format, bytes));
    }

    private static ReaderInput jpeg(byte[] bytes) {
        JpegWalk walk = JpegWalk.of(bytes);
        return new ReaderInput(ImageFormat.JPEG, walk.tidied(), walk.container());
    }

    private static ReaderInput tiff(byte[] bytes) {
        TiffFile file = TiffFile.of(bytes);
        TiffFile.Directory page = TiffPage.picture(file);
        TiffPage.requireReadable(page);
        Orientation orientation = TiffPage.orientation(file, page);
        return wholeJpeg(bytes, page)
                .map(start -> jpegAt(bytes, start))
                .orElseGet(() -> page(bytes, page))
                .turned(orientation);
    }

    /** The TIFF around a JPEG of the old style adds nothing to it, and is often wrong. */
    private static Optional<Integer> wholeJpeg(byte[] bytes, TiffFile.Directory page) {
        long colors = page.value(TiffFile.PHOTOMETRIC, 6);
        if (page.value(TiffFile.COMPRESSION, 1) != 6 || (colors != 6 && colors != 1)) {
            return Optional.empty();
        }
        long start = page.value(TiffFile.JPEG_START, page.value(TiffFile.STRIP_OFFSETS, -1));
        return EmbeddedJpegs.at(bytes, start)
                .filter(found -> found.width() == page.value(TiffFile.WIDTH, 0)
                        && found.height() == page.value(TiffFile.HEIGHT, 0))
                .map(EmbeddedJpegs.Found::start);
    }

    /** A page of a TIFF, as if it were the only one. */
    static ReaderInput page(byte[] bytes, TiffFile.Directory page) {
        return walked(ImageFormat.TIFF, TiffPage.alone(bytes, page));
    }

    /** A JPEG that begins somewhere in a file, and ends before it does. */
    static ReaderInput jpegAt(byte[] bytes, int start) {
        byte[] rest = Arrays.copyOfRange(bytes, start, bytes.length);
        JpegWalk walk = JpegWalk.of(rest);
        return new ReaderInput(ImageFormat.JPEG, walk.tidied(), walk.container());
    }

    ReaderInput turned(Orientation orientation) {
        return new ReaderInput(
                format,
                bytes,
                new Container(orientation, container.maxWidth(), container.maxHeight(), container.lossless()));
    }

    /** Whose reader it is for; of a camera raw that of its preview. */
    ImageFormat format() {
        return format;
    }

    /** Not copied, and not to be changed. */
    byte[] bytes() {
        return bytes;
    }

    /** What the walk through the bytes has found. */
    Container container() {
        return container;
    }
}

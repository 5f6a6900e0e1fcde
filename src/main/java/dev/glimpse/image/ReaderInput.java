package dev.glimpse.image;

import java.util.Arrays;

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
        Exif exif = new Exif(
                TiffPage.orientation(file, page), Exif.takenAt(file.pages().get(0)));
        return OldStyleJpeg.of(bytes, page)
                .map(ReaderInput::jpeg)
                .orElseGet(() -> page(bytes, page))
                .saying(exif);
    }

    /** A page of a TIFF, as if it were the only one. */
    static ReaderInput page(byte[] bytes, TiffFile.Directory page) {
        return walked(ImageFormat.TIFF, TiffPage.alone(bytes, page));
    }

    /** A JPEG that begins somewhere in a file, and ends before it does. */
    static ReaderInput jpegAt(byte[] bytes, int start) {
        return jpeg(Arrays.copyOfRange(bytes, start, bytes.length));
    }

    /** An input with these bytes, of a picture that was held in another way. */
    ReaderInput turned(Orientation orientation) {
        return saying(container.exif().turned(orientation));
    }

    /** An input with these bytes, of a picture whose file says this. */
    ReaderInput saying(Exif exif) {
        return new ReaderInput(
                format, bytes, new Container(exif, container.maxWidth(), container.maxHeight(), container.lossless()));
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

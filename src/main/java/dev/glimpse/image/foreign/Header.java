package dev.glimpse.image.foreign;

import dev.glimpse.image.ImageFormat;

/**
 * What a picture's header says.
 *
 * @param width in pixels, before the picture is turned
 * @param coding of the pixels, which may differ from what the file calls itself
 * @param transparent whether it has an alpha channel
 * @param bytes what to give to the decoder; of a file with several pictures only the primary one is to be seen in it
 */
@SuppressWarnings("ArrayRecordComponent") // a picture may have 20 MB, and is given on as it is
record Header(long width, long height, ImageFormat coding, boolean transparent, byte[] bytes) {
    static Header of(ImageFormat format, byte[] bytes) {
        return format == ImageFormat.JXL ? JxlHeader.read(bytes) : HeifHeader.read(format, bytes);
    }
}

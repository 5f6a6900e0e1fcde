package dev.glimpse.image.foreign;

import dev.glimpse.image.ImageFormat;
import java.util.List;

/**
 * What a picture's header says.
 *
 * @param width in pixels, before the picture is turned
 * @param coding of the pixels, which may differ from what the file calls itself
 * @param transparent whether it has an alpha channel
 * @param hidden where the flags are of which the lowest bit has to be set, so that a decoder sees the primary picture alone
 */
record Header(long width, long height, ImageFormat coding, boolean transparent, List<Integer> hidden) {
    static Header of(ImageFormat format, byte[] bytes) {
        return format == ImageFormat.JXL ? JxlHeader.read(bytes) : HeifHeader.read(format, bytes);
    }
}

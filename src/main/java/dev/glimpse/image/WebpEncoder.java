package dev.glimpse.image;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes WebPs of pixels, by libwebp. Native code gets nothing but pixels that were decoded here: files that came from outside are for the
 * readers of Java alone, so no function that reads files is declared here.
 */
final class WebpEncoder {
    /** As good to look at as the JPEGs: docs/benchmarks/thumbnails.txt. */
    private static final float QUALITY = 80;

    /**
     * Pixels of the longer side up to which a drawing of few colours is encoded without loss. That keeps its lines as they are, and takes
     * fewer bytes: docs/benchmarks/thumbnails.txt. For larger ones it is not measured what that costs.
     */
    private static final int LOSSLESS_SIDE = 256;

    /** As many as a palette has. */
    private static final int FEW_COLORS = 256;

    private interface LibWebp extends Library {
        /**
         * Encodes pixels.
         *
         * @param stride bytes of a row
         * @param output gets the address of the file, for {@link #WebPFree}
         * @return bytes of the file, 0 if it failed
         */
        long WebPEncodeRGB(byte[] rgb, int width, int height, int stride, float quality, PointerByReference output);

        /** As {@link #WebPEncodeRGB}, without loss. */
        long WebPEncodeLosslessRGB(byte[] rgb, int width, int height, int stride, PointerByReference output);

        void WebPFree(Pointer file);
    }

    private static final @Nullable LibWebp LIBRARY;

    /** Why there is no library; null if there is one. */
    private static final @Nullable String TROUBLE;

    static {
        @Nullable LibWebp loaded = null;
        @Nullable String trouble = null;
        try {
            loaded = Native.load("webp-imageio", LibWebp.class);
            byte[] unused = encode(loaded, new byte[3], 1, 1);
        } catch (LinkageError | RuntimeException e) {
            trouble = e.toString();
        }
        LIBRARY = loaded;
        TROUBLE = trouble;
    }

    private WebpEncoder() {}

    /** Why pictures cannot be encoded here. Empty if they can. */
    static Optional<String> trouble() {
        return Optional.ofNullable(TROUBLE);
    }

    /**
     * Encodes a picture.
     *
     * @param rgb red, green and blue bytes, row by row
     * @throws IllegalStateException if that is not possible here
     */
    static byte[] encode(byte[] rgb, int width, int height) {
        if (LIBRARY == null) {
            throw new IllegalStateException("there is no WebP encoder: " + TROUBLE);
        }
        return encode(LIBRARY, rgb, width, height);
    }

    private static byte[] encode(LibWebp library, byte[] rgb, int width, int height) {
        PointerByReference output = new PointerByReference();
        long length = Math.max(width, height) <= LOSSLESS_SIDE && hasFewColors(rgb)
                ? library.WebPEncodeLosslessRGB(rgb, width, height, 3 * width, output)
                : library.WebPEncodeRGB(rgb, width, height, 3 * width, QUALITY, output);
        try {
            if (length == 0) {
                throw new IllegalStateException("libwebp cannot encode %dx%d pixels".formatted(width, height));
            }
            return output.getValue().getByteArray(0, Math.toIntExact(length));
        } finally {
            library.WebPFree(output.getValue());
        }
    }

    private static boolean hasFewColors(byte[] rgb) {
        Set<Integer> colors = new HashSet<>();
        for (int i = 0; i < rgb.length && colors.size() <= FEW_COLORS; i += 3) {
            colors.add((rgb[i] & 0xFF) << 16 | (rgb[i + 1] & 0xFF) << 8 | (rgb[i + 2] & 0xFF));
        }
        return colors.size() <= FEW_COLORS;
    }
}

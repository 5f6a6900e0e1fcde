package dev.glimpse.image;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Makes WebPs of pixels, by libwebp. Native code gets nothing but pixels that were decoded here: files that came from outside are for the
 * readers of Java alone, so no function that reads files is declared here.
 */
final class WebpEncoder {
    /** As good to look at as the JPEGs: docs/benchmarks/thumbnails.txt. */
    private static final float QUALITY = 80;

    private interface LibWebp extends Library {
        /**
         * Encodes pixels.
         *
         * @param stride bytes of a row
         * @param output gets the address of the file, for {@link #WebPFree}
         * @return bytes of the file, 0 if it failed
         */
        long WebPEncodeRGB(byte[] rgb, int width, int height, int stride, float quality, PointerByReference output);

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
        long length = library.WebPEncodeRGB(rgb, width, height, 3 * width, QUALITY, output);
        try {
            if (length == 0) {
                throw new IllegalStateException("libwebp cannot encode %dx%d pixels".formatted(width, height));
            }
            return output.getValue().getByteArray(0, Math.toIntExact(length));
        } finally {
            library.WebPFree(output.getValue());
        }
    }
}

package dev.glimpse.image.foreign;

import dev.glimpse.image.ImageFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A program that makes a JPEG or PNG of a picture.
 *
 * @param path absolute
 * @param kind which command line it understands
 * @param codings what it decodes
 * @param fastPng whether it can be told to compress a PNG little
 */
record Program(Path path, Kind kind, Set<ImageFormat> codings, boolean fastPng) {
    /** By command line. */
    enum Kind {
        /** {@code heif-convert} or {@code heif-dec} of libheif. */
        HEIF,
        /** {@code djxl} of libjxl. */
        JXL
    }

    /** Of the result, when it is a JPEG. */
    private static final String QUALITY = "95";

    /** A PNG keeps what is transparent, and takes five times as long. */
    static String result(boolean transparent) {
        return transparent ? "out.png" : "out.jpg";
    }

    List<String> command(String input, String output) {
        List<String> words = new ArrayList<>();
        words.add(path.toString());
        switch (kind) {
            case HEIF -> {
                words.addAll(List.of("--quiet", "-q", QUALITY));
                if (fastPng) {
                    words.addAll(List.of("--png-compression-level", "1"));
                }
            }
            case JXL -> {
                // Without a quality it would give back the JPEG that some were made of, turned or not.
                words.addAll(List.of("--quiet", "--num_threads=1", "--bits_per_sample=8"));
                if (output.endsWith(".jpg")) {
                    words.addAll(List.of("-q", QUALITY));
                }
            }
        }
        words.addAll(List.of(input, output));
        return words;
    }
}

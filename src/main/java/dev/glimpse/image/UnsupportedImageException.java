package dev.glimpse.image;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Bytes that are no picture in a format that Glimpse accepts. */
public class UnsupportedImageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final String ACCEPTED =
            Arrays.stream(ImageFormat.values()).map(ImageFormat::mediaType).collect(Collectors.joining(", "));

    UnsupportedImageException(String found) {
        super("the file looks like " + found + "; accepted are " + ACCEPTED);
    }

    /** Says what the bytes look like, if that can be told from their beginning. */
    public static UnsupportedImageException of(byte[] bytes) {
        return new UnsupportedImageException(guess(bytes));
    }

    private static String guess(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(bytes.length, 512), StandardCharsets.ISO_8859_1);
        String lower = start.strip().toLowerCase(Locale.ROOT);
        if (start.startsWith("PK\u0003\u0004")) {
            return "a ZIP archive";
        }
        if (start.startsWith("%PDF-")) {
            return "a PDF document";
        }
        if (start.length() >= 12 && start.startsWith("ftyp", 4)) {
            String brand = start.substring(8, 12);
            return switch (brand) {
                case "avif", "avis" -> "AVIF";
                case "heic", "heix", "hevc", "mif1", "msf1" -> "HEIC";
                default -> "a video";
            };
        }
        if (lower.startsWith("<svg") || (lower.startsWith("<?xml") && lower.contains("<svg"))) {
            return "SVG";
        }
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
            return "an HTML page";
        }
        boolean printable = start.chars().allMatch(c -> c >= 0x20 || c == '\n' || c == '\r' || c == '\t');
        return printable ? "text" : "something unknown";
    }
}

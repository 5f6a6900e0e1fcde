package dev.glimpse.image;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** Guesses the format of bytes that are refused as a picture. The guess is only shown to people, in the message of the refusal. */
final class Lookalike {
    private Lookalike() {}

    /** Names the format, as in "these bytes are a ZIP archive"; "no known type" if there is no guess. Reads the first 1,024 bytes at most. */
    static String of(byte[] bytes) {
        if (bytes.length == 0) {
            return "nothing: there are none";
        }
        String head = new String(bytes, 0, Math.min(bytes.length, 1024), StandardCharsets.ISO_8859_1);
        if (head.startsWith("ftyp", 4) && head.length() >= 12) {
            String brand = head.substring(8, 12);
            return switch (brand) {
                case "avif", "avis" -> "AVIF";
                case "heic", "heix", "hevc", "heim", "heis", "mif1", "msf1" -> "HEIC";
                default -> "a video or another MP4-like file";
            };
        }
        if (head.startsWith("PK\3\4")) {
            return "a ZIP archive";
        }
        if (head.startsWith("%PDF-")) {
            return "PDF";
        }
        if (head.startsWith("\u00FF\n") || head.startsWith("JXL ", 4)) {
            return "JPEG XL";
        }
        if (head.startsWith("II+\0") || head.startsWith("MM\0+")) {
            return "BigTIFF";
        }
        String text = head.toLowerCase(Locale.ROOT);
        if (text.contains("<svg")) {
            return "SVG";
        }
        if (text.contains("<!doctype html") || text.contains("<html")) {
            return "HTML";
        }
        boolean printable = text.chars().allMatch(c -> c >= ' ' || c == '\n' || c == '\r' || c == '\t');
        return printable ? "text" : "no known type";
    }
}

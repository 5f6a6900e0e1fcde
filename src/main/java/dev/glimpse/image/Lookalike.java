package dev.glimpse.image;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** Guesses the format of bytes that are refused as a picture. The guess is only shown to people, in the message of the refusal. */
final class Lookalike {
    /** As they are looked for: the more exact before the shorter. */
    private static final List<Mark> MARKS = List.of(
            new Mark(0, "PK\3\4", "a ZIP archive"),
            new Mark(0, "PK\5\6", "a ZIP archive"),
            new Mark(0, "7z\u00BC\u00AF'\u001C", "a 7z archive"),
            new Mark(0, "Rar!\u001A\7", "a RAR archive"),
            new Mark(0, "\u001F\u008B", "a gzip archive"),
            new Mark(0, "BZh", "a bzip2 archive"),
            new Mark(0, "\u00FD7zXZ\0", "an xz archive"),
            new Mark(0, "(\u00B5/\u00FD", "a Zstandard archive"),
            new Mark(257, "ustar", "a tar archive"),
            new Mark(0, "%!PS", "EPS"),
            new Mark(0, "\u00C5\u00D0\u00D3\u00C6", "EPS"),
            new Mark(0, "\u00FF\n", "JPEG XL"),
            new Mark(4, "JXL ", "JPEG XL"),
            new Mark(4, "jP  ", "JPEG 2000"),
            new Mark(0, "\u00FFO\u00FFQ", "JPEG 2000"),
            new Mark(0, "II\u00BC\1", "JPEG XR"),
            new Mark(0, "II+\0", "BigTIFF"),
            new Mark(0, "MM\0+", "BigTIFF"),
            new Mark(0, "8BPS\0\1", "PSD"),
            new Mark(0, "8BPS\0\2", "PSB"),
            new Mark(0, "\0\0\1\0", "ICO"),
            new Mark(0, "\0\0\2\0", "CUR"),
            new Mark(0, "icns", "ICNS"),
            new Mark(0, "FUJIFILMCCD-RAW", "a camera raw (RAF)"),
            new Mark(0, "FOVb", "a camera raw (X3F)"),
            new Mark(0, "\0MRM", "a camera raw (MRW)"),
            new Mark(6, "HEAPCCDR", "a camera raw (CRW)"),
            new Mark(0, "gimp xcf", "XCF"),
            new Mark(0, "v/1\1", "EXR"),
            new Mark(0, "#?RADIANCE", "HDR"),
            new Mark(0, "#?RGBE", "HDR"),
            new Mark(0, "DDS ", "DDS"),
            new Mark(0, "\u00ABKTX 1", "KTX"),
            new Mark(0, "\u00ABKTX 2", "KTX2"),
            new Mark(0, "qoif", "QOI"),
            new Mark(0, "\n\5\1", "PCX"),
            new Mark(0, "\n\3\1", "PCX"),
            new Mark(0, "FLIF", "FLIF"),
            new Mark(0, "BPG\u00FB", "BPG"),
            new Mark(0, "AT&TFORM", "DjVu"),
            new Mark(0, "\u0097JB2\r\n", "JBIG2"),
            new Mark(0, "SIMPLE  =", "FITS"),
            new Mark(0, "\1\u00DA", "SGI"),
            new Mark(0, "\u00D7\u00CD\u00C6\u009A", "WMF"),
            new Mark(40, " EMF", "EMF"),
            new Mark(0, "BA", "an OS/2 bitmap array"),
            new Mark(8, "AVI ", "AVI video"),
            new Mark(8, "WAVE", "WAV sound"),
            new Mark(0, "\u001AE\u00DF\u00A3", "MKV or WebM video"),
            new Mark(0, "FLV\1", "FLV video"),
            new Mark(0, "OggS", "Ogg video or sound"),
            new Mark(0, "\0\0\1\u00BA", "MPEG video"),
            new Mark(0, "\0\0\1\u00B3", "MPEG video"),
            new Mark(0, "0&\u00B2u", "WMV video"),
            new Mark(4, "moov", "MOV video"),
            new Mark(4, "mdat", "MOV video"),
            new Mark(4, "wide", "MOV video"),
            new Mark(0, "ID3", "MP3 sound"),
            new Mark(0, "fLaC", "FLAC sound"),
            new Mark(0, "\u00D0\u00CF\u0011\u00E0", "an old Office document"),
            new Mark(0, "{\\rtf", "RTF"),
            new Mark(0, "\u007FELF", "a program"),
            new Mark(0, "MZ", "a program"));

    private Lookalike() {}

    /** @param at where these bytes, written as letters, are in the file */
    private record Mark(int at, String bytes, String name) {}

    /** Names the format, as in "these bytes are a ZIP archive"; "no known type" if there is no guess. Reads the first 4,096 bytes at most, and of a text all. */
    static String of(byte[] bytes) {
        if (bytes.length == 0) {
            return "nothing: there are none";
        }
        String head = new String(bytes, 0, Math.min(bytes.length, 4096), StandardCharsets.ISO_8859_1);
        if (head.startsWith("ftyp", 4) && head.length() >= 12) {
            return ofBrand(head.substring(8, 12));
        }
        int pdf = head.indexOf("%PDF-");
        if (pdf >= 0 && pdf < 1024) {
            return head.contains("Illustrator") ? "PDF of Illustrator (AI)" : "PDF";
        }
        for (Mark mark : MARKS) {
            if (head.startsWith(mark.bytes, mark.at) && isMeant(mark, head)) {
                return mark.name;
            }
        }
        if (isTransportStream(bytes)) {
            return "MPEG video";
        }
        if (isTga(bytes)) {
            return "TGA";
        }
        if (isNetpbm(head)) {
            return "PNM, as PBM, PGM and PPM are called together";
        }
        return text(bytes, head);
    }

    private static String ofBrand(String brand) {
        return switch (brand) {
            case "avif", "avis" -> "AVIF";
            case "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs", "mif1", "msf1" -> "HEIC";
            case "crx " -> "a camera raw (CR3)";
            case "jp2 ", "jpx ", "jpm ", "mjp2" -> "JPEG 2000";
            case "jxl " -> "JPEG XL";
            case "qt  " -> "MOV video";
            case "M4A ", "M4B " -> "M4A sound";
            default -> "MP4 video, or a file like one";
        };
    }

    /** Two letters may also begin a text; and a TGA like an icon, of which there is at least one in its file. */
    private static boolean isMeant(Mark mark, String head) {
        if (mark.name.equals("ICO") || mark.name.equals("CUR")) {
            return head.length() > 5 && head.charAt(4) != 0 && head.charAt(5) == 0;
        }
        boolean letters = mark.bytes.chars().allMatch(c -> c >= ' ' && c <= '~');
        return !letters || mark.bytes.length() > 2 || !isPrintable(head);
    }

    private static boolean isTransportStream(byte[] bytes) {
        return bytes.length > 376 && bytes[0] == 0x47 && bytes[188] == 0x47 && bytes[376] == 0x47;
    }

    /** It has no mark of its own at its beginning: only numbers that have to fit. */
    private static boolean isTga(byte[] bytes) {
        if (bytes.length >= 26
                && new String(bytes, bytes.length - 18, 16, StandardCharsets.ISO_8859_1).equals("TRUEVISION-XFILE")) {
            return true;
        }
        if (bytes.length < 18) {
            return false;
        }
        int kind = bytes[2] & 0xF7;
        boolean hasPalette = bytes[1] == 1;
        boolean bits = bytes[16] == 8 || bytes[16] == 15 || bytes[16] == 16 || bytes[16] == 24 || bytes[16] == 32;
        return (bytes[1] == 0 || hasPalette)
                && kind >= 1
                && kind <= 3
                && hasPalette == (kind == 1)
                && bits
                && (bytes[17] & 0xC0) == 0
                && (bytes[12] | bytes[13]) != 0
                && (bytes[14] | bytes[15]) != 0;
    }

    private static boolean isNetpbm(String head) {
        return head.length() > 3
                && head.charAt(0) == 'P'
                && head.charAt(1) >= '1'
                && head.charAt(1) <= '7'
                && Character.isWhitespace(head.charAt(2))
                && (Character.isDigit(head.charAt(3)) || head.charAt(3) == '#' || head.charAt(3) == 'W');
    }

    private static String text(byte[] bytes, String head) {
        String text = head.toLowerCase(Locale.ROOT);
        // Letters of two bytes: every other one is zero.
        if (head.startsWith("\u00FF\u00FE") || head.startsWith("\u00FE\u00FF")) {
            text = text.replace("\0", "");
        }
        if (text.contains("<svg")) {
            return "SVG";
        }
        if (text.contains("<!doctype html") || text.contains("<html")) {
            return "HTML";
        }
        if (isPrintable(head)) {
            return text.startsWith("<?xml") ? "XML" : "text";
        }
        return isZero(bytes) ? "nothing but zeros" : "no known type";
    }

    private static boolean isPrintable(String head) {
        return head.chars().allMatch(c -> c >= ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f');
    }

    private static boolean isZero(byte[] bytes) {
        for (byte each : bytes) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }
}

package dev.glimpse.bulk.source;

import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * What a file is, by its first bytes. A picture is whatever looks like one of any format: which formats are taken is for the server to
 * say.
 */
public enum FileKind {
    PICTURE("a picture"),
    EMPTY("empty"),
    VIDEO("a video"),
    VIDEO_BESIDE("the video beside a picture of this name"),
    SOUND("a sound"),
    ARCHIVE("an archive"),
    PDF("a PDF"),
    NOTES("notes beside a picture"),
    SYSTEM("a file of the system"),
    TEXT("text"),
    OTHER("no picture");

    /** The number of first bytes that {@link #of} needs to see. */
    public static final int HEAD = 512;

    private static final Pattern PICTURES = pattern("\\xff\\xd8\\xff|\\x89PNG|GIF8|RIFF....WEBP|BM.*\\x00"
            + "|II\\*\\x00|MM\\x00\\*|II\\+\\x00|MM\\x00\\+|IIRO|IIRS|MMOR|IIU\\x00|II....HEAPCCDR|FUJIFILMCCD|FOVb|\\x00MRM"
            + "|....ftyp(he[iv]|m[is][fa][12f]|avi[fs]|crx|jxl|jp[2x])"
            + "|\\xff\\x0a|....JXL |....jP  |\\xff\\x4f\\xff\\x51|II\\xbc"
            + "|8BPS|gimp xcf|qoif|DDS |FLIF|BPG\\xfb|AT&TFORM|v/1\\x01|#\\?RADIANCE|#\\?RGBE"
            + "|\\x00\\x00[\\x01\\x02]\\x00|P[1-7][ \\n][0-9#]|<svg");
    private static final Pattern VIDEOS = pattern(
            "....(ftyp|moov|mdat|wide|pnot)|RIFF....AVI|\\x1a\\x45\\xdf\\xa3|FLV" + "|\\x00\\x00\\x01[\\xb3\\xba]");
    private static final Pattern SOUNDS = pattern("RIFF....WAVE|ID3|fLaC|OggS|FORM....AIF");
    private static final Pattern ARCHIVES = pattern("PK\\x03\\x04|PK\\x05\\x06|Rar!|7z\\xbc\\xaf|\\x1f\\x8b|\\x1f\\x9d"
            + "|BZh[1-9]|\\xfd7zXZ|\\x28\\xb5\\x2f\\xfd|.{257}ustar");

    private final String reason;

    FileKind(String reason) {
        this.reason = reason;
    }

    /** Why a file of this kind is left out, in a few words. */
    public String reason() {
        return reason;
    }

    private static Pattern pattern(String regex) {
        return Pattern.compile("^(?:" + regex + ")", Pattern.DOTALL);
    }

    /**
     * Looks at a file.
     *
     * @param head its first bytes, {@link #HEAD} of them or all that there are
     * @param name its name without folders
     */
    public static FileKind of(byte[] head, String name) {
        if (head.length == 0) {
            return EMPTY;
        }
        String start = new String(head, StandardCharsets.ISO_8859_1); // one character for each byte
        if (begins(PICTURES, start.substring(0, Math.min(start.length(), 24)))
                || (start.startsWith("<?xml") && start.contains("<svg"))) {
            return PICTURE;
        }
        if (begins(VIDEOS, start)) {
            return VIDEO;
        }
        if (begins(SOUNDS, start)) {
            return SOUND;
        }
        if (begins(ARCHIVES, start)) {
            return ARCHIVE;
        }
        if (start.startsWith("%PDF")) {
            return PDF;
        }
        String small = name.toLowerCase(Locale.ROOT);
        if (small.endsWith(".aae") || small.endsWith(".xmp")) {
            return NOTES;
        }
        if (name.equals("Thumbs.db") || name.equals("desktop.ini")) {
            return SYSTEM;
        }
        return start.indexOf('\0') < 0 ? TEXT : OTHER;
    }

    private static boolean begins(Pattern pattern, String start) {
        return pattern.matcher(start).lookingAt();
    }
}

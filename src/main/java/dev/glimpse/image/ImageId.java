package dev.glimpse.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;

/**
 * Names a picture by its content: {@code images/{sha256}.{ext}}, which is also its object key and its URL. The same
 * bytes always have the same id.
 *
 * @param sha256 64 lower-case hex digits
 * @param format what the bytes are, never what a file name says
 */
public record ImageId(String sha256, ImageFormat format) {
    private static final String FOLDER = "images/";
    private static final int DIGITS = 64;

    public ImageId {
        if (!isSha256(sha256)) {
            throw new IllegalArgumentException("not a SHA-256: " + sha256);
        }
    }

    /** Whether the text is 64 lower-case hex digits. */
    public static boolean isSha256(String text) {
        // A pattern would take several microseconds, and the ids of all rows are read at each start.
        if (text.length() != DIGITS) {
            return false;
        }
        for (int i = 0; i < DIGITS; i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    /** The id of these bytes, which must begin like a picture in the given format. */
    public static ImageId of(byte[] bytes, ImageFormat format) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return new ImageId(HexFormat.of().formatHex(digest), format);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Reads {@code images/{sha256}.{ext}}; empty if the text is anything else. */
    public static Optional<ImageId> parse(String text) {
        int dot = FOLDER.length() + DIGITS;
        if (text.length() <= dot || !text.startsWith(FOLDER) || text.charAt(dot) != '.') {
            return Optional.empty();
        }
        String sha256 = text.substring(FOLDER.length(), dot);
        return isSha256(sha256)
                ? ImageFormat.ofExtension(text.substring(dot + 1)).map(format -> new ImageId(sha256, format))
                : Optional.empty();
    }

    /** {@code {sha256}.{ext}}. */
    public String name() {
        return sha256 + "." + format.extension();
    }

    /** {@code images/{sha256}.{ext}}. */
    @Override
    public String toString() {
        return FOLDER + name();
    }
}

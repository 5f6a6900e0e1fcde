package dev.glimpse.image;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names a picture by its content: {@code images/{sha256}.{ext}}, which is also its object key and its URL. The same
 * bytes always have the same id.
 *
 * @param sha256 64 lower-case hex digits
 * @param format what the bytes are, never what a file name says
 */
public record ImageId(String sha256, ImageFormat format) {
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern KEY = Pattern.compile("images/([0-9a-f]{64})\\.([a-z]{3,4})");

    public ImageId {
        if (!isSha256(sha256)) {
            throw new IllegalArgumentException("not a SHA-256: " + sha256);
        }
    }

    /** Whether the text is 64 lower-case hex digits. */
    public static boolean isSha256(String text) {
        return SHA256.matcher(text).matches();
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
        Matcher matcher = KEY.matcher(text);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        return ImageFormat.ofExtension(matcher.group(2)).map(format -> new ImageId(matcher.group(1), format));
    }

    /** {@code {sha256}.{ext}}. */
    public String name() {
        return sha256 + "." + format.extension();
    }

    /** {@code images/{sha256}.{ext}}. */
    @Override
    public String toString() {
        return "images/" + name();
    }
}

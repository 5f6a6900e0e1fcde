package dev.glimpse.bulk;

import java.nio.charset.StandardCharsets;

/** Text for a terminal. Control characters, and those that turn the direction of writing, would be orders to it. */
final class Visible {
    private Visible() {}

    /** The text with such characters written as the bytes that they are, as {@code \x1b}. */
    static String of(String text) {
        StringBuilder visible = new StringBuilder();
        text.codePoints().forEach(point -> {
            if (isOrder(point)) {
                for (byte b : Character.toString(point).getBytes(StandardCharsets.UTF_8)) {
                    visible.append(String.format("\\x%02x", b));
                }
            } else {
                visible.appendCodePoint(point);
            }
        });
        return visible.toString();
    }

    private static boolean isOrder(int point) {
        return (Character.isISOControl(point) && point != '\t')
                || (point >= 0x202a && point <= 0x202e)
                || (point >= 0x2066 && point <= 0x2069);
    }
}

package dev.glimpse.testing;

import java.util.Random;

/** Texts of every kind of character, also of what is none. For one thread. */
public final class HostileText {
    private static final String[] PIECES = {
        "cat.jpg",
        "/",
        "\\",
        "..",
        "\0",
        "\n",
        "\r\n",
        "\t",
        "\u007F",
        "\u0085",
        "\u00A0",
        "\u2028",
        "\u202E",
        "\u200D",
        "\uFEFF",
        "\uFFFD",
        "\uFFFF",
        "\"",
        "'",
        "%00",
        "%",
        "<b>",
        "{\"a\":[",
        "]}",
        "äöü",
        "e\u0301",
        "猫",
        "\uD83D\uDC31",
        "\uD83D",
        "\uDC31",
        "\uDBFF\uDFFF",
        "null",
        "-1",
        "1e999",
        "99999999999999999999",
        " ",
        "\u3000"
    };

    private final Random random;

    public HostileText(Random random) {
        this.random = random;
    }

    public String next() {
        StringBuilder text = new StringBuilder();
        int pieces = random.nextInt(16) == 0 ? random.nextInt(1_000) : random.nextInt(8);
        for (int i = 0; i < pieces; i++) {
            switch (random.nextInt(4)) {
                case 0 -> text.append((char) random.nextInt(0x10000));
                case 1 -> text.appendCodePoint(random.nextInt(0x110000));
                default -> text.append(PIECES[random.nextInt(PIECES.length)]);
            }
        }
        return text.toString();
    }
}

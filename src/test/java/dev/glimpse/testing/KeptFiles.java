package dev.glimpse.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Tells whether files that are kept for a later process have the content that they had, whatever their names are. */
public final class KeptFiles {
    private KeptFiles() {}

    /**
     * A digest of the files in a folder, without those in folders in it, and of what was taken down of them.
     *
     * @param taken what {@code KeptOutput} wrote
     */
    public static String digest(Path folder, byte[] taken) throws IOException {
        List<String> each = new ArrayList<>();
        String names = new String(taken, StandardCharsets.ISO_8859_1);
        try (Stream<Path> paths = Files.list(folder)) {
            for (Path path : paths.toList()) {
                String name = path.getFileName().toString();
                names = names.replace((char) (name.length() >> 8) + "" + (char) name.length() + name, plain(name));
                if (Files.isRegularFile(path)) {
                    each.add(plain(name) + digest(Files.readAllBytes(path)));
                }
            }
        }
        each.sort(null);
        each.add(digest(names.getBytes(StandardCharsets.ISO_8859_1)));
        return digest(String.join(" ", each).getBytes(StandardCharsets.UTF_8));
    }

    /** Without what makes it unique. */
    private static String plain(String name) {
        return name.replaceAll("\\d.*", "");
    }

    private static String digest(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}

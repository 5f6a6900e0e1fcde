package dev.glimpse.web;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The key that administers a server to which nobody has given keys. Each start makes a new one, and whoever can read the
 * data folder or the log knows it. An address proves nothing: with nginx's defaults a stranger's request is, byte for byte,
 * one that a program on this machine may send.
 */
public final class AdminKey {
    /** As people are told; in the data folder. */
    static final String FILE = ".glimpse/admin-key";

    private static final Logger log = LoggerFactory.getLogger(AdminKey.class);

    private static final int BYTES = 32;

    private final @Nullable String secret;

    private AdminKey(@Nullable String secret) {
        this.secret = secret;
    }

    /** For a server that has no other keys. */
    static AdminKey random() {
        byte[] bytes = new byte[BYTES];
        new SecureRandom().nextBytes(bytes);
        return new AdminKey(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
    }

    /** For a server that has keys: nothing is this one. */
    static AdminKey none() {
        return new AdminKey(null);
    }

    /** Takes the same time for each wrong key of the right length. */
    boolean is(String given) {
        return secret != null
                && MessageDigest.isEqual(
                        secret.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Puts the key into the file {@code admin-key} of the server's working folder, which its owner alone can read, and into
     * the log. Replaces the one of an earlier start, or removes it if the server has other keys.
     */
    public void writeInto(Path workingFolder) {
        Path file = workingFolder.resolve("admin-key");
        try {
            if (secret == null) {
                Files.deleteIfExists(file);
                return;
            }
            // A temporary file is its owner's from the first byte on.
            Path written = Files.createTempFile(workingFolder.resolve("tmp"), "admin-key", "");
            Files.writeString(written, secret);
            Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
        log.info("admin-key={} file={} administration from this machine needs it, as X-API-Key", secret, file);
    }
}

package dev.glimpse.image.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The decoders of this machine, for tests of real pictures; those are skipped where the decoder is missing. */
public final class InstalledDecoders {
    private static final long MEMORY = 1L << 30;

    private static final DecoderPrograms FOUND = DecoderPrograms.find(TestScheduler.SCHEDULER, MEMORY);

    private InstalledDecoders() {}

    /** Skips the running test, and says why, unless pictures of this name can be decoded here. */
    public static DecoderPrograms requireFor(String name) {
        ImageFormat format = ImageFormat.sniff(file(name)).orElseThrow();
        assumeTrue(
                FOUND.formats().contains(format),
                () -> "SKIPPED: no decoder of " + format.title() + " on this machine: " + FOUND.advice(format));
        return FOUND;
    }

    /** A file of {@code src/test/resources/images/foreign}; {@code make.py} beside them says what they are. */
    public static byte[] file(String name) {
        byte[] bytes = TestImages.file("foreign/" + name);
        assertThat(bytes).isNotEmpty();
        return bytes;
    }

    /** Makes these programs reachable in this folder, those that are there. Links would be warned of when a test ends. */
    static Path offer(Path folder, String... names) {
        try {
            Files.createDirectories(folder);
            for (String name : names) {
                for (String place : List.of("/usr/bin", "/bin")) {
                    Path program = Path.of(place, name);
                    if (Files.isExecutable(program) && Files.notExists(folder.resolve(name))) {
                        Path made = Files.writeString(
                                folder.resolve(name), "#!/bin/sh\nexec " + program.toRealPath() + " \"$@\"\n");
                        assertThat(made.toFile().setExecutable(true)).isTrue();
                    }
                }
            }
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

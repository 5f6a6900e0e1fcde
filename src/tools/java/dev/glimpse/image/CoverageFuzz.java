package dev.glimpse.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What Jazzer calls, which looks for inputs that reach code no other has reached: {@code scripts/selftest fuzz coverage}. It
 * is not among the project's dependencies: its agent changes every class that tests load, beside JaCoCo's.
 */
public final class CoverageFuzz {
    private static final DecoderPromises PROMISES = new DecoderPromises();

    private CoverageFuzz() {}

    /** Argument: the folder that the good pictures are written to, to begin with. */
    public static void main(String[] args) throws IOException {
        Path folder = Files.createDirectories(Path.of(args[0]));
        List<byte[]> seeds = DecoderPromises.seeds();
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(folder.resolve("seed-" + i), seeds.get(i));
        }
    }

    /** Of memory Jazzer itself takes some on this thread: that promise is left to its own limit. */
    public static void fuzzerTestOneInput(byte[] bytes) {
        Optional<String> broken = PROMISES.broken(bytes);
        if (broken.isPresent() && !broken.get().startsWith("allocated")) {
            throw new IllegalStateException(broken.get());
        }
    }
}

package dev.glimpse.dataset.lance;

import dev.glimpse.vectors.Oversampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The last calibration of searches in memory, in a file of this machine: measuring it anew at a start takes minutes with a million rows. A file
 * that is missing or damaged is none. For one thread at a time.
 */
final class KeptOversampling {
    private static final Logger log = LoggerFactory.getLogger(KeptOversampling.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    private final Path file;

    KeptOversampling(Path file) {
        this.file = file;
    }

    /**
     * What was measured.
     *
     * @param of names the table, its model and the recall that was wanted
     * @param rows that the table had
     * @param partitioned whether they were in partitions
     * @param ofTen for the ten nearest; null only in a damaged file
     * @param ofMany for the thousand nearest; null if that was not measured
     */
    record Measured(
            @Nullable String of,
            long rows,
            boolean partitioned,
            @Nullable Oversampling ofTen,
            @Nullable Oversampling ofMany) {}

    /** Empty if nothing was kept, or something else was measured. */
    Optional<Measured> of(String of) {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.ofNullable(JSON.readValue(file, Measured.class))
                    .filter(measured -> of.equals(measured.of)
                            && measured.ofTen != null
                            && isPossible(measured.ofTen)
                            && (measured.ofMany == null || isPossible(measured.ofMany)));
        } catch (JacksonException e) {
            log.warn("{} cannot be read, so searches are measured anew: {}", file, e.toString());
            return Optional.empty();
        }
    }

    private static boolean isPossible(Oversampling measured) {
        return measured.candidates() > 0
                && measured.share() > 0
                && measured.share() <= 1
                && measured.recall() >= 0
                && measured.recall() <= 1;
    }

    /** Keeps it in the place of the one before. If that fails, the next start measures. */
    void keep(Measured measured) {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.createDirectories(file.resolveSibling("."));
            Files.write(part, JSON.writeValueAsBytes(measured));
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            log.warn("{} cannot be written, so the next start measures searches anew: {}", file, e.toString());
        }
    }
}

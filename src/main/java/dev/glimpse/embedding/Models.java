package dev.glimpse.embedding;

import dev.glimpse.fairness.FairScheduler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that this server has: the one that it was started with, and those that are loaded while a table moves from one to another. A model
 * is known by the fingerprint that tables are marked with. Safe for use by several threads. Owns the models but for the first; close it after the
 * last use.
 */
public final class Models implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Models.class);

    private final ClipModel configured;
    private final Path folder;
    private final FairScheduler scheduler;

    /** By the fingerprint that tables are marked with. */
    private final Map<String, ClipModel> loaded = new ConcurrentHashMap<>();

    /**
     * @param configured remains the caller's
     * @param folder of that model; other models are in folders beside it
     * @param scheduler for the first call of each model
     */
    public Models(ClipModel configured, Path folder, FairScheduler scheduler) {
        this.configured = configured;
        Path parent = folder.toAbsolutePath().normalize().getParent();
        this.folder = parent == null ? folder : parent;
        this.scheduler = scheduler;
        loaded.put(fingerprint(configured.descriptor()), configured);
    }

    private static String fingerprint(ModelDescriptor descriptor) {
        return descriptor.tableFingerprint();
    }

    /** The model that the server was started with. */
    public ClipModel configured() {
        return configured;
    }

    /** A model that is loaded. */
    public Optional<ClipModel> of(String fingerprint) {
        return Optional.ofNullable(loaded.get(fingerprint));
    }

    /** Fingerprints of the models that are loaded beside the one of the start. */
    public List<String> beside() {
        return loaded.keySet().stream()
                .filter(one -> !one.equals(fingerprint(configured.descriptor())))
                .toList();
    }

    /**
     * A model that is on this machine.
     *
     * @param folder its name, below the folder that has the model of the start
     */
    public record Here(String folder, ModelDescriptor descriptor) {}

    /** The models that are on this machine. Their files are not read but for the descriptors. */
    public List<Here> here() {
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.sorted().flatMap(one -> describe(one).stream()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list the models in " + folder, e);
        }
    }

    private static Optional<Here> describe(Path one) {
        if (!Files.isRegularFile(one.resolve("model.json"))) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Here(one.getFileName().toString(), ModelDescriptor.peek(one)));
        } catch (InvalidModelException e) {
            log.debug("{} is no usable model", one, e);
            return Optional.empty();
        }
    }

    /** The model with this fingerprint that is on this machine. */
    public Optional<Here> find(String fingerprint) {
        return here().stream()
                .filter(one -> fingerprint(one.descriptor).equals(fingerprint))
                .findFirst();
    }

    /**
     * Loads a model, unless it is loaded. Takes seconds.
     *
     * @throws InvalidModelException if its files are not usable
     */
    public synchronized ClipModel load(Here model) {
        ClipModel known = loaded.get(fingerprint(model.descriptor));
        if (known != null) {
            return known;
        }
        ClipModel fresh = ClipModel.load(folder.resolve(model.folder), scheduler);
        loaded.put(fingerprint(fresh.descriptor()), fresh);
        return fresh;
    }

    /** Frees a model, unless it is the one of the start. What it is just asked may fail. */
    public synchronized void unload(String fingerprint) {
        if (!fingerprint.equals(fingerprint(configured.descriptor()))) {
            ClipModel gone = loaded.remove(fingerprint);
            if (gone != null) {
                gone.close();
                log.info("model={} is not needed any more", gone.descriptor().name());
            }
        }
    }

    /** Twice is fine. */
    @Override
    public synchronized void close() {
        List.copyOf(loaded.keySet()).forEach(this::unload);
    }
}

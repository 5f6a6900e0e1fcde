package dev.glimpse.sources;

import dev.glimpse.consistency.Originals;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Remembers sources in the store: what was set up, and what the last look at each has found that no row says. An object never changes: it is
 * replaced by the next one of its kind. Safe for use by several threads; two that write the same kind at the same time leave one of both.
 */
final class SourceMemory {
    private static final Logger log = LoggerFactory.getLogger(SourceMemory.class);
    private static final JsonMapper JSON = JsonMapper.shared();

    private static final String SETTINGS = "settings";
    private static final String LOOKED = "looked";

    /** What was said of pictures is kept for so long after their rows went. */
    private static final Duration SAID = Duration.ofDays(30);

    private final ObjectStore store;

    /** Settings by their keys, as far as they were read. */
    private final Map<String, Source> known = new ConcurrentHashMap<>();

    SourceMemory(ObjectStore store) {
        this.store = store;
    }

    /**
     * What the store remembers.
     *
     * @param sources by their prefixes
     * @param removed pictures that were deleted while their objects stay
     * @param said pictures whose rows went, and of which something was said; looks keep it up to date
     * @param keys of all else that is remembered; those who write keep it up to date
     */
    record Remembered(Map<String, Source> sources, Set<ImageId> removed, Set<ImageId> said, List<String> keys) {}

    /**
     * What the last look at a source has left.
     *
     * @param report of it; null if none has come to its end
     * @param asides by their keys
     */
    record Looked(@Nullable Report report, Map<String, Aside> asides) {}

    /**
     * Lists what is remembered, and reads the settings that are new: a request for each of them. Forgets what was said of pictures that no
     * source has brought back in time.
     */
    Remembered read() {
        List<String> keys = new ArrayList<>();
        Set<ImageId> removed = new HashSet<>();
        Map<String, Instant> kept = new HashMap<>();
        Instant now = store.list(Originals.KEYS, object -> {
            if (object.key().startsWith(Originals.SAID)) {
                kept.put(object.key(), object.lastModified());
            } else if (object.key().startsWith(Originals.REMOVED)) {
                pictureOf(object.key(), Originals.REMOVED).ifPresent(removed::add);
            } else {
                keys.add(object.key());
            }
        });
        Collections.sort(keys);
        Set<ImageId> said = ConcurrentHashMap.newKeySet();
        kept.forEach((key, since) -> {
            if (since.plus(SAID).isBefore(now)) {
                store.delete(key);
            } else {
                pictureOf(key, Originals.SAID).ifPresent(said::add);
            }
        });
        Map<String, String> settings = new LinkedHashMap<>();
        // The last one of a source counts.
        keys.stream().filter(key -> isKind(key, SETTINGS)).forEach(key -> settings.put(folderOf(key), key));
        known.keySet().retainAll(settings.values());
        Map<String, Source> sources = new TreeMap<>();
        for (String key : settings.values()) {
            Source source = known.get(key);
            if (source == null) {
                source = settings(key).orElse(null);
            }
            if (source != null) {
                known.put(key, source);
                sources.put(source.prefix(), source);
            }
        }
        return new Remembered(sources, removed, said, keys);
    }

    /** The picture that a key below a prefix stands for. */
    static Optional<ImageId> pictureOf(String key, String prefix) {
        return ImageId.parse(ImageDataset.PICTURES + key.substring(prefix.length()));
    }

    private Optional<Source> settings(String key) {
        return store.get(key).flatMap(json -> {
            try {
                return Optional.of(JSON.readValue(json, Source.class));
            } catch (JacksonException e) {
                log.warn("{} is not that of a source: {}", key, e.getMessage());
                return Optional.empty();
            }
        });
    }

    /** Remembers a source, in place of what was set up before with its prefix. */
    void write(Source source, Collection<String> keys) {
        known.put(replace(source.prefix(), SETTINGS, JSON.writeValueAsBytes(source), keys), source);
    }

    /** Forgets a source, and what was found in it. */
    void forget(String prefix, Collection<String> keys) {
        // The settings first: without them the rest means nothing.
        of(prefix, SETTINGS, keys).forEach(store::delete);
        of(prefix, LOOKED, keys).forEach(store::delete);
    }

    /** Whether a source is set up as it was. A request. */
    boolean isSetUp(String prefix, Collection<String> keys) {
        return of(prefix, SETTINGS, keys).stream()
                .reduce((first, last) -> last)
                .filter(key -> store.head(key).isPresent())
                .isPresent();
    }

    /** Whether a look at a source has left something. Asks the store nothing. */
    static boolean hasLooked(String prefix, Collection<String> keys) {
        return !of(prefix, LOOKED, keys).isEmpty();
    }

    /** Reads what the last look at a source has left: a request, or none. */
    Looked looked(String prefix, Collection<String> keys) {
        List<String> there = of(prefix, LOOKED, keys);
        if (there.isEmpty()) {
            return new Looked(null, Map.of());
        }
        String key = there.get(there.size() - 1);
        return store.get(key).map(bytes -> unpack(key, bytes)).orElseGet(() -> new Looked(null, Map.of()));
    }

    /** Remembers what a look has left, in place of the one before. */
    void write(String prefix, Looked looked, Collection<String> keys) {
        replace(prefix, LOOKED, pack(looked), keys);
    }

    private String replace(String prefix, String kind, byte[] bytes, Collection<String> keys) {
        List<String> before = of(prefix, kind, keys);
        long number = before.isEmpty() ? 0 : numberOf(before.get(before.size() - 1));
        String key;
        do {
            number++;
            key = "%s%s-%012d".formatted(folder(prefix), kind, number);
        } while (!store.putIfAbsent(key, bytes, "application/octet-stream", Map.of()));
        before.forEach(store::delete);
        keys.removeAll(before);
        keys.add(key);
        return key;
    }

    private static List<String> of(String prefix, String kind, Collection<String> keys) {
        String beginning = folder(prefix) + kind + "-";
        return keys.stream().filter(key -> key.startsWith(beginning)).sorted().toList();
    }

    private static long numberOf(String key) {
        return Long.parseLong(key.substring(key.lastIndexOf('-') + 1));
    }

    private static String folderOf(String key) {
        return key.substring(0, key.lastIndexOf('/') + 1);
    }

    private static boolean isKind(String key, String kind) {
        return key.startsWith(kind + "-", key.lastIndexOf('/') + 1);
    }

    private static String folder(String prefix) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(prefix.getBytes(StandardCharsets.UTF_8));
            return Originals.KEYS + HexFormat.of().formatHex(hash, 0, 16) + "/";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** One line for the report, and one for each aside, in the order of their keys, compressed. */
    static byte[] pack(Looked looked) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (Writer lines = new OutputStreamWriter(new GZIPOutputStream(bytes), StandardCharsets.UTF_8)) {
            lines.write(JSON.writeValueAsString(looked.report));
            lines.write('\n');
            for (Aside aside : new TreeMap<>(looked.asides).values()) {
                lines.write(JSON.writeValueAsString(aside));
                lines.write('\n');
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** What {@link #pack} gave. What cannot be read is as good as nothing: a look finds it again. */
    static Looked unpack(String key, byte[] packed) {
        Map<String, Aside> asides = new TreeMap<>();
        Report report = null;
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(new ByteArrayInputStream(packed)), StandardCharsets.UTF_8))) {
            String first = lines.readLine();
            report = first == null ? null : JSON.readValue(first, Report.class);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Aside aside = JSON.readValue(line, Aside.class);
                asides.put(aside.key(), aside);
            }
        } catch (IOException | JacksonException e) {
            log.warn("{} is damaged: {}", key, e.toString());
        }
        return new Looked(report, asides);
    }
}

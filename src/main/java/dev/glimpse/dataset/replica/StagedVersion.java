package dev.glimpse.dataset.replica;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/**
 * A local folder in which Lance makes the next version, before it is published. It begins with links to files of the table. Closing it
 * removes the folder; the table keeps its files. Not safe between threads.
 */
public final class StagedVersion implements AutoCloseable {
    private final Path folder;
    private final Set<String> known = new HashSet<>();
    private final Map<String, Elapsed> shipped = new HashMap<>();

    StagedVersion(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    public Path folder() {
        return folder;
    }

    /** Makes files of the table visible here, under the same relative names. */
    void link(Path table, Collection<String> names) throws IOException {
        for (String name : names) {
            Path link = folder.resolve(name);
            Files.createDirectories(link.getParent());
            Files.createLink(link, table.resolve(name));
            known.add(name);
        }
    }

    /** Links new files of another staged version, whose names begin like this, as new files of this one. */
    public void adopt(StagedVersion other, String start) throws IOException {
        for (String name : other.newFiles()) {
            if (name.startsWith(start)) {
                Path link = folder.resolve(name);
                Files.createDirectories(link.getParent());
                Files.createLink(link, other.folder.resolve(name));
                Optional.ofNullable(other.shipped.get(name)).ifPresent(since -> shipped.put(name, since));
            }
        }
    }

    /** Takes note that these new files are in the store, and since when at the earliest. */
    void shipped(List<String> names, Elapsed since) {
        names.forEach(name -> shipped.put(name, since));
    }

    /** Takes note that these files, which this version will name, are in the store and not here, and since when at the earliest. */
    public void notHere(Map<String, Elapsed> files) {
        shipped.putAll(files);
    }

    /** New files that are in the store already, with the time since the first of them was put. */
    Map<String, Elapsed> shipped() {
        return Collections.unmodifiableMap(shipped);
    }

    /** Removes these files. */
    public void forget(List<String> names) throws IOException {
        for (String name : names) {
            Files.delete(folder.resolve(name));
        }
    }

    /** What Lance wrote, relative and sorted; without the hint that it keeps for local folders only. */
    public List<String> newFiles() throws IOException {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .filter(name -> !known.contains(name))
                    .filter(name -> !name.endsWith(".json"))
                    .sorted()
                    .toList();
        }
    }

    @Override
    public void close() {
        try {
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}

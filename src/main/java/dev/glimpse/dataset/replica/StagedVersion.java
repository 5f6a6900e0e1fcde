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
 * A folder in which Lance makes the next version without anyone seeing it. Starts with links to files of the table;
 * closing removes the folder, and the table keeps its files.
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

    /** Makes the new files of another staged version below this name part of this one, as files that are new here too. */
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

    /** These new files have been put in the store, not before that time. */
    void shipped(List<String> names, Elapsed since) {
        names.forEach(name -> shipped.put(name, since));
    }

    /** New files that are in the store. */
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

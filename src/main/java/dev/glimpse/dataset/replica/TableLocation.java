package dev.glimpse.dataset.replica;

import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Where the files of a table are: in the store, and on the local disk. Names of files are relative to the table, as in
 * {@code data/x.lance}.
 *
 * @param prefix key of the table in the store, ending in {@code /}
 * @param folder local folder of the table: the store's own, or that of the local copy
 * @param inPlace whether the folder is the store's own, so that every file of the table is in it
 */
public record TableLocation(ObjectStore store, String prefix, Path folder, boolean inPlace) {
    /** Names of manifests begin with this. */
    public static final String VERSIONS = "_versions/";

    /** Names of data files begin with this. */
    public static final String DATA = "data/";

    /** Names of files that list deleted rows begin with this. */
    public static final String DELETIONS = "_deletions/";

    /** Names of files of indexes begin with this. */
    public static final String INDICES = "_indices/";

    /** @param copies folder for copies of tables whose files cannot be read in place */
    static TableLocation of(ObjectStore store, String prefix, Path copies) {
        return store.filesInPlace()
                .map(root -> new TableLocation(store, prefix, root.resolve(prefix), true))
                .orElseGet(() -> new TableLocation(store, prefix, copies.resolve(prefix), false));
    }

    /** The key of a file in the store. */
    String key(String name) {
        return prefix + name;
    }

    /** The path of a file on the local disk, whether or not it exists. */
    Path path(String name) {
        return folder.resolve(name);
    }

    /** How an operator names the table. */
    String address() {
        return store.address(prefix.substring(0, prefix.length() - 1));
    }

    /** How an operator names a file of the table. */
    String address(String name) {
        return store.address(prefix + name);
    }

    /** Names of all files that the local folder has below this one. */
    List<String> localFiles(String below) throws IOException {
        Path start = folder.resolve(below);
        if (!Files.exists(start)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(start)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .toList();
        }
    }
}

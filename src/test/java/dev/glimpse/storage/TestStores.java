package dev.glimpse.storage;

import java.nio.file.Path;

/** Real stores for the tests of other packages. */
public final class TestStores {
    private TestStores() {}

    public static ObjectStore folder(Path root) {
        return new FolderStore(root);
    }
}

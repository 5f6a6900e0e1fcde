package dev.glimpse.storage;

import dev.glimpse.testing.TestBucket;
import java.nio.file.Path;
import java.util.Map;

/** Real stores for the tests of other packages. */
public final class TestStores {
    private TestStores() {}

    public static ObjectStore folder(Path root) {
        return new FolderStore(root);
    }

    /** A bucket, named by the variables that a server gets: {@link TestBucket#environment}. The caller closes it. */
    public static ObjectStore bucket(Map<String, String> variables) {
        return new S3Store(new R2Properties(
                variables.get("R2_ENDPOINT"),
                variables.get("R2_BUCKET"),
                variables.get("R2_ACCESS_KEY_ID"),
                variables.get("R2_SECRET_ACCESS_KEY")));
    }
}

package dev.glimpse.dataset.replica;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.util.FileSystemUtils;

/** The local folder in which versions are staged, each in a folder of its own. Safe for use by several threads. */
final class StagingArea {
    private final Path root;
    private final AtomicInteger count = new AtomicInteger();

    /** @param root on the same file system as the local files of the table; emptied here */
    StagingArea(Path root) throws IOException {
        FileSystemUtils.deleteRecursively(root);
        this.root = root;
    }

    /** A staged version without any file. */
    StagedVersion stage() throws IOException {
        return new StagedVersion(root.resolve(Integer.toString(count.getAndIncrement())));
    }

    /**
     * A staged version with this manifest.
     *
     * @throws java.nio.file.NoSuchFileException if it is not in the local folder of the table
     */
    StagedVersion stage(TableLocation table, String manifest) throws IOException {
        StagedVersion staged = stage();
        try {
            staged.link(table.folder(), List.of(TableLocation.VERSIONS + manifest));
            return staged;
        } catch (IOException e) {
            staged.close();
            throw e;
        }
    }
}

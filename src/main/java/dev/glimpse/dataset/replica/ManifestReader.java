package dev.glimpse.dataset.replica;

import dev.glimpse.dataset.DamagedTableException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/** Reads from a manifest which files its version has. Implementations know the format; they need no other file of the table. */
public interface ManifestReader {
    /**
     * The files of a version.
     *
     * @param files names of data files and deletion files, with their bytes; 0 where the manifest does not tell
     * @param indices ids of the parts of indexes; each has its files in a folder of that name
     */
    record Contents(Map<String, Long> files, List<UUID> indices) {}

    /**
     * What the newest manifest of a staged version names.
     *
     * @throws DamagedTableException if the manifest cannot be read
     */
    Contents contents(StagedVersion staged);

    /**
     * Names of the deletion files that these fragments have in the newest manifest of a staged version.
     *
     * @throws DamagedTableException if the manifest cannot be read
     */
    List<String> deletionFiles(StagedVersion staged, Set<Integer> fragments);
}

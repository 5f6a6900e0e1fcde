package dev.glimpse.dataset.lance;

import dev.glimpse.dataset.replica.ManifestReader;
import dev.glimpse.dataset.replica.StagedVersion;
import dev.glimpse.dataset.replica.TableLocation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.arrow.memory.BufferAllocator;
import org.jspecify.annotations.Nullable;
import org.lance.Dataset;
import org.lance.FragmentMetadata;
import org.lance.fragment.DataFile;
import org.lance.fragment.DeletionFile;
import org.lance.fragment.DeletionFileType;
import org.lance.index.Index;

/** Reads manifests with Lance. Safe for use by several threads. */
public final class LanceManifestReader implements ManifestReader {
    private final BufferAllocator allocator;

    /** @param allocator remains the caller's */
    public LanceManifestReader(BufferAllocator allocator) {
        this.allocator = allocator;
    }

    @Override
    public Contents contents(StagedVersion staged) {
        Map<String, Long> files = new TreeMap<>();
        try (Dataset dataset = Datasets.of(staged, allocator)) {
            for (var fragment : dataset.getFragments()) {
                FragmentMetadata metadata = fragment.metadata();
                for (DataFile file : metadata.getFiles()) {
                    files.put(
                            TableLocation.DATA + file.getPath(),
                            file.getFileSizeBytes() == null ? 0L : file.getFileSizeBytes());
                }
                String deleted = deletionFile(metadata);
                if (deleted != null) {
                    files.put(deleted, 0L);
                }
            }
            List<UUID> indices = dataset.getIndexes().stream().map(Index::uuid).toList();
            return new Contents(files, indices);
        }
    }

    @Override
    public List<String> deletionFiles(StagedVersion staged, Set<Integer> fragments) {
        List<String> names = new ArrayList<>();
        try (Dataset dataset = Datasets.of(staged, allocator)) {
            for (int id : fragments) {
                String deleted = deletionFile(dataset.getFragment(id).metadata());
                if (deleted != null) {
                    names.add(deleted);
                }
            }
        }
        return names;
    }

    /** The name that Lance gives to a fragment's deletion file; null if the fragment has none. */
    private static @Nullable String deletionFile(FragmentMetadata fragment) {
        DeletionFile file = fragment.getDeletionFile();
        if (file == null) {
            return null;
        }
        return TableLocation.DELETIONS + fragment.getId() + "-" + file.getReadVersion() + "-"
                + Long.toUnsignedString(file.getId())
                + (file.getFileType() == DeletionFileType.ARRAY ? ".arrow" : ".bin");
    }
}

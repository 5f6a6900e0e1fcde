package dev.glimpse.dataset;

import dev.glimpse.dataset.lance.FragmentWriter;
import dev.glimpse.dataset.lance.FragmentWriter.Written;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes rows of a bulk job into the store, apart from the table: {@link BulkTable#commit} makes them rows of the table. Any number of
 * processes may do so at the same time, and what one of them leaves behind when it dies does no harm. For one thread. Has nothing to be
 * closed.
 */
public final class BulkWriter {
    private final ObjectStore store;
    private final BulkBase base;
    private final Path work;

    /** @param work a local folder that nobody else uses: it is made and removed by each call */
    public BulkWriter(ObjectStore store, BulkBase base, Path work) {
        this.store = store;
        this.base = base;
        this.work = work;
    }

    /**
     * Writes rows, with the vectors that their model made. Takes them as it needs them, so few are in memory.
     *
     * @param rows at most one for each picture; what its methods throw is thrown here
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public List<BulkFragment> write(Iterator<PictureRow> rows) {
        if (!rows.hasNext()) {
            return List.of();
        }
        return written(writer -> writer.write(rows));
    }

    /**
     * Writes rows once more, without those of some pictures.
     *
     * @throws dev.glimpse.storage.StoreUnavailableException if the store does not answer
     */
    public List<BulkFragment> without(BulkFragment fragment, Collection<ImageId> pictures) {
        if (pictures.isEmpty()) {
            return List.of(fragment);
        }
        if (pictures.size() == fragment.rows()) {
            return List.of();
        }
        Path before = work.resolveSibling(work.getFileName() + ".before");
        Path file = before.resolve(fragment.key().substring(fragment.key().lastIndexOf('/') + 1));
        try {
            if (!store.download(fragment.key(), file)) {
                throw new IOException(store.address(fragment.key()) + " is gone");
            }
            return written(writer -> writer.rewrite(file, fragment, pictures));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            remove(before);
        }
    }

    private interface Writing {
        List<Written> with(FragmentWriter writer) throws IOException;
    }

    private List<BulkFragment> written(Writing writing) {
        remove(work);
        try (FragmentWriter writer = new FragmentWriter(work, base)) {
            List<BulkFragment> fragments = new ArrayList<>();
            for (Written written : writing.with(writer)) {
                BulkFragment fragment = written.fragment();
                // Names are random, so nothing is there.
                store.putIfAbsent(fragment.key(), written.file());
                store.putIfAbsent(
                        fragment.key() + BulkFiles.DESCRIPTION,
                        JsonMapper.shared().writeValueAsBytes(fragment),
                        "application/json",
                        Map.of());
                fragments.add(fragment);
            }
            return fragments;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write rows in " + work, e);
        } finally {
            remove(work);
        }
    }

    private static void remove(Path folder) {
        try {
            FileSystemUtils.deleteRecursively(folder);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }
}

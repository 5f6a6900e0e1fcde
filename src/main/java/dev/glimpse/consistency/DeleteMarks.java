package dev.glimpse.consistency;

import dev.glimpse.dataset.GoneMarks;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.util.Map;
import java.util.UUID;

/**
 * The markers of deletes, as a bulk job puts them, which is no server: recovery finds those that it leaves. Safe for use by several threads.
 */
public final class DeleteMarks implements GoneMarks {
    private final ObjectStore store;
    private final String job = UUID.randomUUID().toString();

    public DeleteMarks(ObjectStore store) {
        this.store = store;
    }

    @Override
    public void put(ImageId id) {
        // Of no group: no commit of a server is waited for.
        boolean unused = store.putIfAbsent(Deletion.marker(job, id), new byte[0], "text/plain", Map.of());
    }

    @Override
    public void remove(ImageId id) {
        store.delete(Deletion.marker(job, id));
    }
}

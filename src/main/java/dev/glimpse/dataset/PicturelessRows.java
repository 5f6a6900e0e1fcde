package dev.glimpse.dataset;

import dev.glimpse.image.ImageId;
import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes rows out whose pictures were deleted after a bulk job had looked at them and before their rows came: the delete found no row. For
 * one thread.
 */
final class PicturelessRows {
    private static final Logger log = LoggerFactory.getLogger(PicturelessRows.class);

    /** Rows that one commit takes out at most. Servers take a mark for abandoned after a minute, so it should not be that old. */
    private static final int AT_ONCE = 100;

    private final PictureLook look;
    private final GoneMarks marks;
    private final Rows rows;
    private final ParallelRequests requests;

    /** Takes rows out of the table, whoever else writes it. */
    interface Rows {
        /** Does beforehand what a removal does that may take long. */
        void catchUp() throws IOException;

        /**
         * Takes these rows out, as far as there are any.
         *
         * @return the pictures whose rows are gone
         */
        Set<ImageId> delete(Collection<ImageId> ids) throws IOException;
    }

    PicturelessRows(PictureLook look, GoneMarks marks, Rows rows, ParallelRequests requests) {
        this.look = look;
        this.marks = marks;
        this.rows = rows;
        this.requests = requests;
    }

    /**
     * Looks at the pictures of fragments that have rows in the table.
     *
     * @param wanted which of the pictures to look at
     * @param stored how many pictures the store has, about
     * @return the pictures whose rows were taken out
     */
    Set<ImageId> remove(Collection<BulkFragment> fragments, Predicate<ImageId> wanted, long stored) throws IOException {
        List<ImageId> gone = List.copyOf(look.gone(fragments, wanted, stored));
        Set<ImageId> removed = new HashSet<>();
        for (int start = 0; start < gone.size(); start += AT_ONCE) {
            removed.addAll(removeMarked(gone.subList(start, Math.min(gone.size(), start + AT_ONCE))));
        }
        return removed;
    }

    /**
     * An upload may bring a picture back at any time, and finds that it has a row. If that goes now, the mark tells a server. The server may
     * have removed the mark before the row goes, so it is put again.
     */
    private Set<ImageId> removeMarked(List<ImageId> ids) throws IOException {
        rows.catchUp();
        Set<ImageId> gone = ConcurrentHashMap.newKeySet();
        requests.forEach(ids, (id, isOver) -> {
            marks.put(id);
            if (look.isGone(id)) {
                gone.add(id);
            } else {
                marks.remove(id);
            }
        });
        Set<ImageId> removed = rows.delete(gone);
        requests.forEach(gone, (id, isOver) -> {
            if (look.isGone(id)) {
                marks.remove(id);
            } else {
                marks.put(id);
                log.info("{} came back while its row went: a server sees to it", id);
            }
        });
        return removed;
    }
}

package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes rows out whose pictures were deleted after a bulk job had stored them and before their rows came: the delete found no row. For one
 * thread.
 */
final class PicturelessRows {
    private static final Logger log = LoggerFactory.getLogger(PicturelessRows.class);

    /** A request of class A costs as much as so many of class B, and lists a thousand keys. */
    private static final int LOOKS_A_LISTING = 12;

    /** Rows that one commit takes out at most. */
    private static final int AT_ONCE = 1_000;

    private final ObjectStore store;
    private final BulkLease lease;
    private final GoneMarks marks;
    private final Rows rows;

    /** Takes rows out of the table, whoever else writes it. */
    interface Rows {
        /**
         * Takes these rows out, as far as there are any.
         *
         * @return the pictures whose rows are gone
         */
        Set<ImageId> delete(List<ImageId> ids) throws IOException;
    }

    PicturelessRows(ObjectStore store, BulkLease lease, GoneMarks marks, Rows rows) {
        this.store = store;
        this.lease = lease;
        this.marks = marks;
        this.rows = rows;
    }

    /**
     * Looks at the pictures of fragments that have rows in the table.
     *
     * @param wanted which of the pictures to look at
     * @param all rows of the table
     * @return how many rows were taken out
     */
    long remove(Collection<BulkFragment> fragments, Predicate<ImageId> wanted, long all) throws IOException {
        long looks = fragments.stream()
                .mapToLong(fragment -> fragment.idsThat(wanted).size())
                .sum();
        if (looks == 0) {
            return 0;
        }
        Predicate<ImageId> isGone = looks * 1_000 / LOOKS_A_LISTING > all ? isNotListed() : this::isGone;
        List<ImageId> gone = new ArrayList<>();
        for (BulkFragment fragment : fragments) {
            lease.require();
            gone.addAll(fragment.idsThat(id -> wanted.test(id) && isGone.test(id)));
        }
        long removed = 0;
        for (int start = 0; start < gone.size(); start += AT_ONCE) {
            removed += removeMarked(gone.subList(start, Math.min(gone.size(), start + AT_ONCE)));
        }
        return removed;
    }

    private boolean isGone(ImageId id) {
        return store.head(id.toString()).isEmpty();
    }

    private Predicate<ImageId> isNotListed() {
        IdSet there = new IdSet();
        store.list(ImageDataset.PICTURES, object -> ImageId.parse(object.key()).ifPresent(there::add));
        return id -> !there.contains(id);
    }

    /** An upload may bring a picture back at any time, and finds that it has a row. If that goes now, the mark tells a server. */
    private long removeMarked(List<ImageId> ids) throws IOException {
        lease.require();
        List<ImageId> gone = new ArrayList<>();
        for (ImageId id : ids) {
            marks.put(id);
            if (isGone(id)) {
                gone.add(id);
            } else {
                marks.remove(id);
            }
        }
        long removed = rows.delete(gone).size();
        for (ImageId id : gone) {
            if (isGone(id)) {
                marks.remove(id);
            } else {
                log.info("{} came back while its row went: a server sees to it", id);
            }
        }
        return removed;
    }
}

package dev.glimpse.dataset;

import dev.glimpse.image.IdSet;
import dev.glimpse.image.ImageId;
import dev.glimpse.storage.ObjectStore;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks which pictures of a bulk job are not in the store any more, with one request for each or by a listing of all. For one thread. */
final class PictureLook {
    private static final Logger log = LoggerFactory.getLogger(PictureLook.class);

    private static final List<String> DIGITS = List.of("0123456789abcdef".split(""));

    /** A request that lists a thousand keys costs as much as 12 that look at one, and takes as long as 2. */
    private static final int LOOKS_A_LISTING = 4;

    /** Pictures that are looked at before it is told how far the look is. */
    private static final int AT_ONCE = 10_000;

    private final ObjectStore store;
    private final ParallelRequests requests;

    PictureLook(ObjectStore store, ParallelRequests requests) {
        this.store = store;
        this.requests = requests;
    }

    boolean isGone(ImageId id) {
        return store.head(id.toString()).isEmpty();
    }

    /**
     * The pictures that are not there. Keeps a set of those that are looked for.
     *
     * @param fragments whose pictures to look for
     * @param wanted which of these
     * @param stored how many pictures the store has, about
     */
    Set<ImageId> gone(Collection<BulkFragment> fragments, Predicate<ImageId> wanted, long stored) {
        IdSet lacking = new IdSet();
        for (BulkFragment fragment : fragments) {
            fragment.idsThat(wanted).forEach(lacking::add);
        }
        if (lacking.size() == 0) {
            return Set.of();
        }
        if (lacking.size() * 1_000L / LOOKS_A_LISTING > stored) {
            log.info("listing the pictures, to see whether some of {} were deleted", lacking.size());
            removeListed(lacking);
        } else {
            removeThoseThere(fragments, lacking);
        }
        Set<ImageId> gone = new LinkedHashSet<>();
        if (lacking.size() > 0) {
            fragments.forEach(fragment -> gone.addAll(fragment.idsThat(lacking::contains)));
        }
        return gone;
    }

    private void removeListed(IdSet lacking) {
        List<String> parts = store.listsInParallel() ? DIGITS : List.of("");
        requests.forEach(
                parts,
                (part, isOver) -> store.list(ImageDataset.PICTURES + part, object -> {
                    requireWanted(isOver);
                    ImageId.parse(object.key()).ifPresent(id -> remove(lacking, id));
                }));
    }

    private static void requireWanted(BooleanSupplier isOver) {
        if (isOver.getAsBoolean()) {
            throw new CancellationException("nobody waits for the listing any more");
        }
    }

    private void removeThoseThere(Collection<BulkFragment> fragments, IdSet lacking) {
        int all = lacking.size();
        int looked = 0;
        List<ImageId> next = new ArrayList<>();
        for (BulkFragment fragment : fragments) {
            next.addAll(fragment.idsThat(lacking::contains));
            for (; next.size() >= AT_ONCE; looked += AT_ONCE) {
                List<ImageId> some = next.subList(0, AT_ONCE);
                lookAt(some, lacking);
                some.clear();
                log.info("looked at {} of {} pictures, whether they were deleted", looked + AT_ONCE, all);
            }
        }
        lookAt(next, lacking);
    }

    private void lookAt(List<ImageId> ids, IdSet lacking) {
        requests.forEach(ids, (id, isOver) -> {
            if (!isGone(id)) {
                remove(lacking, id);
            }
        });
    }

    private static void remove(IdSet lacking, ImageId id) {
        synchronized (lacking) {
            lacking.remove(id);
        }
    }
}

package dev.glimpse.duplicates;

import dev.glimpse.dataset.DuplicateGroups;
import dev.glimpse.dataset.DuplicateGroups.Group;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.Likeness;
import dev.glimpse.dataset.ListPosition;
import dev.glimpse.dataset.Picture;
import dev.glimpse.request.CursorText;
import dev.glimpse.request.InvalidQueryException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Groups of pictures that look the same, in pages. Safe for use by several threads. */
@Component
public final class DuplicateFinder {
    private final ImageDataset dataset;
    private final Decisions decisions;

    DuplicateFinder(ImageDataset dataset, Decisions decisions) {
        this.dataset = dataset;
        this.decisions = decisions;
    }

    /**
     * A group.
     *
     * @param kind {@code same} if all have the same pixels, else {@code alike}
     * @param count of its pictures
     * @param pictures the newest of them, the newest first; at most {@link DuplicateGroups#MOST_PICTURES}
     */
    public record Duplicates(String kind, int count, List<Picture> pictures) {
        /** Copies the pictures. */
        public Duplicates {
            pictures = List.copyOf(pictures);
        }
    }

    /**
     * Some groups.
     *
     * @param version of the table that they are of
     * @param unknown pictures whose rows were written before the table had fingerprints, and which are in no group
     * @param complete false if so many pictures look nearly the same that some that are alike may be in no group, or in several
     * @param groups by their newest pictures, the newest first
     * @param next the cursor of the page after this one; null if there is none
     */
    public record Page(
            long version,
            long unknown,
            boolean complete,
            List<Duplicates> groups,
            @Nullable String next) {
        /** Copies the groups. */
        public Page {
            groups = List.copyOf(groups);
        }
    }

    /**
     * The page at a cursor.
     *
     * @param kind null for all groups
     * @param kept whether groups are wanted that were decided to be kept, rather than all others
     * @param cursor null for the first page
     * @param limit groups of the page, at most
     * @throws InvalidQueryException if the cursor is none that a page has had
     * @throws dev.glimpse.dataset.TableBusyException if the table is not in memory, or the groups are still being made
     * @throws dev.glimpse.storage.StoreUnavailableException if no decisions are known yet, and the store does not answer
     */
    public Page page(Likeness.@Nullable Kind kind, boolean kept, @Nullable String cursor, int limit) {
        ListPosition after = cursor == null ? null : position(cursor);
        Decisions.Kept decided = decisions.kept();
        // One more, which tells whether there is another page.
        DuplicateGroups found = dataset.duplicates(
                kind,
                after,
                limit + 1,
                pictures -> decided.covers(pictures.stream().map(Picture::id).toList()) == kept,
                !kept);
        List<Group> groups = found.groups().stream().limit(limit).toList();
        return new Page(
                found.version(),
                found.unknown(),
                found.complete(),
                groups.stream()
                        .map(group -> new Duplicates(group.kind().toString(), group.count(), group.pictures()))
                        .toList(),
                found.groups().size() > limit
                        ? CursorText.of(
                                "duplicates", groups.get(limit - 1).position().toBytes())
                        : null);
    }

    private static ListPosition position(String cursor) {
        return ListPosition.ofBytes(CursorText.parse("duplicates", cursor))
                .orElseThrow(() -> CursorText.invalid(cursor));
    }
}

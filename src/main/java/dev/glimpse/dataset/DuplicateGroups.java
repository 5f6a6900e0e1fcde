package dev.glimpse.dataset;

import java.util.List;

/**
 * Groups of pictures that look the same, in one version of the table.
 *
 * @param version whose groups these are; pictures that are gone since are in none
 * @param unknown rows of the version that have no fingerprint, so that they are in no group
 * @param complete false if so many pictures look nearly the same that not all of them were compared with each other
 * @param groups by their newest pictures, the newest first
 */
public record DuplicateGroups(long version, long unknown, boolean complete, List<Group> groups) {
    /** The most pictures of a group that are given. */
    public static final int MOST_PICTURES = 100;

    /** Copies the list. */
    public DuplicateGroups {
        groups = List.copyOf(groups);
    }

    /**
     * A group.
     *
     * @param position of its newest picture, which orders the groups; the picture itself may be hidden by now
     * @param kind {@link Likeness.Kind#SAME} if all have the same pixels
     * @param count of its pictures
     * @param pictures at most {@link #MOST_PICTURES} of them, the newest first
     */
    public record Group(ListPosition position, Likeness.Kind kind, int count, List<Picture> pictures) {
        /** Copies the list. */
        public Group {
            pictures = List.copyOf(pictures);
        }
    }
}

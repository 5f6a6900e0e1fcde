package dev.glimpse.spark;

import dev.glimpse.dataset.BulkFragment;
import java.io.Serializable;
import java.util.List;

/**
 * What one task has done.
 *
 * @param fragments the rows that it has written
 * @param looked sources that it has looked at
 * @param known sources whose pictures had rows, or came from another source of the task
 * @param left sources whose rows a job before has written
 * @param deleted sources whose pictures were deleted, and stay so
 * @param refused sources that are no pictures that are accepted
 * @param failed sources that are not there, or cannot be fetched
 * @param problems some of the refused and failed ones
 * @param classA requests to the store that change or list
 * @param classB requests to the store that read
 */
record TaskReport(
        List<BulkFragment> fragments,
        long looked,
        long known,
        long left,
        long deleted,
        long refused,
        long failed,
        List<Problem> problems,
        long classA,
        long classB)
        implements Serializable {
    TaskReport {
        fragments = List.copyOf(fragments);
        problems = List.copyOf(problems);
    }

    /**
     * A source that did not get a row.
     *
     * @param place its key, or its URL without user name and query
     * @param isRefused false if it is not there, or cannot be fetched
     */
    record Problem(String place, boolean isRefused, String reason) implements Serializable {}
}

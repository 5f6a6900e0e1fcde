package dev.glimpse.spark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a job has done.
 *
 * @param sources that were looked at
 * @param stored rows that were added to the table
 * @param resumed of the sources, those whose rows a stopped job had written; they are among the stored ones
 * @param known sources whose pictures have rows already, or came twice
 * @param deleted sources whose pictures were deleted before, and stay so
 * @param refused sources that are no pictures that are accepted
 * @param failed sources that are not there, or cannot be fetched
 * @param gone rows that were taken out again, because their pictures were deleted meanwhile
 * @param version of the table that has the rows
 * @param unfinished what stopped the job after its commit, so that the next job does the rest; null if nothing did
 * @param classA requests to a bucket that change or list, without those that keep the lease
 * @param classB requests to a bucket that read, without those that keep the lease
 * @param seconds from the start of the job to its end
 * @param problems some of the refused and failed ones
 */
record Report(
        long sources,
        long stored,
        long resumed,
        long known,
        long deleted,
        long refused,
        long failed,
        long gone,
        long version,
        @Nullable String unfinished,
        long classA,
        long classB,
        double seconds,
        List<TaskReport.Problem> problems) {
    /** Refused and failed sources that are told to people; the report as JSON has more. */
    private static final int TOLD = 20;

    Report {
        problems = List.copyOf(problems);
    }

    /** 0 if each source has a row or was deleted, 1 if some have none, or there was nothing to be loaded. */
    int exitStatus() {
        return refused + failed > 0 || sources == 0 ? 1 : 0;
    }

    List<String> lines(Duration took) {
        List<String> lines = new ArrayList<>();
        problems.stream()
                .limit(TOLD)
                .forEach(problem -> lines.add(
                        (problem.isRefused() ? "refused: " : "failed: ") + problem.place() + ": " + problem.reason()));
        if (problems.size() > TOLD) {
            lines.add("and " + (refused + failed - TOLD) + " more");
        }
        lines.add(String.format(
                Locale.ROOT,
                "%,d sources in %d s: stored %,d, known %,d, refused %,d, failed %,d",
                sources,
                took.toSeconds(),
                stored,
                known,
                refused,
                failed));
        if (resumed > 0) {
            lines.add(
                    String.format(Locale.ROOT, "%,d of the rows had been written by a job that was stopped", resumed));
        }
        if (deleted > 0) {
            lines.add(String.format(Locale.ROOT, "%,d sources are pictures that were deleted; they stay so", deleted));
        }
        if (gone > 0) {
            lines.add(String.format(Locale.ROOT, "%,d pictures were deleted meanwhile", gone));
        }
        if (unfinished != null) {
            lines.add("The rows are in the table. The next job does what is left to be done, because of this: "
                    + unfinished);
        }
        lines.add(String.format(
                Locale.ROOT,
                "version %d of the table; %,d requests of class A, %,d of class B",
                version,
                classA,
                classB));
        return lines;
    }
}

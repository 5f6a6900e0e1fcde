package dev.glimpse.dataset.upkeep;

import dev.glimpse.dataset.IndexKind;
import java.util.Set;
import java.util.concurrent.Callable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One thing that is due for the table: a compaction, work on the index, or a garbage collection. Immutable. */
sealed interface MaintenanceTask {
    /** What {@code /stats} says while this is done. */
    String name();

    /** The kind of work, for the log. */
    String job();

    /** The amount of work, in multiples of the amount that makes the task due: at least 1. */
    double urgency();

    /** Compaction: these fragments become one. */
    record Compaction(Set<Integer> fragments, double urgency) implements MaintenanceTask {
        @Override
        public String name() {
            return "merge " + fragments.size() + " fragments";
        }

        @Override
        public String job() {
            return "compaction";
        }
    }

    /** Builds the index over all rows. */
    record IndexBuild(IndexKind kind) implements MaintenanceTask {
        @Override
        public String name() {
            return "build the index";
        }

        @Override
        public String job() {
            return "index build";
        }

        @Override
        public double urgency() {
            return MergePolicy.DUE;
        }
    }

    /**
     * Index optimization: rows that the index does not have become a new part of it.
     *
     * @param mergedParts how many of the newest parts become one with the new rows; 0 leaves all parts as they are
     */
    record IndexOptimization(int mergedParts, double urgency) implements MaintenanceTask {
        @Override
        public String name() {
            return mergedParts == 0 ? "index new rows" : "merge the index";
        }

        @Override
        public String job() {
            return "index optimization";
        }
    }

    /** Garbage collection: removes old versions. */
    record Collection(double urgency) implements MaintenanceTask {
        @Override
        public String name() {
            return "clean up";
        }

        @Override
        public String job() {
            return "garbage collection";
        }
    }

    /** Does the work of this task on the calling thread, and logs how long it took and what came of it. */
    default <T> T timed(Callable<T> work) throws Exception {
        long start = System.nanoTime();
        T result = work.call();
        Logger log = LoggerFactory.getLogger(MaintenanceTask.class);
        log.info(
                "maintenance={} step={} millis={} result={}",
                job(),
                name(),
                (System.nanoTime() - start) / 1_000_000,
                result);
        return result;
    }
}

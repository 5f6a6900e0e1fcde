package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreProblem;
import jakarta.servlet.http.HttpServletRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.springframework.stereotype.Component;

/** Why not everything works: for the health, and for what {@code /stats} says of uploads. Asks memory alone. */
@Component
final class Reasons {
    private static final String LOG = "; the server's log says why";

    private final ImageDataset dataset;
    private final ObjectStore store;

    Reasons(ImageDataset dataset, ObjectStore store) {
        this.dataset = dataset;
        this.store = store;
    }

    /**
     * One reason.
     *
     * @param inFull for administrators
     * @param publicly for everyone else: names no bucket, no endpoint and no path
     */
    record Reason(String inFull, String publicly) {
        String to(HttpServletRequest caller) {
            return mayKnow(caller) ? inFull : publicly;
        }
    }

    /** Whether the caller may be told what the log says. */
    static boolean mayKnow(HttpServletRequest caller) {
        return caller.isUserInRole("admin");
    }

    /** What a failure says to this caller. */
    static String failure(String message, String what, HttpServletRequest caller) {
        return mayKnow(caller) ? message : what + LOG;
    }

    /** Why uploads are refused; empty if they are taken, as far as is known. */
    Optional<Reason> againstUploads() {
        return Optional.ofNullable(dataset.state().problem())
                .map(problem -> new Reason(problem, "the table takes no uploads" + LOG))
                .or(() -> store.problem().map(Reasons::reason));
    }

    /** What else is wrong with the table; empty if nothing is. */
    Optional<Reason> warning() {
        return Optional.ofNullable(dataset.state().warning())
                .map(warning -> new Reason(warning, "not all pictures may be found" + LOG));
    }

    /** How the server is, in a word. */
    enum Condition {
        /** All is well. */
        OK(0),
        /** Searches and uploads work, and something else does not. */
        DEGRADED(1),
        /** No uploads are taken. */
        REFUSING(2);

        /** As in metrics; the more, the worse. */
        final int level;

        Condition(int level) {
            this.level = level;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    Condition condition() {
        if (againstUploads().isPresent()) {
            return Condition.REFUSING;
        }
        return all().isEmpty() ? Condition.OK : Condition.DEGRADED;
    }

    /** The most important first; none if all is well. */
    List<Reason> all() {
        List<Reason> reasons = new ArrayList<>();
        againstUploads().ifPresent(reasons::add);
        warning().ifPresent(reasons::add);
        if (dataset.freshness().stale() && reasons.isEmpty()) {
            reasons.add(new Reason("the bucket does not answer", "the bucket does not answer"));
        }
        return reasons;
    }

    private static Reason reason(StoreProblem problem) {
        return new Reason(problem.message(), problem.publicly());
    }
}

package dev.glimpse.move;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Counts what became of each object. Safe for use by several threads. */
final class Tally {
    private long toCopy;
    private long toCopyBytes;
    private long copied;
    private long bytes;
    private long there;
    private long described;
    private long removed;
    private long gone;
    private long alone;
    private final List<String> failures = new ArrayList<>();

    /**
     * What became of all.
     *
     * @param copied objects that the target lacked
     * @param bytes of them
     * @param there objects that the target had already
     * @param described pictures that the target had, and of which something else was said
     * @param removed pictures of the target that were deleted in the source
     * @param gone objects that the source lost meanwhile
     * @param alone pictures that only the target has, and keeps
     * @param failures each with its key and the reason
     */
    record Report(
            long copied,
            long bytes,
            long there,
            long described,
            long removed,
            long gone,
            long alone,
            List<String> failures) {
        Report {
            failures = List.copyOf(failures);
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%,d objects copied (%,d bytes), %,d were there, %,d described anew, %,d deleted as in the source, %,d gone meanwhile,"
                            + " %,d only in the target, %,d failed",
                    copied,
                    bytes,
                    there,
                    described,
                    removed,
                    gone,
                    alone,
                    failures.size());
        }
    }

    synchronized void found(Difference difference) {
        toCopy += difference.toCopy().size();
        toCopyBytes += difference.bytes();
        there += difference.common().size();
    }

    synchronized void copied(long size) {
        copied++;
        bytes += size;
    }

    synchronized void described() {
        described++;
    }

    synchronized void removed() {
        removed++;
    }

    synchronized void gone() {
        gone++;
    }

    synchronized void alone() {
        alone++;
    }

    synchronized void failed(String keyAndReason) {
        failures.add(keyAndReason);
    }

    synchronized List<String> failures() {
        return List.copyOf(failures);
    }

    synchronized Report report() {
        return new Report(copied, bytes, there, described, removed, gone, alone, failures);
    }

    /** One line on how far it is. */
    synchronized String progress(Quote quote, double seconds) {
        double left = bytes == 0 ? quote.seconds() : seconds * Math.max(0, quote.bytes() - bytes) / bytes;
        return String.format(
                Locale.ROOT,
                "%,d of %,d objects, %,d of %,d bytes, %.1f MB/s, about %,.0f s left, %d failed",
                copied,
                Math.max(toCopy, quote.objects()),
                bytes,
                Math.max(toCopyBytes, quote.bytes()),
                bytes / 1e6 / Math.max(seconds, 1e-3),
                left,
                failures.size());
    }
}

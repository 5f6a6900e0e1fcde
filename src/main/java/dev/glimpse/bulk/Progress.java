package dev.glimpse.bulk;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.DoubleSupplier;

/** Shows how far it is: one line that changes on a terminal, and a line now and then elsewhere. */
final class Progress implements AutoCloseable {
    private static final int BAR = 16;
    private static final long SHOW_MILLIS = 250;
    private static final long TELL_MILLIS = 5_000;
    private static final String CLEAR = "\r\u001b[K";

    private final Report report;
    private final DoubleSupplier share;
    private final PrintStream out;
    private final boolean isTerminal;
    private final long start = System.nanoTime();
    private final Thread thread = new Thread(this::run, "progress");

    /** @param share how much of the sources has been read, 0 to 1, or NaN */
    Progress(Report report, DoubleSupplier share, PrintStream out, boolean isTerminal) {
        this.report = report;
        this.share = share;
        this.out = out;
        this.isTerminal = isTerminal;
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(isTerminal ? SHOW_MILLIS : TELL_MILLIS);
                String line = line(report.counts(), share.getAsDouble(), seconds());
                out.print(isTerminal ? CLEAR + bar(report.counts(), share.getAsDouble()) + line : line + "\n");
                out.flush();
            }
        } catch (InterruptedException e) {
            // Closing does this.
        }
    }

    private double seconds() {
        return (System.nanoTime() - start) / 1e9;
    }

    /** What of everything is done: what was read, less what is still in hand. */
    private static double done(Report.Counts counts, double read) {
        return counts.found() == 0 ? 0 : read * counts.done() / counts.found();
    }

    private static String bar(Report.Counts counts, double read) {
        if (Double.isNaN(read)) {
            return "";
        }
        int full = (int) (done(counts, read) * BAR);
        return "[" + "#".repeat(full) + " ".repeat(BAR - full) + "] ";
    }

    /**
     * One line on how far it is.
     *
     * @param read how much of the sources has been read, 0 to 1, or NaN
     */
    static String line(Report.Counts counts, double read, double seconds) {
        double done = done(counts, read);
        String left = Double.isNaN(done) || done <= 0 ? "-" : clock(seconds * (1 - done) / done);
        double rate = seconds <= 0 ? 0 : (counts.stored() + counts.known()) / seconds;
        return String.format(
                Locale.ROOT,
                "%s: %d stored, %d known, %d refused, %d left out, %d failed, %.1f/s, time left %s",
                Double.isNaN(done) ? Long.toString(counts.done()) : String.format(Locale.ROOT, "%.0f %%", 100 * done),
                counts.stored(),
                counts.known(),
                counts.refused(),
                counts.leftOut(),
                counts.failed(),
                rate,
                left);
    }

    /** Minutes and seconds; hours before them, if there are any. */
    static String clock(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3_600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3_600, whole / 60 % 60, whole % 60);
    }

    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (isTerminal) {
            out.print(CLEAR);
            out.flush();
        }
    }
}

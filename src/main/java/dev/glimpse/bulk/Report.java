package dev.glimpse.bulk;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/**
 * What became of every file. For all threads. Names of files that were not loaded go to a file as they come, so the memory does not grow
 * with them; the first are also kept.
 */
final class Report implements AutoCloseable {
    /** For the answer of {@code --json}. */
    static final int KEPT = 1_000;

    private final @Nullable Path file;
    private final @Nullable Path unfinished;
    private final @Nullable JsonGenerator out;
    private final Map<Outcome, Long> counts = new EnumMap<>(Outcome.class);
    private final Map<String, Long> leftOut = new HashMap<>();
    private final List<Trouble> troubles = new ArrayList<>();
    private long found;

    /**
     * A file that was refused or failed.
     *
     * @param status that the server answered with; 0 if it was not asked or did not answer
     */
    record Trouble(String file, Outcome outcome, int status, String reason) {}

    /**
     * The numbers of one moment.
     *
     * @param found files in all, also those of which nothing has become yet
     */
    record Counts(long found, long stored, long known, long refused, long leftOut, long failed) {
        long done() {
            return stored + known + refused + leftOut + failed;
        }

        /** Files of which nothing has become yet. */
        long inHand() {
            return found - done();
        }
    }

    /**
     * What is told at the end beside the numbers.
     *
     * @param seconds it took
     * @param complaint why it ended before its time; null if it did not
     */
    record End(
            String source,
            String server,
            double seconds,
            long requests,
            long bytesSent,
            @Nullable String complaint) {}

    /** @param file for the report as JSON, which is there when it is complete; null if none is wanted */
    Report(@Nullable Path file) {
        this.file = file;
        for (Outcome outcome : Outcome.values()) {
            counts.put(outcome, 0L);
        }
        if (file == null) {
            unfinished = null;
            out = null;
            return;
        }
        try {
            unfinished = file.resolveSibling(file.getFileName() + ".part");
            OutputStream bytes = Files.newOutputStream(unfinished);
            out = Json.writer(bytes);
            out.writeStartObject();
            out.writeArrayPropertyStart("files");
        } catch (IOException e) {
            throw new UncheckedIOException("the report cannot be written to " + file, e);
        }
    }

    /** A source has found a file. */
    synchronized void found() {
        found++;
    }

    /** Nothing was wrong with a file. */
    synchronized void loaded(boolean isNew) {
        counts.merge(isNew ? Outcome.STORED : Outcome.KNOWN, 1L, Long::sum);
        tellIfNothingIsInHand();
    }

    /** @param status that the server answered with; 0 if it was not asked or did not answer */
    synchronized void notLoaded(String name, Outcome outcome, int status, String reason) {
        counts.merge(outcome, 1L, Long::sum);
        tellIfNothingIsInHand();
        Trouble trouble = new Trouble(name, outcome, status, reason);
        if (outcome == Outcome.LEFT_OUT) {
            leftOut.merge(Kinds.of(name, reason, leftOut.keySet()), 1L, Long::sum);
        } else if (troubles.size() < KEPT) {
            troubles.add(trouble);
        }
        if (out != null) {
            write(out, trouble);
        }
    }

    private static void write(JsonGenerator out, Trouble trouble) {
        out.writeStartObject();
        out.writeStringProperty("file", trouble.file());
        out.writeStringProperty("outcome", trouble.outcome().label());
        out.writeNumberProperty("status", trouble.status());
        out.writeStringProperty("reason", trouble.reason());
        out.writeEndObject();
    }

    private void tellIfNothingIsInHand() {
        if (counts().inHand() <= 0) {
            notifyAll();
        }
    }

    synchronized Counts counts() {
        return new Counts(
                found,
                count(Outcome.STORED),
                count(Outcome.KNOWN),
                count(Outcome.REFUSED),
                count(Outcome.LEFT_OUT),
                count(Outcome.FAILED));
    }

    private long count(Outcome outcome) {
        return counts.getOrDefault(outcome, 0L);
    }

    /** Waits so long, or until something became of every file that was found; then true. */
    synchronized boolean awaitNothingInHand(long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (counts().inHand() > 0) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    /** The first files that were refused or failed. */
    synchronized List<Trouble> troubles() {
        return List.copyOf(troubles);
    }

    /** What was left out, as "2 .txt (text)", most first. */
    synchronized List<String> leftOut() {
        return leftOut.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed().thenComparing(Map.Entry.comparingByKey()))
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .toList();
    }

    /** Completes the file. */
    synchronized void end(End end) throws IOException {
        if (out == null || unfinished == null || file == null) {
            return;
        }
        out.writeEndArray();
        writeTotals(out, end);
        out.writeEndObject();
        out.close();
        Files.move(unfinished, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The report as one object, with the first {@link #KEPT} of the files that were refused or failed. */
    synchronized String json(End end) {
        StringWriter text = new StringWriter();
        try (JsonGenerator to = Json.writer(text)) {
            to.writeStartObject();
            writeTotals(to, end);
            to.writeArrayPropertyStart("failures");
            troubles.forEach(trouble -> write(to, trouble));
            to.writeEndArray();
            to.writeEndObject();
        }
        return text.toString();
    }

    private void writeTotals(JsonGenerator to, End end) {
        Counts now = counts();
        to.writeStringProperty("source", end.source());
        to.writeStringProperty("server", end.server());
        to.writeNumberProperty("total", now.found());
        to.writeNumberProperty("stored", now.stored());
        to.writeNumberProperty("known", now.known());
        to.writeNumberProperty("refused", now.refused());
        to.writeNumberProperty("leftOut", now.leftOut());
        to.writeNumberProperty("failed", now.failed());
        to.writeNumberProperty("notSent", now.inHand());
        to.writeNumberProperty("seconds", end.seconds());
        to.writeNumberProperty("requests", end.requests());
        to.writeNumberProperty("bytesSent", end.bytesSent());
        to.writeStringProperty("complaint", end.complaint());
        to.writeObjectPropertyStart("leftOutKinds");
        leftOut.forEach(to::writeNumberProperty);
        to.writeEndObject();
    }

    /** Removes a file that was not completed. */
    @Override
    public synchronized void close() {
        if (out != null && unfinished != null) {
            try {
                out.close();
                Files.deleteIfExists(unfinished);
            } catch (IOException | JacksonException e) {
                // An unfinished report is of no use, and its name says so.
            }
        }
    }
}

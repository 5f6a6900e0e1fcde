package dev.glimpse.spark;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.storage.RequestMeter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The rows of the sources of one task, in their order, some of them under way at the same time: while one waits for the store, others are
 * decoded and encoded. For one thread at a time. Owns threads; close it.
 */
final class RowIterator implements Iterator<PictureRow>, AutoCloseable {
    /** Sources under way. A read and a put of a bucket take 160 ms together, and a small picture with a small model takes 15. */
    private static final int UNDER_WAY = 16;

    private static final int CLOSE_SECONDS = 60;

    private record Begun(Source source, Future<Outcome> outcome) {}

    private final Iterator<Source> sources;
    private final PictureIntake intake;
    private final BiConsumer<Source, Outcome> tally;
    private final RequestMeter requests;
    private final BooleanSupplier isKilled;
    private final ExecutorService threads = Executors.newFixedThreadPool(UNDER_WAY, task -> {
        Thread thread = new Thread(task, "picture-intake");
        thread.setDaemon(true);
        return thread;
    });
    private final Deque<Begun> begun = new ArrayDeque<>();
    private @Nullable PictureRow next;

    /**
     * @param tally is told of each source what became of it, on the thread that iterates
     * @param requests counts what is asked of the store
     * @param isKilled whether nobody wants the rows any more
     */
    RowIterator(
            Iterator<Source> sources,
            PictureIntake intake,
            BiConsumer<Source, Outcome> tally,
            RequestMeter requests,
            BooleanSupplier isKilled) {
        this.sources = sources;
        this.intake = intake;
        this.tally = tally;
        this.requests = requests;
        this.isKilled = isKilled;
    }

    @Override
    public boolean hasNext() {
        while (next == null) {
            while (begun.size() < UNDER_WAY && sources.hasNext()) {
                Source source = sources.next();
                begun.add(new Begun(
                        source, threads.submit(() -> RequestMeter.measure(requests, () -> intake.take(source)))));
            }
            Begun first = begun.poll();
            if (first == null) {
                return false;
            }
            Outcome outcome = await(first.outcome);
            tally.accept(first.source, outcome);
            next = outcome.row();
        }
        return true;
    }

    private Outcome await(Future<Outcome> outcome) {
        try {
            if (isKilled.getAsBoolean()) {
                throw new CompletionException("the task was killed", null);
            }
            return outcome.get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new CompletionException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException("the task was interrupted", e);
        }
    }

    @Override
    public PictureRow next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        PictureRow row = next;
        next = null;
        return Objects.requireNonNull(row);
    }

    /** Waits for what is under way, because it uses the model. */
    @Override
    public void close() {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException("pictures are still under way after " + CLOSE_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

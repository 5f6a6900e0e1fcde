package dev.glimpse.embedding;

import dev.glimpse.fairness.Priority;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.meters.Meters;
import dev.glimpse.vectors.Embedding;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Timer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.PriorityBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A bounded queue in front of an encoder, and the threads that work it off in batches. A worker takes its share of what is there or
 * announced, when the scheduler lets its first input run, and waits a moment for what is missing of it and for those whom it has just
 * answered. An input that is alone never waits, and one that outranks others is not encoded together with them.
 *
 * @param <T> one input of a batch
 */
final class BatchingEncoder<T> implements AutoCloseable {
    /** One worker's forward pass; used by that thread alone, which closes it. */
    interface ForwardPass<T> extends AutoCloseable {
        /** One embedding for each input, in order. */
        List<Embedding> run(List<T> inputs) throws Exception;

        @Override
        void close();
    }

    /** @param since when it came, as {@link System#nanoTime} tells it */
    private record Job<T>(T input, Ticket ticket, Priority priority, long since, CompletableFuture<Embedding> answer) {}

    private static final Logger log = LoggerFactory.getLogger(BatchingEncoder.class);

    /** At some 0.1 s a picture and core, a full queue is worked off within seconds. */
    static final int QUEUE = 128;

    /**
     * A worker waits for the next input at most this part of the time that encoding one takes: full-size models gain up to
     * a third from batches, and waste no more than this on an input that does not come.
     */
    private static final int LINGER_PART = 3;

    private final String name;
    private final int threads;
    private final int maxBatch;
    private final LongSupplier ticker;
    private final BlockingQueue<Job<T>> queue = new PriorityBlockingQueue<>(QUEUE, Comparator.comparing(Job::priority));
    private final Semaphore places = new Semaphore(QUEUE);
    private final Timer waits;
    private final Timer runs;
    private final DistributionSummary sizes;
    private final List<Thread> workers = new ArrayList<>();

    /** Inputs announced, waiting or running. */
    private final AtomicInteger inside = new AtomicInteger();

    /** How many were inside when the last batch was done. Those that waited for its answers often ask again at once. */
    private volatile int insideLately;

    /** What encoding took lately, for each input. */
    private volatile long nanosEach;

    private volatile boolean closed;

    /**
     * @param passes makes one forward pass for each worker, on that worker's thread
     * @param meters get how long inputs wait, and what a batch takes
     */
    BatchingEncoder(String name, int threads, int maxBatch, Supplier<ForwardPass<T>> passes, Meters meters) {
        this(name, threads, maxBatch, passes, meters, System::nanoTime);
    }

    /** @param ticker tells nanoseconds, as {@link System#nanoTime} does; measures what a forward pass takes */
    BatchingEncoder(
            String name,
            int threads,
            int maxBatch,
            Supplier<ForwardPass<T>> passes,
            Meters meters,
            LongSupplier ticker) {
        String encoder = name.replace("-encoder", "");
        this.waits = meters.timer(
                "glimpse.encoder.wait", "From when an input comes until its batch begins", "encoder", encoder);
        this.runs = meters.timer("glimpse.encoder.run", "What a batch takes in the encoder", "encoder", encoder);
        this.sizes = meters.sizes(
                "glimpse.encoder.batch", "Inputs of a batch", new double[] {1, 2, 4, 8}, "encoder", encoder);
        meters.gauge("glimpse.encoder.queue", "Inputs that wait for the encoder", queue::size, "encoder", encoder);
        this.name = name;
        this.threads = threads;
        this.maxBatch = maxBatch;
        this.ticker = ticker;
        for (int i = 0; i < threads; i++) {
            Thread worker = new Thread(() -> work(passes), name + "-" + i);
            worker.setDaemon(true);
            worker.start();
            workers.add(worker);
        }
    }

    /** One more input, or with -1 one less, is being made ready for {@link #encode}. */
    void announce(int inputs) {
        inside.addAndGet(inputs);
    }

    /**
     * @param ticket decides when this input is encoded
     * @throws EncoderBusyException if the queue is full or the encoder is closed
     */
    CompletableFuture<Embedding> encode(T input, Ticket ticket) {
        if (closed || !places.tryAcquire()) {
            throw new EncoderBusyException(
                    closed ? name + " is closed" : name + " has " + QUEUE + " inputs waiting already");
        }
        Job<T> job = new Job<>(input, ticket, ticket.priority(), System.nanoTime(), new CompletableFuture<>());
        inside.incrementAndGet();
        queue.add(job);
        return job.answer;
    }

    private void work(Supplier<ForwardPass<T>> passes) {
        List<Job<T>> batch = new ArrayList<>(maxBatch);
        try (ForwardPass<T> pass = passes.get()) {
            while (!closed) {
                collect(batch);
                answer(pass, batch);
                batch.clear();
            }
        } catch (InterruptedException e) {
            // close() asks for it; the thread ends here, so there is no one to pass the interrupt on to
            log.debug("{} stops", Thread.currentThread().getName());
        }
        refuse(batch);
    }

    private void collect(List<Job<T>> batch) throws InterruptedException {
        for (Job<T> next = first(); next != null; next = following(batch)) {
            places.release();
            batch.add(next);
        }
    }

    /** Takes no input before the scheduler lets it run, because a waiting worker must stay free for an input that goes first. */
    private Job<T> first() throws InterruptedException {
        Job<T> first = queue.take();
        while (!first.ticket.comesNext()) {
            queue.add(first);
            first = queue.take();
        }
        return first;
    }

    private @Nullable Job<T> following(List<Job<T>> batch) throws InterruptedException {
        if (batch.size() >= share()) {
            return null;
        }
        Job<T> first = batch.get(0);
        // Inputs that the first one holds up will not come.
        long patience = first.ticket.holdsUpOthers() ? 0 : nanosEach / LINGER_PART;
        Job<T> next = queue.poll(patience, TimeUnit.NANOSECONDS);
        // The priorities of now: those at arrival would keep the inputs of one connection apart.
        if (next == null || !first.ticket.priority().outranks(next.ticket.priority())) {
            return next;
        }
        queue.add(next);
        return null;
    }

    /**
     * How many inputs one worker should take, so that all workers get the same share of what waits or has waited. One batch of eight beside
     * an idle core takes longer than two batches of four.
     */
    private int share() {
        int all = Math.max(inside.get(), insideLately);
        return Math.max(1, Math.min(maxBatch, (all + threads - 1) / threads));
    }

    // Whatever a native call throws, errors of linking included, the callers must hear of it and the worker live on.
    private void answer(ForwardPass<T> pass, List<Job<T>> batch) {
        List<T> inputs = batch.stream().map(Job::input).toList();
        List<Ticket> tickets = batch.stream().map(Job::ticket).toList();
        try {
            List<Embedding> embeddings = Ticket.runTogether(tickets, slice -> {
                long begun = System.nanoTime();
                batch.forEach(job -> waits.record(begun - job.since, TimeUnit.NANOSECONDS));
                long start = ticker.getAsLong();
                List<Embedding> answers = pass.run(inputs);
                long took = ticker.getAsLong() - start;
                nanosEach = took / inputs.size();
                runs.record(took, TimeUnit.NANOSECONDS);
                sizes.record(inputs.size());
                return answers;
            });
            insideLately = inside.getAndAdd(-batch.size());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).answer.complete(embeddings.get(i));
            }
        } catch (Throwable e) {
            inside.addAndGet(-batch.size());
            batch.forEach(job -> job.answer.completeExceptionally(e));
        }
    }

    private void refuse(List<Job<T>> jobs) {
        inside.addAndGet(-jobs.size());
        jobs.forEach(job -> job.answer.completeExceptionally(new EncoderBusyException(name + " is closed")));
    }

    /** Lets the running batches finish and refuses what still waits. Twice is fine. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = false;
        for (Thread worker : workers) {
            worker.interrupt();
            while (worker.isAlive()) {
                try {
                    // A forward pass must not run while the JVM exits, so wait however long it takes.
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        List<Job<T>> waiting = new ArrayList<>();
        queue.drainTo(waiting);
        refuse(waiting);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

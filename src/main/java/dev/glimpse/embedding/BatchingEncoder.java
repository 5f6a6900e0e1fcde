package dev.glimpse.embedding;

import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.TranslateException;
import dev.glimpse.image.Embedding;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One TorchScript encoder with a bounded queue in front. Each worker thread has its own predictor and takes what waits,
 * up to a batch; nobody waits for a batch to fill. The model is the caller's, and open until this is closed.
 *
 * @param <T> one input of a batch
 */
final class BatchingEncoder<T> implements AutoCloseable {
    /** Puts the inputs of a batch into what the model takes: one array {@code [batch, ...]}, or several. */
    interface Stacker<T> {
        NDList stack(NDManager manager, List<T> inputs);
    }

    private record Job<T>(T input, CompletableFuture<Embedding> answer) {}

    private static final Logger log = LoggerFactory.getLogger(BatchingEncoder.class);

    /** At some 0.1 s a picture and core, a full queue is worked off within seconds. */
    private static final int QUEUE = 128;

    private final String name;
    private final ZooModel<NDList, NDList> model;
    private final Stacker<T> stacker;
    private final int maxBatch;
    private final int dimension;
    private final Function<float[], Embedding> reader;
    private final BlockingQueue<Job<T>> queue = new ArrayBlockingQueue<>(QUEUE);
    private final List<Thread> workers = new ArrayList<>();
    private volatile boolean closed;

    /** @param reader makes an embedding of the model's values */
    BatchingEncoder(
            String name,
            ZooModel<NDList, NDList> model,
            Stacker<T> stacker,
            int threads,
            int maxBatch,
            int dimension,
            Function<float[], Embedding> reader) {
        this.name = name;
        this.model = model;
        this.stacker = stacker;
        this.maxBatch = maxBatch;
        this.dimension = dimension;
        this.reader = reader;
        for (int i = 0; i < threads; i++) {
            Thread worker = new Thread(this::work, name + "-" + i);
            worker.setDaemon(true);
            worker.start();
            workers.add(worker);
        }
    }

    /** @throws EncoderBusyException if the queue is full or the encoder is closed */
    CompletableFuture<Embedding> encode(T input) {
        Job<T> job = new Job<>(input, new CompletableFuture<>());
        if (closed || !queue.offer(job)) {
            throw new EncoderBusyException(
                    closed ? name + " is closed" : name + " has " + QUEUE + " inputs waiting already");
        }
        return job.answer;
    }

    private void work() {
        try (Predictor<NDList, NDList> predictor = model.newPredictor()) {
            List<Job<T>> batch = new ArrayList<>(maxBatch);
            while (!closed) {
                batch.add(queue.take());
                queue.drainTo(batch, maxBatch - 1);
                answer(predictor, batch);
                batch.clear();
            }
        } catch (InterruptedException e) {
            // close() asks for it; the thread ends here, so there is no one to pass the interrupt on to
            log.debug("{} stops", Thread.currentThread().getName());
        }
    }

    // Whatever a native call throws, errors of linking included, the callers must hear of it and the worker live on.
    private void answer(Predictor<NDList, NDList> predictor, List<Job<T>> batch) {
        try {
            List<Embedding> embeddings =
                    run(predictor, batch.stream().map(Job::input).toList());
            for (int i = 0; i < batch.size(); i++) {
                batch.get(i).answer.complete(embeddings.get(i));
            }
        } catch (Throwable e) {
            batch.forEach(job -> job.answer.completeExceptionally(e));
        }
    }

    private List<Embedding> run(Predictor<NDList, NDList> predictor, List<T> inputs) throws TranslateException {
        try (NDManager manager = model.getNDManager().newSubManager();
                NDList output = predictor.predict(stacker.stack(manager, inputs))) {
            float[] values = output.singletonOrThrow().toFloatArray();
            if (values.length != inputs.size() * dimension) {
                throw new IllegalStateException(name + " gave " + values.length + " values for " + inputs.size()
                        + " inputs of dimension " + dimension);
            }
            List<Embedding> embeddings = new ArrayList<>(inputs.size());
            for (int i = 0; i < inputs.size(); i++) {
                embeddings.add(reader.apply(Arrays.copyOfRange(values, i * dimension, (i + 1) * dimension)));
            }
            return embeddings;
        }
    }

    /** Lets the running batch finish and refuses what still waits. */
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
        waiting.forEach(job -> job.answer.completeExceptionally(new EncoderBusyException(name + " is closed")));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.glimpse.dataset.replica;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/** Runs puts and gets of files side by side. Safe for use by several threads. */
final class Transfers {
    private final Executor executor;

    /** @param executor must not be the one that calls {@link #forEach}, unless it runs tasks on the calling thread */
    Transfers(Executor executor) {
        this.executor = executor;
    }

    interface Transfer {
        void run(String name) throws IOException;
    }

    /** Runs the transfer for each name and waits for all of them. Throws the failure of one of them, if any failed. */
    void forEach(Collection<String> names, Transfer transfer) throws IOException {
        List<CompletableFuture<Void>> running = names.stream()
                .map(name -> CompletableFuture.runAsync(
                        () -> {
                            try {
                                transfer.run(name);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        executor))
                .toList();
        await(CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)));
    }

    /** Starts this beside other transfers. To be waited for with {@link #await}. */
    <T> CompletableFuture<T> start(Supplier<T> request) {
        return CompletableFuture.supplyAsync(request, executor);
    }

    static <T> T await(CompletableFuture<T> running) throws IOException {
        try {
            return running.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UncheckedIOException io) {
                throw new IOException(io.getMessage(), io);
            }
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw e;
        }
    }
}

package dev.glimpse.sources;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** Waits for commits and requests of a look, as long as it may go on: a commit may have to wait for the store for ever. For one thread. */
final class Waiting {
    static final long TURN_MILLIS = 500;

    private final BooleanSupplier mayGoOn;

    /** @param mayGoOn asked twice a second; after a no, nothing is waited for */
    Waiting(BooleanSupplier mayGoOn) {
        this.mayGoOn = mayGoOn;
    }

    /** Whether the look may go on. */
    boolean mayGoOn() {
        return mayGoOn.getAsBoolean();
    }

    /** @throws InterruptedException if nothing further may be begun */
    void requireMayGoOn() throws InterruptedException {
        if (!mayGoOn()) {
            throw new InterruptedException("the look ends early");
        }
    }

    /**
     * What this completes with.
     *
     * @throws InterruptedException also if nothing further may be begun
     */
    <T> T await(CompletableFuture<T> done) throws InterruptedException {
        while (true) {
            try {
                return done.get(TURN_MILLIS, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                requireMayGoOn();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof RuntimeException cause) {
                    throw cause;
                }
                throw new IllegalStateException(e.getCause());
            }
        }
    }
}

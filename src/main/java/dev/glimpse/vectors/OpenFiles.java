package dev.glimpse.vectors;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Supplier;

/** Files of an owner that is just being made. If one of them cannot be opened, those before it are closed. For one thread. */
public final class OpenFiles {
    /** The last one first. */
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /**
     * Opens one more. If that throws, all that were opened here are closed, and their failures are suppressed by the first one.
     *
     * @return what was opened; the owner closes it from now on, unless a later call fails
     */
    public <T extends AutoCloseable> T add(Supplier<T> opening) {
        try {
            T file = opening.get();
            opened.push(file);
            return file;
        } catch (RuntimeException | Error e) {
            close(e);
            throw e;
        }
    }

    private void close(Throwable failure) {
        for (AutoCloseable file : opened) {
            try {
                file.close();
            } catch (Exception | Error e) {
                failure.addSuppressed(e);
            }
        }
        opened.clear();
    }
}

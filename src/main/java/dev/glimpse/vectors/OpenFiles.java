package dev.glimpse.vectors;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/** Files of an owner that is just being made. If one of them cannot be opened, those before it are closed. For one thread. */
public final class OpenFiles {
    /** The last one first. */
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    /** Opens or reads something, or throws. */
    public interface Step<T extends @Nullable Object, E extends Exception> {
        T run() throws E;
    }

    /**
     * Opens one more. If that throws, all that were opened here are closed, and their failures are suppressed by the first one.
     *
     * @return what was opened; the owner closes it from now on, unless a later call fails
     */
    public <T extends AutoCloseable, E extends Exception> T add(Step<T, E> opening) throws E {
        T file = also(opening);
        opened.push(file);
        return file;
    }

    /** Does what the owner needs besides. If that throws, all that were opened here are closed, as by {@link #add}. */
    public <T extends @Nullable Object, E extends Exception> T also(Step<T, E> step) throws E {
        try {
            return step.run();
        } catch (Exception | Error e) {
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

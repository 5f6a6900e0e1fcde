package dev.glimpse.tools;

import java.time.Duration;
import java.util.concurrent.Callable;

/** What a stretch of work took: seconds on the clock, and seconds of CPU of this process. */
public record Spent(double wall, double cpu) {
    public static Spent of(Callable<?> work) throws Exception {
        long wall = System.nanoTime();
        double cpu = cpuOf(ProcessHandle.current());
        work.call();
        return new Spent((System.nanoTime() - wall) / 1e9, cpuOf(ProcessHandle.current()) - cpu);
    }

    /** CPU seconds of a process that runs, of all its threads since its start. */
    public static double cpuOf(ProcessHandle process) {
        return process.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
    }
}

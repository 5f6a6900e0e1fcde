package dev.glimpse.testing;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a benchmark prints, and whether it kept what it promises. For one thread. */
public final class Report {
    private final List<String> missed = new ArrayList<>();

    @SuppressWarnings("AnnotateFormatMethod")
    public void say(String format, Object... values) {
        System.out.println(format.formatted(values));
        System.out.flush();
    }

    /** Prints a bar, and whether it was met. */
    @SuppressWarnings("AnnotateFormatMethod")
    public void bar(boolean met, String format, Object... values) {
        String bar = format.formatted(values);
        System.out.println(bar + (met ? ": met" : ": MISSED"));
        System.out.flush();
        if (!met) {
            missed.add(bar);
        }
    }

    /** The bars that were missed, as they were printed. */
    public List<String> missed() {
        return List.copyOf(missed);
    }

    /** For {@link System#exit}: 1 if a bar was missed. */
    public int status() {
        return missed.isEmpty() ? 0 : 1;
    }

    /** Seconds since a moment that {@link System#nanoTime} has told. */
    public static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    public static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    public static double quantile(List<Double> values, double q) {
        double[] sorted = values.stream().mapToDouble(value -> value).sorted().toArray();
        return sorted[(int) Math.min(sorted.length - 1L, (long) (q * sorted.length))];
    }

    /** Prints what it is measured with. */
    public void sayMachine() throws IOException {
        say(
                "machine: %s; Java %s, %d MB heap",
                machine(), Runtime.version().feature(), Runtime.getRuntime().maxMemory() >> 20);
    }

    /** CPU time of all threads of this process, in milliseconds: unlike wall time it does not count what else the machine does. */
    public static double cpuMillis() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e6;
    }

    /** Processors that this process has, and what else runs on them. */
    public static String machine() throws IOException {
        return "%d cores, load %s"
                .formatted(
                        Runtime.getRuntime().availableProcessors(),
                        Files.readString(Path.of("/proc/loadavg")).strip());
    }
}

package dev.glimpse.tools.selftest.bulk;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A script of the project, run as people run it, in a process of its own. */
final class Loader {
    private static final int TICKS_A_SECOND = 100;
    private static final long TELL_SECONDS = 30;

    private final Process process;
    private final Path log;
    private final Path report;
    private final double childrenCpu = childrenCpu();
    private final long start = System.nanoTime();

    private Loader(Process process, Path log, Path report) {
        this.process = process;
        this.log = log;
        this.report = report;
    }

    /**
     * What became of it.
     *
     * @param wall seconds, with the start of its JVM
     * @param cpu seconds of its process; of no meaning if another process of ours has ended meanwhile
     */
    record Result(int status, double wall, double cpu, Path log, Path file) {
        /** What it has written with {@code --report}. */
        JsonNode report() {
            try {
                return JsonMapper.shared().readTree(Files.readAllBytes(file));
            } catch (IOException e) {
                throw new UncheckedIOException("status %d, and no report: %s".formatted(status, output()), e);
            }
        }

        long count(String name) {
            return report().get(name).longValue();
        }

        String output() {
            try {
                return Files.readString(log);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** Starts {@code scripts/bulk-load} for the server of this place. */
    static Loader bulkLoad(Ground ground, Place place, String name, String... sources) throws IOException {
        List<String> command = new ArrayList<>(List.of("scripts/bulk-load", "--wait", "600"));
        command.addAll(List.of(sources));
        return start(ground, name, Map.of("GLIMPSE_URL", place.address()), command);
    }

    /** Starts a script that writes a report. What is set for a server of yours is not for it. */
    static Loader start(Ground ground, String name, Map<String, String> settings, List<String> command)
            throws IOException {
        Path log = ground.root().resolve(name + ".log");
        Path report = ground.root().resolve(name + ".json");
        List<String> all = new ArrayList<>(command);
        if (!command.get(0).endsWith("/index-bucket")) {
            all.addAll(List.of("--report", report.toString()));
        }
        ProcessBuilder builder = new ProcessBuilder(all)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().keySet().removeIf(key -> key.startsWith("GLIMPSE_") || key.startsWith("R2_"));
        builder.environment().putAll(settings);
        Process process = builder.start();
        process.getOutputStream().close();
        return new Loader(process, log, report);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits until it has found its server, from when on it waits for one that is gone. */
    void awaitBegin() throws InterruptedException {
        Path begun = report.resolveSibling(report.getFileName() + ".part");
        while (process.isAlive() && !Files.exists(begun)) {
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** {@code kill -9}. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Waits for its end, and tells meanwhile how far it is. */
    Result await(Ground ground, Place place) throws InterruptedException {
        while (!process.waitFor(TELL_SECONDS, TimeUnit.SECONDS)) {
            tell(ground, place);
        }
        return result();
    }

    /** Waits for its end. */
    Result await() throws InterruptedException {
        process.waitFor();
        return result();
    }

    private Result result() {
        double wall = (System.nanoTime() - start) / 1e9;
        return new Result(process.exitValue(), wall, childrenCpu() - childrenCpu, log, report);
    }

    private void tell(Ground ground, Place place) {
        try {
            ground.report().say("  ... %d rows after %.0f s", place.rows(), (System.nanoTime() - start) / 1e9);
        } catch (UncheckedIOException | IllegalStateException e) {
            // It is being started again.
        }
    }

    /** Seconds of all processes that this one has started, and that have ended. Linux. */
    private static double childrenCpu() {
        try {
            String stat = Files.readString(Path.of("/proc/self/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return (Long.parseLong(fields[13]) + Long.parseLong(fields[14])) / (double) TICKS_A_SECOND;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

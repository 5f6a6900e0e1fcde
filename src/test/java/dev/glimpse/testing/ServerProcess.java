package dev.glimpse.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The packaged server as a process of its own, to be killed. */
public final class ServerProcess implements AutoCloseable {
    /** {@code JAVA_OPTS} as a container of 2 GB sets them, see {@code docker/start}; the rest is what {@code scripts/run} gives everyone. */
    public static final String CONTAINER = "-XX:MaxRAM=2g -XX:MaxRAMPercentage=30 -XX:+ExitOnOutOfMemoryError";

    /**
     * {@code JAVA_OPTS} of a JVM that compiles with its fast compiler alone. A start takes a third less processor time, and the server is slower
     * afterwards: for tests, not for measurements.
     */
    public static final String QUICK_START = "-XX:TieredStopAtLevel=1";

    private static final Duration START = Duration.ofMinutes(5);

    private final Process process;
    private final Path log;
    private final int port;

    private ServerProcess(Process process, Path log, int port) {
        this.process = process;
        this.log = log;
        this.port = port;
    }

    /** Starts {@code target/glimpse.jar}, with the flags in {@code JAVA_OPTS} if there are any, and waits until it is ready. */
    public static ServerProcess start(Path data, Path log, Map<String, String> environment) throws IOException {
        return start(data, log, environment, List.of());
    }

    /**
     * Starts {@code target/glimpse.jar} and waits until it is ready.
     *
     * @param before words before the command, {@code taskset} for example
     */
    public static ServerProcess start(Path data, Path log, Map<String, String> environment, List<String> before)
            throws IOException {
        ServerProcess server = launch(data, log, environment, before);
        server.await("/actuator/health/readiness");
        return server;
    }

    /** Starts {@code target/glimpse.jar} and does not wait. */
    public static ServerProcess launch(Path data, Path log, Map<String, String> environment, List<String> before)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms128m",
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + Files.createDirectories(data.resolve(".glimpse/tmp"))));
        if (environment.containsKey("JAVA_OPTS")) {
            command.addAll(List.of(environment.get("JAVA_OPTS").split(" ")));
        }
        command.addAll(List.of("-jar", "target/glimpse.jar"));
        Map<String, String> all = new HashMap<>(Map.of("MALLOC_ARENA_MAX", "2", "LANCE_CPU_THREADS", "4"));
        all.putAll(environment);
        return launch(command, data, log, all);
    }

    /** As people start it, by {@code scripts/run}, and waits until it is ready. */
    public static ServerProcess run(Path data, Path log, Map<String, String> environment) throws IOException {
        ServerProcess server = launch(List.of("scripts/run"), data, log, environment);
        server.await("/actuator/health/readiness");
        return server;
    }

    /**
     * A start that is to fail, as people start it.
     *
     * @param output of both streams
     */
    public record FailedStart(int status, String output) {}

    /** Runs {@code scripts/run} with {@link #QUICK_START} to its end. */
    public static FailedStart fail(Path data, Path log, Map<String, String> environment)
            throws IOException, InterruptedException {
        Map<String, String> all = new HashMap<>(environment);
        all.put("JAVA_OPTS", QUICK_START);
        try (ServerProcess server = launch(List.of("scripts/run"), data, log, all)) {
            if (!server.process.waitFor(START.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("still running after " + START + ":\n" + Files.readString(log));
            }
            return new FailedStart(server.process.exitValue(), Files.readString(log));
        }
    }

    private static ServerProcess launch(List<String> command, Path data, Path log, Map<String, String> environment)
            throws IOException {
        int port = environment.containsKey("PORT") ? Integer.parseInt(environment.get("PORT")) : Ports.free();
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put("PORT", Integer.toString(port));
        builder.environment().put("GLIMPSE_DATA", data.toString());
        builder.environment().putAll(environment);
        return new ServerProcess(builder.start(), log, port);
    }

    public Client client() {
        return new Client(port);
    }

    public int port() {
        return port;
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    /** What {@code /proc} says in kB, as {@code VmRSS}, in MB of 10^6 bytes. Linux. */
    public Map<String, Double> memory() throws IOException {
        Map<String, Double> values = new HashMap<>();
        for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
            if (line.endsWith(" kB")) {
                values.put(
                        line.substring(0, line.indexOf(':')), Long.parseLong(line.replaceAll("\\D", "")) * 1024 / 1e6);
            }
        }
        return values;
    }

    /** {@code kill -9}. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM; the exit status, or a failure after two minutes. */
    public int terminate() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IllegalStateException("still running two minutes after SIGTERM");
        }
        return process.exitValue();
    }

    /** Until it answers 200. */
    public void await(String path) throws IOException {
        Instant end = Instant.now().plus(START);
        while (Instant.now().isBefore(end)) {
            if (!process.isAlive()) {
                throw new IllegalStateException("the server did not start:\n" + Files.readString(log));
            }
            try {
                if (client().get(path).status() == 200) {
                    return;
                }
            } catch (UncheckedIOException e) {
                // Not listening yet.
            }
            // A moment between two attempts leaves it the processor.
            process.onExit()
                    .orTimeout(50, TimeUnit.MILLISECONDS)
                    .exceptionally(late -> process)
                    .join();
        }
        throw new IllegalStateException(path + " does not answer 200 after " + START + ":\n" + Files.readString(log));
    }

    @Override
    public void close() {
        // Else it writes into a folder that is being removed.
        process.destroyForcibly().onExit().join();
    }
}

package dev.glimpse.spark;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Java programs that tests run beside themselves. What they print on standard error goes where the tests' output goes. */
final class TestProcess implements AutoCloseable {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    private final Process process;

    private TestProcess(Process process) {
        this.process = process;
    }

    /** A bucket in memory, with the variables that lead to it: the service's own, of scripts/test-bucket. */
    static final class Bucket implements AutoCloseable {
        private final TestProcess program;
        private final Map<String, String> variables = new HashMap<>();

        Bucket() throws IOException {
            String libraries =
                    Files.readString(ROOT.resolve("target/test.classpath")).strip();
            program = start(
                    Map.of(),
                    "-Dlogback.configurationFile=logback-programs.xml",
                    "-cp",
                    String.join(
                            File.pathSeparator,
                            ROOT.resolve("target/test-classes").toString(),
                            ROOT.resolve("target/classes").toString(),
                            libraries),
                    "dev.glimpse.tools.TestBucketProgram");
            BufferedReader printed = program.process.inputReader(StandardCharsets.UTF_8);
            while (variables.size() < 4) {
                String line = printed.readLine();
                if (line == null) {
                    throw new IOException("the bucket did not start");
                }
                if (line.startsWith("export ")) {
                    String[] parts = line.substring("export ".length()).split("=", 2);
                    variables.put(parts[0], parts[1]);
                }
            }
        }

        Map<String, String> variables() {
            return variables;
        }

        @Override
        public void close() {
            program.close();
        }
    }

    static TestProcess start(Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(JAVA));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile());
        builder.redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(environment);
        return new TestProcess(builder.start());
    }

    /** A program of the tests' own, with their class path and flags. */
    static TestProcess startTest(Class<?> program, Map<String, String> environment, String... arguments)
            throws IOException {
        List<String> all = new ArrayList<>();
        for (String flag :
                java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (flag.startsWith("--add-opens") || flag.startsWith("-Dlog4j2")) {
                all.add(flag);
            }
        }
        all.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        all.addAll(List.of(arguments));
        return start(environment, all.toArray(String[]::new));
    }

    Process process() {
        return process;
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(30, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

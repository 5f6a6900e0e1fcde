package dev.glimpse.tools;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.TestStores;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.testing.TestBucket.RequestClass;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A {@link TestBucket} in a process of its own, so that its CPU is told apart. It is asked over its standard input and output for what it
 * has counted. For one thread at a time. Ends with this process.
 */
public final class BucketProcess implements AutoCloseable {
    private static final String END = ".";

    private final Process process;
    private final PrintWriter questions;
    private final BufferedReader answers;
    private final Map<String, String> environment = new HashMap<>();

    private BucketProcess(Process process) throws IOException {
        this.process = process;
        this.questions = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        for (String line : lines()) {
            String[] variable = line.split("=", 2);
            environment.put(variable[0], variable[1]);
        }
    }

    /**
     * An empty bucket, as fast as memory.
     *
     * @param megabytes of heap: what it keeps, and more
     */
    public static BucketProcess start(long megabytes) throws IOException {
        return new BucketProcess(new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx" + megabytes + "m",
                        "-XX:+UseSerialGC",
                        "-Dlogback.configurationFile=logback-programs.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BucketProcess.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** The bucket's own side. */
    public static void main(String[] args) throws IOException {
        PrintStream out = System.out;
        System.setOut(System.err);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (TestBucket bucket = TestBucket.start()) {
            List<String> answer = new ArrayList<>();
            bucket.environment().forEach((name, value) -> answer.add(name + "=" + value));
            for (String line; ; ) {
                answer.add(END);
                out.println(String.join("\n", answer));
                out.flush();
                answer.clear();
                line = in.readLine();
                if (line == null) {
                    break;
                }
                String[] words = line.split(" ", 2);
                String prefix = words.length > 1 ? words[1] : "";
                switch (words[0]) {
                    case "slow" -> bucket.slow();
                    case "fast" -> bucket.latency(Duration.ZERO, Duration.ZERO);
                    case "reset" -> bucket.resetCounts();
                    case "a" -> answer.add(Long.toString(bucket.count(RequestClass.A, prefix)));
                    case "b" -> answer.add(Long.toString(bucket.count(RequestClass.B, prefix)));
                    case "keys" -> answer.addAll(bucket.sizes(prefix).keySet());
                    case "requests" ->
                        bucket.requests().stream()
                                .filter(request -> request.key().startsWith(prefix))
                                .forEach(request -> answer.add(request.method() + " " + request.key()));
                    default -> throw new IllegalArgumentException(line);
                }
            }
        }
        System.exit(0);
    }

    private List<String> lines() throws IOException {
        List<String> lines = new ArrayList<>();
        for (String line = answers.readLine(); !END.equals(line); line = answers.readLine()) {
            if (line == null) {
                throw new IOException("the bucket's process has ended");
            }
            lines.add(line);
        }
        return lines;
    }

    private List<String> ask(String question) {
        try {
            questions.println(question);
            return lines();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** From now on as slow as R2: 60 ms a read, 100 ms a write or list. */
    public BucketProcess slow() {
        ask("slow");
        return this;
    }

    /** From now on as fast as memory. */
    public void fast() {
        ask("fast");
    }

    public void resetCounts() {
        ask("reset");
    }

    /** Requests since the start or {@link #resetCounts} that are charged in class A. */
    public long classA() {
        return Long.parseLong(ask("a ").get(0));
    }

    /** Requests since the start or {@link #resetCounts} that are charged in class B. */
    public long classB() {
        return Long.parseLong(ask("b ").get(0));
    }

    /** Of the objects whose keys begin so. Not counted as a request. */
    public List<String> keys(String prefix) {
        return ask("keys " + prefix);
    }

    /** Since the start or {@link #resetCounts}, of keys that begin so. */
    public List<Request> requests(String prefix) {
        return ask("requests " + prefix).stream()
                .map(line -> line.split(" ", 2))
                .map(words -> new Request(words[0], words[1]))
                .toList();
    }

    /** The settings with which servers and jobs use it. */
    public Map<String, String> environment() {
        return environment;
    }

    /** A store on it. The caller closes it. */
    public ObjectStore open() {
        return TestStores.bucket(environment);
    }

    public ProcessHandle handle() {
        return process.toHandle();
    }

    @Override
    public void close() {
        process.destroyForcibly().onExit().join();
    }
}

package dev.glimpse.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * LanceDB's own client, in a process of Node that lives as long as this: what people use beside Glimpse. Its commands are in {@code
 * src/test/node/client.mjs}. The first one on a machine installs it below {@code target}.
 */
public final class LanceDbClient implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Path SOURCE = Path.of("src/test/node");
    private static final Path INSTALLED = Path.of("target/node");
    private static final int COMMAND_SECONDS = 120;

    private final Process process;
    private final Writer commands;
    private final BufferedReader answers;

    /** One at a time, in their order. */
    private final ExecutorService turns = Executors.newSingleThreadExecutor();

    private LanceDbClient(Process process) {
        this.process = process;
        this.commands = process.outputWriter();
        this.answers = process.inputReader();
    }

    /** Connected to nothing yet. */
    public static LanceDbClient start() {
        try {
            // Its optional packages are embedding functions, 350 MB, and its native library, which is named.
            NodePackages.install(SOURCE, INSTALLED, library());
            return new LanceDbClient(new ProcessBuilder("node", "client.mjs")
                    .directory(INSTALLED.toFile())
                    .redirectError(INSTALLED.resolve("client.log").toFile())
                    .start());
        } catch (IOException e) {
            throw new UncheckedIOException("LanceDB's client does not start", e);
        }
    }

    private static String library() throws IOException {
        JsonNode version =
                JSON.readTree(Files.readString(SOURCE.resolve("package.json"))).at("/dependencies/@lancedb~1lancedb");
        String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x64";
        String platform = System.getProperty("os.name").startsWith("Mac") ? "darwin-" + arch : "linux-" + arch + "-gnu";
        return "@lancedb/lancedb-" + platform + "@" + version.asString();
    }

    /** Goes on to work on the tables beside {@code vectors/images.lance} of this bucket; opens that one if it is there. */
    public LanceDbClient open(TestBucket bucket) {
        return open(
                "s3://" + bucket.bucket() + "/vectors",
                Map.of(
                        "aws_endpoint",
                        bucket.endpoint(),
                        "aws_access_key_id",
                        bucket.accessKeyId(),
                        "aws_secret_access_key",
                        bucket.secretAccessKey(),
                        "aws_region",
                        "auto",
                        "aws_virtual_hosted_style_request",
                        "false",
                        "allow_http",
                        "true"));
    }

    /** The same with the folder that holds {@code vectors}. */
    public LanceDbClient open(Path folder) {
        return open(folder.resolve("vectors").toAbsolutePath().toString(), Map.of());
    }

    private LanceDbClient open(String uri, Map<String, String> storageOptions) {
        boolean there = run("open", "uri", uri, "storageOptions", storageOptions)
                .toString()
                .contains("\"images\"");
        if (there) {
            run("openTable");
        }
        return this;
    }

    /**
     * Does a command and gives its result.
     *
     * @param arguments names and values by turns
     * @throws IllegalStateException if the client says that it failed
     */
    public JsonNode run(String op, Object... arguments) {
        return begin(op, arguments).orTimeout(COMMAND_SECONDS, TimeUnit.SECONDS).join();
    }

    /** The same beside what the test does; after the commands before it. */
    public CompletableFuture<JsonNode> begin(String op, Object... arguments) {
        Map<String, Object> command = new LinkedHashMap<>();
        command.put("op", op);
        for (int i = 0; i < arguments.length; i += 2) {
            command.put(String.valueOf(arguments[i]), arguments[i + 1]);
        }
        return CompletableFuture.supplyAsync(() -> answerTo(command), turns);
    }

    private JsonNode answerTo(Map<String, Object> command) {
        try {
            commands.write(JSON.writeValueAsString(command) + "\n");
            commands.flush();
            String line = answers.readLine();
            if (line == null) {
                throw new IllegalStateException("LanceDB's client has ended, see " + INSTALLED.resolve("client.log"));
            }
            JsonNode answer = JSON.readTree(line);
            if (answer.has("error")) {
                throw new IllegalStateException(command.get("op") + ": " + answer.get("error"));
            }
            return answer.get("ok");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        turns.shutdown();
    }
}

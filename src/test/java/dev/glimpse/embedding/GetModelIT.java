package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.vectors.Embedding;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code scripts/get-model} without Python and internet, against a server that stands in for both sites. */
class GetModelIT {
    static final Path FIXTURE = Path.of("src/test/resources/get-model");
    static final String ARCHIVE = "/clip.zip";
    static final String TOKENIZER = "/openai/clip-vit-base-patch32/resolve/main/tokenizer.json";

    @TempDir
    Path folder;

    HttpServer server;

    /** Path and range of each request, in order. */
    final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    byte[] archive = {};
    byte[] tokenizer = {};

    final Map<String, byte[]> files = new ConcurrentHashMap<>();
    final Map<String, String> checksums = new ConcurrentHashMap<>();

    /** Paths whose next answer breaks off in the middle. */
    final Map<String, Boolean> breaking = new ConcurrentHashMap<>();

    record Outcome(int status, List<String> lines) {
        String lastLine() {
            return lines.get(lines.size() - 1);
        }
    }

    @BeforeEach
    void start() throws IOException {
        archive = Files.readAllBytes(FIXTURE.resolve("clip.zip"));
        tokenizer = Files.readAllBytes(FIXTURE.resolve("tokenizer.json"));
        files.put(ARCHIVE, archive);
        files.put(TOKENIZER, tokenizer);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(path + (range == null ? "" : " " + range));
        byte[] file = files.get(path);
        if (file == null) {
            exchange.sendResponseHeaders(404, -1);
            exchange.close();
            return;
        }
        int begin = range == null ? 0 : Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
        if (checksums.containsKey(path)) {
            exchange.getResponseHeaders().set("X-Linked-ETag", '"' + checksums.get(path) + '"');
        }
        if (begin > 0) {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + begin + "-" + (file.length - 1) + "/" + file.length);
        }
        exchange.sendResponseHeaders(begin == 0 ? 200 : 206, file.length - begin);
        int end = breaking.remove(path) == null ? file.length : (begin + file.length) / 2;
        OutputStream body = exchange.getResponseBody();
        body.write(file, begin, end - begin);
        body.flush();
        // Closing with less than was promised ends the connection.
        exchange.close();
    }

    private Outcome getModel(String... arguments) throws IOException, InterruptedException {
        return run("scripts/get-model", arguments);
    }

    private Outcome run(String script, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script));
        command.addAll(List.of(arguments));
        Path log = folder.resolve("log");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        String address = "http://127.0.0.1:" + server.getAddress().getPort();
        builder.environment().put("HF_ENDPOINT", address);
        builder.environment().put("GLIMPSE_DJL_CLIP_URL", address + ARCHIVE);
        builder.environment().put("GLIMPSE_OPENAI_CLIP_URL", address + "/openai");
        builder.environment().put("no_proxy", "127.0.0.1");
        Process process = builder.start();
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        return new Outcome(process.exitValue(), Files.readAllLines(log));
    }

    private Path target() {
        return folder.resolve("models/djl-clip");
    }

    private Outcome getDjlClip(String... more) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(List.of("djl-clip", "--to", target().toString()));
        arguments.addAll(List.of(more));
        return getModel(arguments.toArray(String[]::new));
    }

    private List<Path> besideTarget() throws IOException {
        try (var entries = Files.list(target().getParent())) {
            return entries.toList();
        }
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static DecodedImage picture(Color color) throws IOException {
        BufferedImage picture = new BufferedImage(300, 240, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = picture.createGraphics();
        graphics.setColor(color);
        graphics.fillRect(0, 0, 300, 240);
        graphics.dispose();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(picture, "png", png);
        return new TestDecoder().decode(png.toByteArray());
    }

    private static Embedding vectorOf(JsonNode node) {
        byte[] bytes = Base64.getDecoder().decode(node.stringValue());
        float[] values = new float[bytes.length / Float.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Embedding(values);
    }

    @Test
    void publishedArchiveBecomesAModelThatAnswersAsItDoesInPython() throws Exception {
        JsonNode expected = new JsonMapper().readTree(FIXTURE.resolve("expected.json"));
        JsonNode color = expected.get("color");

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).as(String.join("\n", outcome.lines())).isZero();
        assertThat(outcome.lastLine()).contains("GLIMPSE_MODEL=" + target());
        assertThat(besideTarget()).containsExactly(target());
        try (ClipModel model = ClipModel.load(target(), TestScheduler.SCHEDULER)) {
            Color asked = new Color(
                    color.get(0).intValue(),
                    color.get(1).intValue(),
                    color.get(2).intValue());
            Embedding image =
                    model.embed(picture(asked), TestScheduler.ticket()).join();
            String text = expected.get("text").stringValue();

            assertThat(model.tokenize(text).ids())
                    .isEqualTo(expected.get("ids")
                            .valueStream()
                            .mapToLong(JsonNode::longValue)
                            .toArray());
            assertThat(image.cosine(vectorOf(expected.get("image")))).isGreaterThan(0.99999);
            assertThat(model.embed(text, TestScheduler.ticket())
                            .join()
                            .embedding()
                            .cosine(vectorOf(expected.get("words"))))
                    .isGreaterThan(0.99999);
        }
    }

    @Test
    void fileWithAnotherChecksumThanPublishedIsRefused() throws Exception {
        checksums.put(TOKENIZER, "0".repeat(64));

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.lastLine())
                .contains("tokenizer.json has the wrong checksum")
                .contains("0".repeat(64))
                .contains(sha256(tokenizer));
        assertThat(besideTarget()).isEmpty();
    }

    @Test
    void rightChecksumIsSaidToBeVerifiedAndAMissingOneToBeMissing() throws Exception {
        checksums.put(TOKENIZER, sha256(tokenizer));

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).isZero();
        assertThat(outcome.lines())
                .anyMatch(line -> line.contains("tokenizer.json") && line.endsWith("SHA-256 verified"))
                .anyMatch(line -> line.contains("clip.zip") && line.endsWith("no checksum published"));
    }

    @Test
    void whatCannotBeConvertedIsRefusedBeforeItsWeightsAreFetched() throws Exception {
        assumeThat(new ProcessBuilder("python3", "-c", "import venv, ensurepip")
                        .start()
                        .waitFor())
                .isZero();
        String repository = "/someone/any-size/resolve/main/";
        files.put(repository + "config.json", "{\"model_type\": \"siglip2\"}".getBytes(StandardCharsets.UTF_8));
        files.put(repository + "model.safetensors", new byte[1000]);

        Outcome outcome = getModel("someone/any-size", "--to", target().toString());

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.lastLine())
                .contains("someone/any-size cannot be converted")
                .contains("take one with a fixed size, as google/siglip2-base-patch16-224");
        assertThat(requests).isNotEmpty().noneMatch(request -> request.contains("safetensors"));
        assertThat(besideTarget()).isEmpty();
    }

    @Test
    void serverDoesNotStartWithAModelThatCannotBeHad() throws Exception {
        assumeThat(new ProcessBuilder("python3", "-c", "import venv, ensurepip")
                        .start()
                        .waitFor())
                .isZero();

        Outcome outcome = run("scripts/run", "--model", "someone/nobody-has-this", "--server.port=1");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.lines().get(0)).contains("Getting the model someone/nobody-has-this");
        assertThat(outcome.lastLine())
                .startsWith("get-model: someone/nobody-has-this cannot be converted")
                .contains("neither a config.json nor an open_clip_config.json");
        assertThat(Path.of("models", "nobody-has-this")).doesNotExist();
    }

    @Test
    void brokenDownloadGoesOnWhereItStopped() throws Exception {
        checksums.put(ARCHIVE, sha256(archive));
        breaking.put(ARCHIVE, true);

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).as(String.join("\n", outcome.lines())).isZero();
        assertThat(requests).containsExactly(TOKENIZER, ARCHIVE, ARCHIVE + " bytes=" + archive.length / 2 + "-");
        assertThat(target().resolve("model.json")).exists();
    }

    @Test
    void withoutAServerOneLineSaysWhatToDoByHand() throws Exception {
        server.stop(0);

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.lines()).hasSize(1);
        assertThat(outcome.lastLine())
                .startsWith("get-model: no internet: cannot reach 127.0.0.1")
                .contains("By hand: fetch")
                .contains(TOKENIZER)
                .contains("scripts/get-model FOLDER");
        assertThat(besideTarget()).isEmpty();
    }

    @Test
    void filesFetchedByHandWillDo() throws Exception {
        server.stop(0);

        Outcome outcome = getModel(FIXTURE.toString(), "--to", target().toString(), "--name", "by-hand");

        assertThat(outcome.status()).as(String.join("\n", outcome.lines())).isZero();
        assertThat(ModelDescriptor.read(target()).name()).isEqualTo("by-hand");
    }

    @Test
    void modelThatIsThereIsOnlyReplacedWhenAskedTo() throws Exception {
        Files.createDirectories(target());
        Files.writeString(target().resolve("mine"), "");

        Outcome refused = getDjlClip();
        boolean kept = Files.exists(target().resolve("mine"));
        Outcome forced = getDjlClip("--force");

        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.lastLine()).contains("is there already").contains("--force");
        assertThat(kept).isTrue();
        assertThat(forced.status()).isZero();
        assertThat(target().resolve("mine")).doesNotExist();
        assertThat(ModelDescriptor.read(target()).name()).isEqualTo("djl-clip");
    }

    @Test
    void archiveThatIsNoneLeavesNoModelBehind() throws Exception {
        files.put(ARCHIVE, new byte[] {1, 2, 3});

        Outcome outcome = getDjlClip();

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.lastLine()).contains("no whole zip");
        assertThat(target()).doesNotExist();
    }

    @Test
    void unknownNameIsToldApartFromAMissingFile() throws Exception {
        Outcome outcome = getModel("no-such-model");

        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.lines()).hasSize(1);
        assertThat(outcome.lastLine()).contains("no-such-model");
        assertThat(requests).isEmpty();
    }
}

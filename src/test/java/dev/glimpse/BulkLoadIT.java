package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.bulk.FakePictures;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The command behind {@code scripts/bulk-load}, as a process of its own, against a real server. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
class BulkLoadIT {
    private static final AtomicInteger PICTURES = new AtomicInteger(3_000_000);
    private static final byte[] CANON_RAW = container("crx ");
    private static final byte[] MOVIE = container("qt  ");

    @TempDir
    static Path data;

    @TempDir
    Path folder;

    @LocalServerPort
    int port;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    private record Run(int status, String output) {
        List<String> lines() {
            return output.lines().toList();
        }
    }

    private Process begin(String... arguments) throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.glimpse.Glimpse",
                        "bulk-load")
                .redirectErrorStream(true);
        command.command().addAll(List.of(arguments));
        command.environment().keySet().removeIf(name -> name.startsWith("GLIMPSE_"));
        command.environment().put("GLIMPSE_URL", "http://127.0.0.1:" + port);
        command.environment().put("LC_ALL", "C.UTF-8");
        Process process = command.start();
        process.getOutputStream().close();
        return process;
    }

    private Run load(String... arguments) {
        try {
            Process process = begin(arguments);
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private long rows() {
        return new Client(port).get("/stats").json().path("rowCount").asLong();
    }

    /** The beginning of an ISO media file of this brand, and nothing behind. */
    private static byte[] container(String brand) {
        return ("\0\0\0\u0018ftyp" + brand + "\0\0\0\0" + brand + "isom").getBytes(StandardCharsets.ISO_8859_1);
    }

    private Path put(String name, byte[] bytes) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    private Path picture(String name) throws IOException {
        return put(name, TestPictures.png(PICTURES.getAndIncrement()));
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void picturesAreKnownByTheirBytesAndAllElseIsNamedByKindWithItsReason() throws IOException {
        for (String name : List.of("a.jfif", "b.jpe", "without", "deep/down/c.txt", "IMG_1.jpg")) {
            picture(name);
        }
        put("IMG_1.CR3", CANON_RAW);
        put("IMG_1.MOV", MOVIE);
        put("IMG_1.AAE", text("<?xml version=\"1.0\"?><plist/>"));
        put("other.mp4", container("isom"));
        put("Thumbs.db", new byte[] {(byte) 0xD0, (byte) 0xCF, 0x11, (byte) 0xE0, 0});
        put(".DS_Store", new byte[9]);
        put(".hidden/d.png", TestPictures.png(2));
        put("notes.txt", text("hello\n"));
        put("more.TXT", text("hello\n"));
        put("README", text("hello\n"));
        put(
                "album.zip",
                new FakePictures.Zip().with("a.png", TestPictures.png(1)).bytes());

        Run run = load(folder.toString());

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.lines())
                .contains("  total        16", "  stored       5", "  failed       0", "  left out     11");
        String last = run.lines().get(run.lines().size() - 1);
        assertThat(last)
                .startsWith("left out: 2 .txt (text), ")
                .contains(
                        "1 .cr3 (not a picture we can read",
                        "1 .mov (the video beside a picture of this name)",
                        "1 .mp4 (a video)",
                        "1 .aae (notes beside a picture)",
                        "1 Thumbs.db (a file of the system)",
                        "1 .DS_Store (hidden)",
                        "1 folder (hidden)",
                        "1 without an extension (text)",
                        "1 .zip (an archive)");

        Run again = load(folder.toString());
        assertThat(again.status()).as(again.output()).isZero();
        assertThat(again.lines()).contains("  stored       0", "  known        5");
    }

    @Test
    void onePictureIsUploadedWhateverItsName() throws IOException {
        Run run = load(picture("picture.list").toString());

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.lines()).contains("  stored       1");
    }

    @Test
    void zipIsLoadedAndWhatIsDamagedInItIsRefused() throws IOException {
        byte[] damaged = TestPictures.png(1);
        byte[] zip = new FakePictures.Zip()
                .with("a.png", TestPictures.png(PICTURES.getAndIncrement()))
                .with("../b.png", TestPictures.png(PICTURES.getAndIncrement()))
                .with("c.png", Arrays.copyOf(damaged, damaged.length / 2))
                .with("d.png", TestPictures.png(PICTURES.getAndIncrement()))
                .bytes();

        Run run = load(put("a.zip", zip).toString());

        assertThat(run.status()).as(run.output()).isEqualTo(1);
        assertThat(run.lines()).contains("  total        4", "  stored       2", "  refused      2");
    }

    @Test
    void captionsAndTagsAreKeptWithTheirPictures() throws IOException {
        byte[] bytes = TestPictures.png(PICTURES.getAndIncrement());
        put("set/a.png", bytes);
        picture("set/b.png");
        Path table = put(".captions.csv", text("file,caption,tags\na.png,\"A cat, asleep\",\"cat,home\"\n"));

        Run run = load("--captions", table.toString(), folder.toString());

        assertThat(run.status()).as(run.output()).isZero();
        String id = ImageId.of(bytes, ImageFormat.PNG).toString();
        JsonNode said = new Client(port).get("/" + id + "/metadata").json();
        assertThat(said.path("caption").asString()).isEqualTo("A cat, asleep");
        assertThat(said.path("tags").toString()).isEqualTo("[\"cat\",\"home\"]");
    }

    @Test
    void runThatIsKilledIsFinishedByTheNextAndNothingIsSentTwice() throws IOException, InterruptedException {
        int count = 150;
        for (int i = 0; i < count; i++) {
            picture("p" + i + ".png");
        }
        long before = rows();
        Process killed = begin("--rate", "60", folder.toString());
        try {
            await().until(() -> rows() >= before + 20 || !killed.isAlive());
        } finally {
            killed.destroyForcibly().waitFor();
        }

        Path report = put(".report.json", new byte[0]);
        Run rest = load("--report", report.toString(), folder.toString());

        assertThat(rest.status()).as(rest.output()).isZero();
        JsonNode told = new JsonMapper().readTree(report.toFile());
        int stored = told.path("stored").asInt();
        int known = told.path("known").asInt();
        assertThat(known).isGreaterThanOrEqualTo(20);
        assertThat(stored + known).isEqualTo(count);
        assertThat(rows()).isEqualTo(before + count);
    }

    @Test
    void listIsLoadedAsItWas() throws IOException {
        Path list = put("list", text("# pictures\n" + picture("a.png") + "\n\n" + put("b.txt", text("b")) + "\n"));

        Run run = load(list.toString());

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.lines()).contains("  total        2", "  stored       1", "left out: 1 .txt (text)");
    }

    @Test
    void nothingLoadedIsAFailure() throws IOException {
        put("a.txt", text("a"));
        Run nothing = load(folder.toString());
        Run empty = load(Files.createDirectory(folder.resolve("empty")).toString());

        for (Run run : List.of(nothing, empty)) {
            assertThat(run.status()).as(run.output()).isEqualTo(1);
            assertThat(run.output()).contains("Nothing was loaded from ");
        }
    }

    @Test
    void failureAmongPicturesIsTheStatusAndItsNameIsShownWithoutOrdersToTheTerminal() throws IOException {
        picture("good.png");
        byte[] broken = TestPictures.png(1);
        put("\u001b]0;title\u0007 \u009b31m \u202egnp.png", Arrays.copyOf(broken, broken.length / 2));

        Run run = load(folder.toString());

        assertThat(run.status()).as(run.output()).isEqualTo(1);
        assertThat(run.output())
                .contains("\\x1b]0;title\\x07 \\xc2\\x9b31m \\xe2\\x80\\xaegnp.png")
                .doesNotContain("\u001b", "\u009b", "\u202e");
        assertThat(run.lines()).contains("  stored       1", "  refused      1");
    }

    @Test
    void everythingIsSentOnDemandAndTheServerSaysWhy() throws IOException {
        picture("good.png");
        put("a.txt", text("hello"));

        Run run = load("--all", folder.toString());

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.lines().get(run.lines().size() - 1)).startsWith("left out: 1 .txt (not a picture we can read");
    }
}

package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.TestPictures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** {@code scripts/bulk-load} as people call it, against a real server. */
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

    @TempDir
    Path state;

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

    private Run load(String... arguments) {
        try {
            ProcessBuilder script = new ProcessBuilder("scripts/bulk-load").redirectErrorStream(true);
            script.command().addAll(List.of(arguments));
            script.environment().keySet().removeIf(name -> name.startsWith("GLIMPSE_"));
            script.environment().put("GLIMPSE_URL", "http://127.0.0.1:" + port);
            script.environment().put("XDG_STATE_HOME", state.toString());
            Process process = script.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
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

    private static byte[] zip() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("a.png"));
            zip.write(TestPictures.png(1));
        }
        return bytes.toByteArray();
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
        put("album.zip", zip());

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
        assertThat(again.output()).contains("5 of them loaded before");
    }

    @Test
    void onePictureIsUploadedWhateverItsName() throws IOException {
        Run run = load(picture("picture.list").toString());

        assertThat(run.status()).as(run.output()).isZero();
        assertThat(run.lines()).contains("  stored       1");
    }

    @Test
    void archiveOrVideoIsTakenForNoList() throws IOException {
        byte[] tar = new byte[1024];
        System.arraycopy(text("a.png"), 0, tar, 0, 5);
        System.arraycopy(text("ustar"), 0, tar, 257, 5);

        Run ofZip = load(put("a.zip", zip()).toString());
        Run ofTar = load(put("a.tar", tar).toString());
        Run ofVideo = load(put("a.mov", MOVIE).toString());

        assertThat(List.of(ofZip.status(), ofTar.status(), ofVideo.status())).containsOnly(2);
        assertThat(ofZip.output()).contains("a.zip is an archive: unpack it");
        assertThat(ofTar.output()).contains("a.tar is an archive: unpack it");
        assertThat(ofVideo.output()).contains("a.mov is neither a folder, nor a picture, nor a list", "a video");
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
        assertThat(run.lines()).contains("  stored       1", "  failed       1");
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

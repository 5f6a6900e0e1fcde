package dev.glimpse.image.foreign;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.DecoderUnavailableException;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a decoder can do to the server that a stranger has taken over: here a decoder that runs the picture as a shell script. Once
 * behind walls, where the system allows them, and once with bounded memory and time alone.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class SandboxTest {
    private static final String TAKEN_OVER = """
            #!/bin/sh
            case $1 in
              --list-decoders) printf 'HEIC decoders:\\n- fake = by a stranger\\nAVIF decoders:\\n'; exit ;;
              --help) exit ;;
            esac
            for OUT; do :; done
            sed -n '/^#SCRIPT/,$p' in.heic >script
            . ./script
            """;

    private static final byte[] GOOD = TestImages.jpeg(40, 30, 7);

    private static final String DRAW = "base64 -d >$OUT <<END\n"
            + Base64.getMimeEncoder().encodeToString(GOOD).replace("\r", "") + "\nEND\n";

    /** A number of seconds that nothing else on this machine sleeps. */
    private static final String LONG =
            String.valueOf(100_000_000 + ProcessHandle.current().pid());

    @TempDir
    Path programs;

    @TempDir
    Path folders;

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(folders)) {
            assertThat(left).isEmpty();
        }
        await().untilAsserted(() -> assertThat(ProcessHandle.allProcesses()
                        .filter(process -> process.info()
                                .arguments()
                                .map(List::of)
                                .orElse(List.of())
                                .contains(LONG)))
                .isEmpty());
    }

    private DecoderPrograms takenOver(boolean walls) {
        try {
            Path decoder = Files.writeString(programs.resolve("heif-convert"), TAKEN_OVER);
            assertThat(decoder.toFile().setExecutable(true)).isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path tools = walls
                ? InstalledDecoders.offer(programs.resolve("tools"), "prlimit", "timeout", "choom", "bwrap")
                : InstalledDecoders.offer(programs.resolve("tools"), "prlimit", "timeout", "choom");
        List<Path> path = List.of(programs, tools);
        assumeTrue(
                Sandbox.find(path, folders)
                        .filter(found -> found.isClosed() == walls)
                        .isPresent(),
                () -> "SKIPPED: " + (walls ? "bwrap" : "prlimit") + " is missing, or may not be used here");
        return DecoderPrograms.find(TestScheduler.SCHEDULER, 1L << 30, 2, path, folders);
    }

    /** Takes one second of a processor at most, or three by the clock. */
    private static TestDecoder decoder(DecoderPrograms programs) {
        return new TestDecoder(new ImageDecoder(
                TestScheduler.SCHEDULER,
                1_000_000,
                ImageDecoder.memoryFor(1_000_000),
                Duration.ofSeconds(1),
                programs));
    }

    /** A HEIC whose header is in order and whose content is this script. */
    private static byte[] picture(String script) {
        byte[] size = ByteBuffer.allocate(12).putInt(0).putInt(40).putInt(30).array();
        byte[] file = box("ftyp", ascii("heic\0\0\0\0heic"));
        byte[] info = box("infe", join(new byte[] {2, 0, 0, 0, 0, 1, 0, 0}, ascii("hvc1\0")));
        byte[] properties =
                join(box("ipco", box("ispe", size)), box("ipma", new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1, 1}));
        byte[] meta = box(
                "meta",
                join(
                        new byte[4],
                        box("pitm", new byte[] {0, 0, 0, 0, 0, 1}),
                        box("iinf", join(new byte[] {0, 0, 0, 0, 0, 1}, info)),
                        box("iprp", properties)));
        return join(file, meta, box("mdat", ascii("\n#SCRIPT\n" + script + "\n")));
    }

    private static byte[] box(String name, byte[] body) {
        return ByteBuffer.allocate(8 + body.length)
                .putInt(8 + body.length)
                .put(ascii(name))
                .put(body)
                .array();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        List.of(parts).forEach(all::writeBytes);
        return all.toByteArray();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static void assertStillDecodes(TestDecoder decoder) {
        // It has three seconds, which may be too few while much else runs.
        await().ignoreException(ImageTooSlowException.class).untilAsserted(() -> {
            DecodedImage image = decoder.decode(picture(DRAW));
            assertThat(image.width()).isEqualTo(40);
            assertThat(image.height()).isEqualTo(30);
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatComputesForEverIsKilled(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("while :; do :; done")))
                .isInstanceOf(ImageTooSlowException.class);

        assertStillDecodes(decoder);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatHangsIsKilledWithWhatItHasStarted(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(
                        () -> decoder.decode(picture("sleep " + LONG + " & setsid sleep " + LONG + " & sleep " + LONG)))
                .isInstanceOf(ImageTooSlowException.class)
                .hasMessageContaining("did not end within 3000 ms");

        assertStillDecodes(decoder);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatADecoderLeavesBehindIsKilled(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        DecodedImage image = decoder.decode(picture("(setsid sleep " + LONG + " >/dev/null 2>&1 &)\n" + DRAW));

        assertThat(image.width()).isEqualTo(40);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatTakesAllMemoryIsRefusedIt(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        // One line without end, which has to be kept whole.
        Throwable thrown = catchThrowable(() -> decoder.decode(picture("yes | tr -d '\\n' | sort >$OUT || exit 9")));

        assertThat(thrown)
                .isInstanceOfAny(
                        DamagedImageException.class, ImageTooSlowException.class, ImageTooLargeException.class);
        assertStillDecodes(decoder);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatWritesWithoutEndIsStopped(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("exec yes 'a line of some length, so that it is quick' >$OUT")))
                .isInstanceOf(ImageTooLargeException.class)
                .hasMessageContaining("wanted to write more than 16,779,016 bytes");

        assertStillDecodes(decoder);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatEndsWithASignalIsNamed(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("kill -s SEGV $$")))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged HEIC: its decoder ended with signal 11; it may take at most 128 MiB of memory");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void resultOfADecoderThatFailsIsNotUsed(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture(DRAW + "echo this is broken >&2; exit 1")))
                .isInstanceOf(DamagedImageException.class)
                .hasMessage("damaged HEIC: its decoder says: this is broken");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void linkInsteadOfAResultIsNotFollowed(boolean walls) throws IOException {
        Path secret = Files.write(programs.resolve("secret.jpg"), GOOD);
        TestDecoder decoder = decoder(takenOver(walls));

        for (String made : List.of("ln -s " + secret + " $OUT", "mkfifo $OUT", "mkdir $OUT", ":")) {
            assertThatThrownBy(() -> decoder.decode(picture(made)))
                    .isInstanceOf(DamagedImageException.class)
                    .hasMessage("damaged HEIC: its decoder made nothing of it");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anythingButAPictureAsResultIsRefused(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("echo GIF89a >$OUT")))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageContaining("neither a JPEG nor a PNG");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void environmentOfTheServerIsNotShown(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("env | cut -d= -f1 | sort | tr '\\n' ,; exit 1")))
                .isInstanceOf(DamagedImageException.class)
                .hasMessageMatching(
                        "damaged HEIC: its decoder says: GLIMPSE_DECODE,LANG,MALLOC_ARENA_MAX,(OLDPWD,)?PATH,PWD,");
    }

    @ParameterizedTest
    @ValueSource(booleans = true)
    void behindWallsThereIsNothingToSee(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));

        assertThatThrownBy(() -> decoder.decode(picture("ls / | grep -v lib | tr '\\n' ,; exit 1")))
                .hasMessageMatching("damaged HEIC: its decoder says: bin,dev,(sbin,)?(tmp,)?usr,work,");
        assertThatThrownBy(() -> decoder.decode(picture("touch /usr/x || touch /x; exit 1")))
                .hasMessageContaining("Read-only file system");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void decoderThatIsGoneIsNoFaultOfThePicture(boolean walls) throws IOException {
        TestDecoder decoder = decoder(takenOver(walls));
        Files.delete(programs.resolve("heif-convert"));

        assertThatThrownBy(() -> decoder.decode(picture(DRAW)))
                .isInstanceOf(DecoderUnavailableException.class)
                .hasMessageContaining("is no longer there");

        takenOver(walls);
        assertStillDecodes(decoder);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void picturesWaitForEachOther(boolean walls) {
        TestDecoder decoder = decoder(takenOver(walls));
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<CompletableFuture<Integer>> widths = IntStream.range(0, 16)
                    .mapToObj(n -> CompletableFuture.supplyAsync(
                            () -> decoder.decode(picture(DRAW)).width(), threads))
                    .toList();

            assertThat(widths).allSatisfy(width -> assertThat(width.join()).isEqualTo(40));
        } finally {
            threads.shutdown();
        }
    }
}

package dev.glimpse.image;

import com.sun.management.ThreadMXBean;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the decoder promises whatever the bytes are, held to it for one file after the other: pixels within the limits, or
 * one of our named refusals, and that in bounded time and memory. For one thread.
 */
final class DecoderPromises {
    /** So that a file of a hundred bytes costs milliseconds. */
    static final long MAX_PIXELS = 100_000;

    private static final Duration TIME = Duration.ofSeconds(2);

    /** Of what cannot be stopped, a pass over all pixels at the most. */
    private static final Duration GRACE = Duration.ofSeconds(1);

    /**
     * What a decode may allocate, garbage included: in any case, for tables, buffers and the first use of a class; for each
     * pixel that is allowed (nearly all of it is the garbage of a lossy WebP, whose reader makes dozens of arrays for each
     * block of 256; others stay below 30); and for each byte of the file (the most is a TIFF's fractions, which become objects).
     */
    private static final long BYTES_ALWAYS = 16L << 20;

    private static final long BYTES_PER_PIXEL = 600;
    private static final long BYTES_PER_BYTE = 64;

    private static final Set<Class<? extends Throwable>> NAMED = Set.of(
            UnsupportedImageException.class,
            DamagedImageException.class,
            ImageTooLargeException.class,
            ImageTooSlowException.class);

    private final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final TestDecoder decoder = new TestDecoder(MAX_PIXELS, TIME);
    private String outcome = "";
    private long longest;
    private long most;

    /** Names the promise that is broken by these bytes; empty if none is. */
    Optional<String> broken(byte[] bytes) {
        return broken(bytes, false).or(() -> broken(bytes, true));
    }

    /** How the last file ended: a format, or a refusal. */
    String outcome() {
        return outcome;
    }

    /** What the dearest file so far has cost. */
    String dearest() {
        return "at most %d ms and %,d KB each".formatted(longest / 1_000_000, most / 1024);
    }

    private Optional<String> broken(byte[] bytes, boolean trueColors) {
        long allocated = thread.getCurrentThreadAllocatedBytes();
        long time = thread.getCurrentThreadCpuTime();
        Optional<String> broken;
        try {
            DecodedImage image = trueColors ? decoder.decodeInTrueColors(bytes) : decoder.decode(bytes);
            outcome = image.format().name();
            broken = brokenBy(image);
        } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
            outcome = e.getClass().getSimpleName();
            broken = NAMED.contains(e.getClass()) ? Optional.empty() : Optional.of("not named: " + e);
        }
        long took = thread.getCurrentThreadCpuTime() - time;
        long taken = thread.getCurrentThreadAllocatedBytes() - allocated;
        longest = Math.max(longest, took);
        most = Math.max(most, taken);
        long granted = BYTES_ALWAYS + BYTES_PER_PIXEL * MAX_PIXELS + BYTES_PER_BYTE * bytes.length;
        if (broken.isEmpty() && took > TIME.plus(GRACE).toNanos()) {
            return Optional.of("took " + took / 1_000_000 + " ms of a processor");
        }
        if (broken.isEmpty() && taken > granted) {
            return Optional.of("allocated %,d bytes, %,d more than granted".formatted(taken, taken - granted));
        }
        return broken;
    }

    private static Optional<String> brokenBy(DecodedImage image) {
        long pixels = (long) image.width() * image.height();
        if (pixels > MAX_PIXELS || image.width() > DecodeLimits.MAX_SIDE || image.height() > DecodeLimits.MAX_SIDE) {
            return Optional.of("%dx%d pixels are more than allowed".formatted(image.width(), image.height()));
        }
        byte[] thumbnail = image.thumbnail(64, ThumbnailFormat.JPEG);
        if (ImageFormat.sniff(thumbnail).orElse(null) != ImageFormat.JPEG || image.cropTo(8).length != 8 * 8 * 3) {
            return Optional.of("no thumbnail, or no middle");
        }
        return Optional.empty();
    }

    /** Small good pictures of every kind, to begin with. */
    static List<byte[]> seeds() {
        Stream<byte[]> written = Stream.of("png", "jpeg", "gif", "bmp", "tiff")
                .map(format -> TestImages.write(TestImages.drawing(23, 17, 5), format));
        return Stream.concat(written, Stream.concat(files("images"), files("parity")))
                .filter(file -> file.length < 16_000)
                .toList();
    }

    /** What has broken a promise once; the code has been mended since. */
    static List<byte[]> kept() {
        return files("images/fuzz").toList();
    }

    private static Stream<byte[]> files(String folder) {
        try (Stream<Path> files = Files.list(Path.of("src/test/resources").resolve(folder))) {
            return files
                    .filter(Files::isRegularFile)
                    .sorted()
                    .map(DecoderPromises::read)
                    .filter(file -> ImageFormat.sniff(file).isPresent())
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.glimpse.tools.selftest;

import dev.glimpse.image.DamagedImageException;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageTooLargeException;
import dev.glimpse.image.ImageTooSlowException;
import dev.glimpse.image.ThumbnailFormat;
import dev.glimpse.testing.TestDecoder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * Decodes large pictures in a small heap: {@code scripts/selftest large}. Prints for each what became of it, the processor's time and the
 * largest memory of the process so far. Ends with 1 if the heap is too small for a picture that was not refused.
 */
final class LargePictures {
    private LargePictures() {}

    /** Arguments: a folder of pictures. */
    public static void main(String[] args) throws IOException {
        List<Path> files;
        try (Stream<Path> listed = Files.list(Path.of(args[0]))) {
            files = listed.sorted().toList();
        }
        long heap = Runtime.getRuntime().maxMemory();
        System.out.printf(
                "heap %d MiB, of which %d for decoding%n",
                heap >> 20, ImageDecoder.memoryFor(ImageDecoder.DEFAULT_MAX_PIXELS) >> 20);
        // The time is not what is measured, and other work may run beside.
        TestDecoder decoder = new TestDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, Duration.ofMinutes(1));
        int failed = 0;
        for (Path file : files) {
            byte[] bytes = Files.readAllBytes(file);
            long begun = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            String outcome;
            try {
                DecodedImage image = decoder.decodeInTrueColors(bytes);
                outcome = "%dx%d, thumbnail of %d bytes"
                        .formatted(image.width(), image.height(), image.thumbnail(256, ThumbnailFormat.JPEG).length);
            } catch (ImageTooLargeException | ImageTooSlowException | DamagedImageException e) {
                outcome = "refused: " + e.getMessage();
            } catch (OutOfMemoryError e) {
                outcome = "OUT OF MEMORY";
                failed++;
            }
            long seconds = (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - begun) / 10_000_000;
            System.out.printf(
                    "%-24s %,12d bytes %6.2f s %6d MiB  %s%n",
                    file.getFileName(), bytes.length, seconds / 100.0, residentMebibytes(), outcome);
        }
        System.exit(failed == 0 ? 0 : 1);
    }

    private static long residentMebibytes() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                    .findFirst()
                    .orElse(0);
        }
    }
}

package dev.glimpse.tools.selftest;

import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Embeds many pictures, and a text with each hundredth, and watches the memory of the whole process: {@code scripts/selftest
 * memory}. Native memory that leaks is seen here and not in the heap. Ends with 1 if the second half of the run has added
 * more than a twentieth.
 */
final class EmbedMemory {
    private static final double ALLOWED = 1.05;

    private EmbedMemory() {}

    /** Arguments: model folder, number of pictures. */
    public static void main(String[] args) throws Exception {
        int count = Integer.parseInt(args[1]);
        DecodedImage picture = new TestDecoder().decode(TestPictures.scene("cat.jpg"));
        Semaphore waiting = new Semaphore(64);
        AtomicReference<Throwable> failed = new AtomicReference<>();
        long half = 0;
        long most = 0;
        try (ClipModel model = ClipModel.load(Path.of(args[0]), TestScheduler.SCHEDULER)) {
            for (int i = 1; i <= count; i++) {
                waiting.acquire();
                Future<?> unused = model.embed(picture, TestScheduler.ticket()).whenComplete((embedding, failure) -> {
                    failed.compareAndSet(null, failure);
                    waiting.release();
                });
                if (i % 100 == 0) {
                    model.embed("picture number " + i, TestScheduler.ticket()).join();
                }
                if (i % (count / 20) == 0) {
                    long rss = residentKilobytes();
                    System.out.printf("%,d pictures: %,d MiB%n", i, rss / 1024);
                    half = i <= count / 2 ? Math.max(half, rss) : half;
                    most = Math.max(most, rss);
                }
            }
            waiting.acquire(64);
        }
        if (failed.get() != null) {
            throw new IllegalStateException("an embedding failed", failed.get());
        }
        System.out.printf("most in the first half %,d MiB, in all %,d MiB%n", half / 1024, most / 1024);
        if (most > half * ALLOWED) {
            System.exit(1);
        }
    }

    private static long residentKilobytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}

package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestImages;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How long a picture may take, and how long it waits for others. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class DecodeDeadlineTest {
    private static final long MEMORY = 64 << 20;

    /** A small picture takes most of it. */
    private static final long MEMORY_FOR_ONE = DecodeMemory.ALWAYS + (1 << 20);

    private static final Duration LONG = Duration.ofDays(1);

    private final TestDecoder decoder = new TestDecoder();

    // Time

    static Stream<byte[]> everyReader() {
        Stream<byte[]> written = Stream.of("png", "jpeg", "gif", "bmp", "tiff")
                .map(format -> TestImages.write(TestImages.drawing(600, 500, 7), format));
        Stream<byte[]> read = Stream.of(
                        "parity/lossy.webp",
                        "parity/animated.webp",
                        "parity/cmyk.jpg",
                        "images/progressive.jpg",
                        "images/jpeg-inside.tiff",
                        "images/cmyk.tiff")
                .map(DecodeDeadlineTest::resource);
        return Stream.concat(Stream.concat(written, read), Stream.of(TestWebp.noise(400, 300)));
    }

    private static byte[] resource(String path) {
        try {
            return Files.readAllBytes(Path.of("src/test/resources", path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("everyReader")
    void everyReaderStopsWhereverItIsWhenTheTimeIsOver(byte[] picture) {
        Clock clock = new Clock();
        DecodedImage whole = new TestDecoder(
                        new ImageDecoder(TestScheduler.SCHEDULER, 1_000_000, MEMORY, LONG, clock::look, LONG))
                .decode(picture);
        long looks = clock.now.get();
        int pixels = whole.width() * whole.height();
        assertThat(looks).as("looks at the clock").isGreaterThan(2);

        for (long granted : new long[] {1, looks / 2, looks - 2}) {
            Clock hurried = new Clock();
            TestDecoder strict = new TestDecoder(new ImageDecoder(
                    TestScheduler.SCHEDULER, pixels, MEMORY, Duration.ofNanos(granted), hurried::look, LONG));

            assertThatThrownBy(() -> strict.decode(picture))
                    .as("%d of %d looks", granted, looks)
                    .isInstanceOf(ImageTooSlowException.class);

            hurried.stands = true;
            assertThat(strict.decode(picture).width()).isEqualTo(whole.width());
        }
    }

    @Test
    void refusalSaysTheLimit() {
        TestDecoder strict = new TestDecoder(ImageDecoder.DEFAULT_MAX_PIXELS, Duration.ofMillis(1));
        byte[] large = TestImages.jpeg(2000, 1900, 1);

        assertThatThrownBy(() -> strict.decode(large))
                .isInstanceOf(ImageTooSlowException.class)
                .hasMessage("the picture takes more than 1 ms of a processor's time to decode");
        assertThatThrownBy(() -> strict.decodeInTrueColors(large)).isInstanceOf(ImageTooSlowException.class);
    }

    @Test
    void timeMustBePositive() {
        assertThatThrownBy(() -> new ImageDecoder(TestScheduler.SCHEDULER, 1, MEMORY, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class);
    }

    /** Without a processor: goes on by one with each look, unless it stands. */
    private static final class Clock {
        private final AtomicLong now = new AtomicLong();
        private boolean stands;

        long look() {
            return stands ? now.get() : now.getAndIncrement();
        }
    }

    // Turns

    @ParameterizedTest
    @MethodSource("everyReader")
    void everyReaderPausesWhileOthersComeFirst(byte[] picture) throws Exception {
        Clock clock = new Clock();
        DecodedImage whole = new TestDecoder(
                        new ImageDecoder(TestScheduler.SCHEDULER, 1_000_000, MEMORY, LONG, clock::look, LONG))
                .decode(picture);
        long pause = clock.now.get() - 2;
        AtomicLong time = new AtomicLong();
        FairScheduler one = TestScheduler.withClock(1, time::get);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Runnable other = () -> {
            one.ticket(new Flow("other", "1", Purpose.UPLOAD)).run(slice -> {
                begun.countDown();
                awaitUninterruptibly(end);
                return "done";
            });
            time.addAndGet(LONG.toNanos());
        };
        Clock paused = new Clock();
        ImageDecoder decoder = new ImageDecoder(
                one,
                1_000_000,
                MEMORY,
                LONG,
                () -> {
                    if (paused.now.get() == pause) {
                        time.addAndGet(LONG.toNanos());
                        new Thread(other).start();
                        awaitUninterruptibly(begun);
                    }
                    return paused.look();
                },
                LONG);
        FutureTask<DecodedImage> decoded = new FutureTask<>(
                () -> decoder.decode(picture, one.ticket(new Flow("picture", "1", Purpose.UPLOAD)), image -> image));
        Thread decoding = new Thread(decoded);
        decoding.start();

        begun.await();
        await().until(() -> decoding.getState() == Thread.State.TIMED_WAITING);
        assertThat(paused.now.get()).isEqualTo(pause + 1);

        end.countDown();
        assertThat(decoded.get().width()).isEqualTo(whole.width());
    }

    @Test
    void pictureDoesNotWaitForEverForThoseBeforeIt() throws Exception {
        byte[] picture = TestImages.png(60, 50, 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicLong looks = new AtomicLong();
        TestDecoder one = new TestDecoder(new ImageDecoder(
                TestScheduler.SCHEDULER,
                60 * 50,
                MEMORY_FOR_ONE,
                LONG,
                () -> {
                    // The second look is within the memory of the first picture.
                    if (looks.incrementAndGet() == 2) {
                        begun.countDown();
                        awaitUninterruptibly(goOn);
                    }
                    return 0;
                },
                Duration.ofMillis(1)));
        CompletableFuture<DecodedImage> first = CompletableFuture.supplyAsync(() -> one.decode(picture));
        begun.await();

        assertThatThrownBy(() -> one.decode(picture))
                .isInstanceOf(DecoderBusyException.class)
                .hasMessageContaining("1 ms");

        goOn.countDown();
        assertThat(first.join().width()).isEqualTo(60);
        assertThat(one.decode(picture).width()).isEqualTo(60);
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void interruptedThreadDoesNotDecodeAndStaysInterrupted() {
        byte[] picture = TestImages.png(6, 5, 1);
        Thread.currentThread().interrupt();

        assertThatThrownBy(() -> decoder.decode(picture)).isInstanceOf(DecoderBusyException.class);

        assertThat(Thread.interrupted()).isTrue();
        assertThat(decoder.decode(picture).width()).isEqualTo(6);
    }
}

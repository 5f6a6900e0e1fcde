package dev.glimpse.testing;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ThumbnailFormat;
import java.time.Duration;

/** A decoder for tests and benchmarks that are not about fairness. */
public final class TestDecoder {
    private final ImageDecoder decoder;

    public TestDecoder() {
        this(ImageDecoder.DEFAULT_MAX_PIXELS);
    }

    public TestDecoder(long maxPixels) {
        this(new ImageDecoder(TestScheduler.SCHEDULER, maxPixels));
    }

    public TestDecoder(long maxPixels, Duration time) {
        this(new ImageDecoder(TestScheduler.SCHEDULER, maxPixels, ImageDecoder.memoryFor(maxPixels), time));
    }

    /** A decoder for small heaps: {@code memory} is what pictures may take, in bytes. */
    public static TestDecoder ofMemory(long memory) {
        return new TestDecoder(new ImageDecoder(
                TestScheduler.SCHEDULER, ImageDecoder.DEFAULT_MAX_PIXELS, memory, ImageDecoder.DEFAULT_TIME));
    }

    public TestDecoder(ImageDecoder decoder) {
        this.decoder = decoder;
    }

    public DecodedImage decode(byte[] bytes) {
        return decoder.decode(bytes, TestScheduler.ticket(), image -> image);
    }

    public byte[] thumbnail(byte[] bytes, int side, ThumbnailFormat format) {
        return decoder.thumbnail(bytes, side, format, TestScheduler.ticket());
    }

    public DecodedImage decodeInTrueColors(byte[] bytes) {
        return decoder.decodeInTrueColors(bytes, TestScheduler.ticket(), image -> image);
    }
}

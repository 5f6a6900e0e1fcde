package dev.glimpse.image;

import dev.glimpse.fairness.TestScheduler;
import java.time.Duration;

/** A decoder for tests and benchmarks that are not about fairness. */
public final class TestDecoder {
    private final ImageDecoder decoder;

    public TestDecoder() {
        this(ImageDecoder.DEFAULT_MAX_PIXELS);
    }

    TestDecoder(long maxPixels) {
        this(new ImageDecoder(TestScheduler.SCHEDULER, maxPixels));
    }

    TestDecoder(long maxPixels, Duration time) {
        this(new ImageDecoder(TestScheduler.SCHEDULER, maxPixels, time));
    }

    TestDecoder(ImageDecoder decoder) {
        this.decoder = decoder;
    }

    public DecodedImage decode(byte[] bytes) {
        return decoder.decode(bytes, TestScheduler.ticket());
    }

    DecodedImage decodeInTrueColors(byte[] bytes) {
        return decoder.decodeInTrueColors(bytes, TestScheduler.ticket());
    }
}

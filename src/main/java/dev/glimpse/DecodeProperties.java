package dev.glimpse;

import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ForeignDecoder;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.foreign.DecoderPrograms;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What one picture may cost.
 *
 * @param maxPixels of a picture, and of all that are decoded at one time; 1 to 500,000,000
 * @param time of a processor that a picture may take to be decoded; more than 0, at most a minute
 * @param memory of all programs together that decode HEIC, AVIF and JPEG XL; 0 if none is to be used
 */
@ConfigurationProperties("glimpse.decode")
public record DecodeProperties(
        @DefaultValue("50000000") long maxPixels,
        @DefaultValue("10s") Duration time,
        @DefaultValue("1GB") DataSize memory) {
    /** With less, programs end before they have looked at a picture of some megapixels. */
    private static final DataSize LEAST_MEMORY = DataSize.ofMegabytes(256);

    public DecodeProperties {
        if (maxPixels < 1 || maxPixels > ImageDecoder.MOST_PIXELS) {
            throw new IllegalArgumentException(
                    "glimpse.decode.max-pixels must be 1 to " + ImageDecoder.MOST_PIXELS + ": " + maxPixels);
        }
        if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("glimpse.decode.time must be more than 0 and at most 1m: " + time);
        }
        if (memory.toBytes() != 0 && memory.compareTo(LEAST_MEMORY) < 0) {
            throw new IllegalArgumentException("glimpse.decode.memory must be 0B, or at least 256MB: " + memory);
        }
    }

    /** The bytes of heap that all pictures take that are decoded at one time. */
    long heap() {
        return ImageDecoder.memoryFor(maxPixels);
    }

    /**
     * Makes the decoder of a process.
     *
     * @param scheduler of all tickets that are used with it
     */
    public ImageDecoder decoder(FairScheduler scheduler) {
        ForeignDecoder foreign =
                memory.toBytes() == 0 ? ForeignDecoder.NONE : DecoderPrograms.find(scheduler, memory.toBytes());
        return new ImageDecoder(scheduler, maxPixels, heap(), time, foreign);
    }
}

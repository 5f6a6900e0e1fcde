package dev.glimpse;

import dev.glimpse.image.ImageDecoder;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What one picture may cost.
 *
 * @param maxPixels of a picture, and of all that are decoded at one time; 1 to 500,000,000
 * @param time of a processor that a picture may take to be decoded; more than 0, at most a minute
 */
@ConfigurationProperties("glimpse.decode")
record DecodeProperties(
        @DefaultValue("50000000") long maxPixels,
        @DefaultValue("10s") Duration time) {
    DecodeProperties {
        if (maxPixels < 1 || maxPixels > ImageDecoder.MOST_PIXELS) {
            throw new IllegalArgumentException(
                    "glimpse.decode.max-pixels must be 1 to " + ImageDecoder.MOST_PIXELS + ": " + maxPixels);
        }
        if (time.isNegative() || time.isZero() || time.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new IllegalArgumentException("glimpse.decode.time must be more than 0 and at most 1m: " + time);
        }
    }
}

package dev.glimpse.sources;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** @param picturesPerSecond the most pictures of sources that are read in a second; 0 for as many as searches and uploads leave time for */
@ConfigurationProperties("glimpse.sources")
record SourceProperties(@DefaultValue("0") double picturesPerSecond) {
    SourceProperties {
        if (!(picturesPerSecond >= 0 && Double.isFinite(picturesPerSecond))) {
            throw new IllegalArgumentException(
                    "glimpse.sources.pictures-per-second must be 0 or more: " + picturesPerSecond);
        }
    }
}

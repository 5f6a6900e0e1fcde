package dev.glimpse.migration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/** @param picturesPerSecond the most pictures that are embedded in a second to fill a column; 0 for as many as searches and uploads leave time for */
@ConfigurationProperties("glimpse.migration")
record MigrationProperties(@DefaultValue("0") double picturesPerSecond) {
    MigrationProperties {
        if (!(picturesPerSecond >= 0 && Double.isFinite(picturesPerSecond))) {
            throw new IllegalArgumentException(
                    "glimpse.migration.pictures-per-second must be 0 or more: " + picturesPerSecond);
        }
    }
}

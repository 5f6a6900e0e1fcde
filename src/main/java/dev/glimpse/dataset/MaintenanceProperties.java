package dev.glimpse.dataset;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the table looks after itself.
 *
 * @param retention how long a version can be searched after the next one came, 0 to 7 days; at most 1,000 versions are kept
 * @param indexRows number of rows from which on searches are approximate and the table gets an index, at least 256
 * @param recall that approximate searches must reach, measured over the ten nearest, 0.5 to 1
 */
@ConfigurationProperties("glimpse.maintenance")
public record MaintenanceProperties(
        @DefaultValue("30m") Duration retention,
        @DefaultValue("10000") int indexRows,
        @DefaultValue("0.95") double recall) {
    public MaintenanceProperties {
        if (retention.isNegative() || retention.compareTo(Duration.ofDays(7)) > 0) {
            throw new IllegalArgumentException("glimpse.maintenance.retention must be 0 to 7 days: " + retention);
        }
        if (indexRows < 256) {
            throw new IllegalArgumentException("glimpse.maintenance.index-rows must be at least 256: " + indexRows);
        }
        if (!(recall >= 0.5 && recall <= 1)) {
            throw new IllegalArgumentException("glimpse.maintenance.recall must be 0.5 to 1: " + recall);
        }
    }
}

package dev.glimpse.dataset;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * The local copy of a bucket's table. A table in a folder needs none.
 *
 * @param disk the largest table that is copied; of a larger one, and with 0 of any, the bucket itself is read
 * @param poll how often the bucket is asked what other servers have committed, 100 ms to 30 s
 */
@ConfigurationProperties("glimpse.replica")
public record ReplicaProperties(
        @DefaultValue("20GB") DataSize disk,
        @DefaultValue("5s") Duration poll) {
    public ReplicaProperties {
        if (disk.isNegative()) {
            throw new IllegalArgumentException("glimpse.replica.disk must not be negative: " + disk);
        }
        if (poll.compareTo(Duration.ofMillis(100)) < 0 || poll.compareTo(Duration.ofSeconds(30)) > 0) {
            throw new IllegalArgumentException("glimpse.replica.poll must be 100 ms to 30 s: " + poll);
        }
    }
}

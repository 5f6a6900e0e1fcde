package dev.glimpse.dataset;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * When rows that wait are committed together: whatever comes first.
 *
 * @param rows as many wait, 1 to 4,096; also the most that one commit holds
 * @param age the first of them has waited so long, 0 to 30 s; with 0 a commit begins as soon as the one before it is done
 */
@ConfigurationProperties("glimpse.commit")
public record CommitProperties(
        @DefaultValue("256") int rows, @DefaultValue("2s") Duration age) {
    public CommitProperties {
        if (rows < 1 || rows > 4096) {
            throw new IllegalArgumentException("glimpse.commit.rows must be 1 to 4096: " + rows);
        }
        if (age.isNegative() || age.compareTo(Duration.ofSeconds(30)) > 0) {
            throw new IllegalArgumentException("glimpse.commit.age must be 0 to 30 s: " + age);
        }
    }
}

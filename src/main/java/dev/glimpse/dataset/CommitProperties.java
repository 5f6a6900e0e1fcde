package dev.glimpse.dataset;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the group commit. A commit begins when enough rows wait for it, or when the first of them has waited long enough, whichever
 * comes first.
 *
 * @param rows the number of waiting rows at which a commit begins, 1 to 4,096; also the most rows of one commit
 * @param age the time after which a row is committed though few wait, 0 to 30 s; with 0, a commit begins as soon as the one before it is done
 */
@ConfigurationProperties("glimpse.commit")
public record CommitProperties(
        @DefaultValue("256") int rows, @DefaultValue("3s") Duration age) {
    public CommitProperties {
        if (rows < 1 || rows > 4096) {
            throw new IllegalArgumentException("glimpse.commit.rows must be 1 to 4096: " + rows);
        }
        if (age.isNegative() || age.compareTo(Duration.ofSeconds(30)) > 0) {
            throw new IllegalArgumentException("glimpse.commit.age must be 0 to 30 s: " + age);
        }
    }
}

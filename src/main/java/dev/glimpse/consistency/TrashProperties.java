package dev.glimpse.consistency;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What becomes of deleted pictures.
 *
 * @param retention how long a deleted picture is kept at least, by the store's clock, 0 or more; it is removed within an hour after that
 */
@ConfigurationProperties("glimpse.trash")
record TrashProperties(@DefaultValue("7d") Duration retention) {
    TrashProperties {
        if (retention.isNegative()) {
            throw new IllegalArgumentException("glimpse.trash.retention must not be negative: " + retention);
        }
    }
}

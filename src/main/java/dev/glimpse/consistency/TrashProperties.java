package dev.glimpse.consistency;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * What becomes of deleted pictures.
 *
 * @param retention a deleted picture is kept for so long, by the store's clock, and up to an hour longer; 0 or more
 */
@ConfigurationProperties("glimpse.trash")
record TrashProperties(@DefaultValue("7d") Duration retention) {
    TrashProperties {
        if (retention.isNegative()) {
            throw new IllegalArgumentException("glimpse.trash.retention must not be negative: " + retention);
        }
    }
}

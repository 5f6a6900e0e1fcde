package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.dataset.ImageDataset.Freshness;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.stereotype.Component;

/** Whether the bucket answers. Without it searches go on and uploads do not, so the server is neither up nor down. */
@Component
class BucketHealth implements HealthIndicator {
    private static final Status DEGRADED = new Status("DEGRADED", "the bucket does not answer");

    private final ImageDataset dataset;

    BucketHealth(ImageDataset dataset) {
        this.dataset = dataset;
    }

    @Override
    public Health health() {
        Freshness freshness = dataset.freshness();
        return Health.status(freshness.stale() ? DEGRADED : Status.UP)
                .withDetail("asOf", freshness.asOf())
                .build();
    }
}

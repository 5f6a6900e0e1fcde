package dev.glimpse.stats;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.stats.Reasons.Reason;
import java.util.List;
import java.util.stream.Collectors;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.stereotype.Component;

/**
 * Whether searches know what others do and uploads are taken. Searches go on without either, so the server is degraded and not
 * down. The description of the status is for everyone; details are shown to administrators alone.
 */
@Component("bucketHealthIndicator") // in the answer it is called bucket
class BucketHealth implements HealthIndicator {
    private final ImageDataset dataset;
    private final Reasons reasons;

    BucketHealth(ImageDataset dataset, Reasons reasons) {
        this.dataset = dataset;
        this.reasons = reasons;
    }

    @Override
    public Health health() {
        List<Reason> found = reasons.all();
        Status status = found.isEmpty()
                ? Status.UP
                : new Status("DEGRADED", found.stream().map(Reason::publicly).collect(Collectors.joining("; ")));
        Health.Builder health =
                Health.status(status).withDetail("asOf", dataset.freshness().asOf());
        if (!found.isEmpty()) {
            health.withDetail("reasons", found.stream().map(Reason::inFull).toList());
        }
        return health.build();
    }
}

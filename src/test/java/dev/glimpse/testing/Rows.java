package dev.glimpse.testing;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.MaintenanceProperties;
import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.dataset.PictureRow;
import dev.glimpse.dataset.ReplicaProperties;
import dev.glimpse.dataset.TableSettings;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import org.springframework.util.unit.DataSize;

/** Rows for tests: number n is always the same. */
public final class Rows {
    public static final ModelStamp MODEL = new ModelStamp("test", "f".repeat(64), 512);

    /** Each commit begins as soon as the one before is done. */
    public static final TableSettings AT_ONCE = settings(Duration.ofSeconds(30), 10_000);

    /** Rows wait until they are flushed. */
    public static final TableSettings PATIENT = new TableSettings(
            new CommitProperties(1000, Duration.ofSeconds(30)),
            new ReplicaProperties(DataSize.ofGigabytes(1), Duration.ofSeconds(30)),
            new MaintenanceProperties(Duration.ofDays(7), 10_000, 0.95));

    /** Looks at once whether the table is still the same, and waits a moment for one that is gone. */
    public static final TableTimings ALERT = alert(Duration.ofMillis(500));

    private Rows() {}

    /** Looks at once whether the table is still the same, and waits so long for one that is gone. */
    public static TableTimings alert(Duration gone) {
        return new TableTimings(
                Duration.ofMinutes(2),
                Duration.ofMinutes(1),
                Duration.ofMinutes(10),
                Duration.ZERO,
                gone,
                Duration.ofMinutes(1),
                Duration.ofMinutes(2),
                Duration.ofSeconds(2),
                Duration.ofMinutes(10),
                Duration.ofMinutes(10));
    }

    /** Commits at once; asks this often what others have done; has an index from so many rows on. */
    public static TableSettings settings(Duration poll, int indexRows) {
        return new TableSettings(
                new CommitProperties(256, Duration.ZERO),
                new ReplicaProperties(DataSize.ofGigabytes(1), poll),
                new MaintenanceProperties(Duration.ofMinutes(30), indexRows, 0.95));
    }

    public static ImageId id(int n) {
        return ImageId.of(Integer.toString(n).getBytes(StandardCharsets.UTF_8), ImageFormat.PNG);
    }

    public static Embedding vector(int n) {
        Random random = new Random(n);
        float[] values = new float[MODEL.dimension()];
        double squares = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
            squares += values[i] * values[i];
        }
        for (int i = 0; i < values.length; i++) {
            values[i] /= (float) Math.sqrt(squares);
        }
        return new Embedding(values);
    }

    public static PictureRow row(int n) {
        return row(n, vector(n));
    }

    public static PictureRow row(int n, Embedding vector) {
        return new PictureRow(
                id(n),
                "s3://somewhere/" + id(n),
                vector,
                1000 + n,
                640,
                480,
                Instant.parse("2026-01-01T00:00:00Z").plusSeconds(n),
                n % 2 == 0 ? "picture " + n + ".png" : null,
                null,
                List.of("n" + n % 1000, "test"));
    }
}

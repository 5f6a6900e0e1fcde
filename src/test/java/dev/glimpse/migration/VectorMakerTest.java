package dev.glimpse.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.ImageFormat;
import dev.glimpse.image.ImageId;
import dev.glimpse.vectors.Embedding;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class VectorMakerTest {
    // No picture is begun, so nothing derives a row and no model is asked.
    @SuppressWarnings("NullAway")
    @Test
    void aFillThatMayNotGoOnSaysSoRatherThanThatNoPictureCanBeDecoded() throws InterruptedException {
        Map<ImageId, Embedding> made = new HashMap<>();
        List<ImageId> pictures = List.of(ImageId.of(new byte[] {1}, ImageFormat.PNG));

        try (VectorMaker maker = new VectorMaker(null, TestScheduler.SCHEDULER, 0)) {
            assertThat(maker.make(pictures, null, made, () -> false)).isFalse();
            assertThat(maker.make(List.of(), null, made, () -> true)).isTrue();
        }
        assertThat(made).isEmpty();
    }

    @SuppressWarnings("NullAway")
    @Test
    void pictureThatGetsNoVectorIsTriedAgainAfterAnHour() {
        ImageId id = ImageId.of(new byte[] {1}, ImageFormat.PNG);
        AtomicLong now = new AtomicLong(-5);

        try (VectorMaker maker = new VectorMaker(null, TestScheduler.SCHEDULER, 0, now::get)) {
            assertThat(maker.wants(id)).isTrue();
            maker.skip(id, "it is no picture");
            now.addAndGet(Duration.ofHours(1).toNanos());
            assertThat(maker.wants(id)).isFalse();
            assertThat(maker.skipped()).containsEntry(id, "it is no picture");
            now.incrementAndGet();
            assertThat(maker.wants(id)).isTrue();
            assertThat(maker.skipped()).isEmpty();
        }
    }
}

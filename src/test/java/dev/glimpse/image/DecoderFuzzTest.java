package dev.glimpse.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A few thousand hostile pictures, always the same; {@code scripts/selftest fuzz} tries others for as long as it is told. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DecoderFuzzTest {
    private static final long SEED = 2026;
    private static final int PICTURES = 2_000;

    private final DecoderPromises promises = new DecoderPromises();

    @Test
    void whateverTheBytesAreThePromisesAreKept() {
        System.out.println("seed " + SEED);
        PictureMutator mutator = new PictureMutator(DecoderPromises.seeds(), new Random(SEED));
        for (int i = 0; i < PICTURES; i++) {
            byte[] bytes = mutator.next();

            assertThat(promises.broken(bytes))
                    .as("picture %d of seed %d: %s", i, SEED, HexFormat.of().formatHex(bytes))
                    .isEmpty();
        }
    }

    @Test
    void whatBrokeAPromiseOnceDoesNotAgain() {
        List<byte[]> kept = DecoderPromises.kept();

        assertThat(kept).allSatisfy(bytes -> assertThat(promises.broken(bytes)).isEmpty());
    }

    @Test
    void everySeedIsAGoodPictureOrMadeSmallerByTheLimitOnly() {
        for (byte[] seed : DecoderPromises.seeds()) {
            assertThat(promises.broken(seed)).isEmpty();
            assertThat(promises.outcome()).isNotEqualTo("DamagedImageException");
        }
    }
}

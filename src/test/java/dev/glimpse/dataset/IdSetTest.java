package dev.glimpse.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IdSetTest {
    @Test
    void agreesWithASetOfStringsOverManyAdds() {
        Random random = new Random(1);
        IdSet ids = new IdSet();
        Set<String> expected = new HashSet<>();

        for (int i = 0; i < 20_000; i++) {
            String sha256 = Rows.id(random.nextInt(10_000)).sha256();
            assertThat(ids.contains(sha256)).isEqualTo(expected.contains(sha256));
            assertThat(ids.add(sha256)).isEqualTo(expected.add(sha256));
        }

        assertThat(ids.size()).isEqualTo(expected.size());
        assertThat(expected).allMatch(ids::contains);
    }

    @Test
    void agreesWithASetOfStringsOverAddsAndRemovesOfColliding() {
        Random random = new Random(2);
        IdSet ids = new IdSet();
        Set<String> expected = new HashSet<>();

        for (int i = 0; i < 50_000; i++) {
            // These low bits choose the slot, so all of them compete for a few.
            String sha256 =
                    "0".repeat(15) + random.nextInt(3) + "%016x".formatted(1 + random.nextInt(60)) + "0".repeat(32);
            if (random.nextBoolean()) {
                assertThat(ids.add(sha256)).isEqualTo(expected.add(sha256));
            } else {
                ids.remove(sha256);
                expected.remove(sha256);
            }
            assertThat(ids.size()).isEqualTo(expected.size());
        }

        assertThat(expected).allMatch(ids::contains);
    }
}

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
}

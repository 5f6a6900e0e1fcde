package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.upkeep.MaintenancePlanner;
import org.junit.jupiter.api.Test;

class LanceThreadsTest {
    @Test
    void smallMachineHasOneThreadUnlessMoreAreAskedFor() {
        assertThat(LanceThreads.threads(null, 2)).isEqualTo(1);
        assertThat(LanceThreads.threads(null, 16)).isEqualTo(14);
        assertThat(LanceThreads.threads("4", 2)).isEqualTo(4);
    }

    @Test
    void indexIsSearchedIfThereAreMoreThreadsThanItHasParts() {
        int most = MaintenancePlanner.MANY_PARTS + 1;

        assertThat(new LanceThreads(LanceThreads.NEEDED).areEnoughFor(most)).isTrue();
        assertThat(new LanceThreads(LanceThreads.NEEDED).areEnoughFor(most + 1)).isFalse();
        assertThat(new LanceThreads(1).areEnoughFor(1)).isFalse();
    }
}

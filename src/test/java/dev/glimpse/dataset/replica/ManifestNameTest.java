package dev.glimpse.dataset.replica;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestNameTest {
    @Test
    void nameOfAVersionIsTheOneThatLanceGivesIt() {
        assertThat(ManifestName.of(1)).isEqualTo("18446744073709551614.manifest");
        assertThat(ManifestName.of(15)).isEqualTo("18446744073709551600.manifest");
    }

    @Test
    void versionIsReadFromBothSchemes() {
        assertThat(ManifestName.version("18446744073709551614.manifest")).contains(1L);
        assertThat(ManifestName.version("17.manifest")).contains(17L);
        assertThat(ManifestName.version("latest_version_hint.json")).isEmpty();
    }

    /** Where the first version of this service ran into its wall: beyond 64 versions its client took an old one. */
    @Test
    void newestIsTheNewestBeyondAnyNumberOfVersions() {
        for (int versions : new int[] {1, 9, 10, 64, 65, 128, 1001}) {
            List<String> v2 = java.util.stream.LongStream.rangeClosed(1, versions)
                    .mapToObj(ManifestName::of)
                    .toList();
            List<String> v1 = java.util.stream.LongStream.rangeClosed(1, versions)
                    .mapToObj(v -> v + ".manifest")
                    .toList();

            assertThat(ManifestName.newest(v2)).contains(ManifestName.of(versions));
            assertThat(ManifestName.newest(v1)).contains(versions + ".manifest");
        }
    }
}

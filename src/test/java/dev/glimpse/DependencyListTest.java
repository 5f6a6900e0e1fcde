package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.tools.DependencyList;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The SBOM is written before anything is compiled, so it is there for every test. */
class DependencyListTest {
    @BeforeEach
    void buildWasOnline() {
        DependencyList.assumeSbom();
    }

    @Test
    void everyLibraryHasALicenceThatWeMayPassOn() throws IOException {
        List<DependencyList.Library> libraries = DependencyList.libraries();

        assertThat(libraries)
                .hasSizeGreaterThan(100)
                .allSatisfy(library -> assertThat(library.licences())
                        .as(library.toString())
                        .isNotEmpty()
                        .isSubsetOf(DependencyList.ALLOWED));
    }

    @Test
    void pageListsWhatTheJarCarries() throws IOException {
        String page = Files.readString(DependencyList.PAGE);

        assertThat(page)
                .as("run scripts/list-dependencies")
                .isEqualTo(DependencyList.page(page, DependencyList.libraries()));
    }
}

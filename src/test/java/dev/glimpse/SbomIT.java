package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.tools.DependencyList;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Whoever has the jar can see what is in it. */
class SbomIT {
    private static final String LIBRARIES = "BOOT-INF/lib/";

    @BeforeEach
    void buildWasOnline() {
        DependencyList.assumeSbom();
    }

    @Test
    void jarCarriesTheListOfAllItsLibraries() throws IOException {
        Set<String> listed = new HashSet<>();
        for (DependencyList.Library library : DependencyList.libraries()) {
            listed.add(library.name() + "-" + library.version());
        }
        try (ZipFile jar = new ZipFile(Path.of("target/glimpse.jar").toFile())) {
            List<String> carried = jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.startsWith(LIBRARIES) && name.endsWith(".jar"))
                    .map(name -> name.substring(LIBRARIES.length(), name.length() - ".jar".length()))
                    .toList();

            // The classifier of libtorch is the platform; Boot puts its tools for unpacking the jar in at the end.
            assertThat(carried)
                    .hasSizeGreaterThan(100)
                    .allMatch(name -> listed.stream().anyMatch(name::startsWith)
                            || name.startsWith("spring-boot-jarmode-tools-"));
            ZipEntry sbom = jar.getEntry("META-INF/sbom/application.cdx.json");
            assertThat(new String(jar.getInputStream(sbom).readAllBytes(), StandardCharsets.UTF_8))
                    .contains("CycloneDX", "pytorch-native-cpu", "lance-core");
        }
    }
}

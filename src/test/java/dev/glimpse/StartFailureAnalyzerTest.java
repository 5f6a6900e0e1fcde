package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.web.server.PortInUseException;

class StartFailureAnalyzerTest {
    private static FailureAnalysis analyze(Throwable cause) {
        FailureAnalysis analysis =
                new StartFailureAnalyzer().analyze(new IllegalStateException("cannot create a bean", cause));
        assertThat(analysis.getDescription()).isNotBlank();
        assertThat(analysis.getAction()).isNotBlank();
        return analysis;
    }

    @Test
    void noexecIsSaidOfTheFileSystem() {
        FailureAnalysis analysis = analyze(new RuntimeException(
                new UnsatisfiedLinkError("/data/tmp/liblance.so: failed to map segment from shared object")));

        assertThat(analysis.getDescription()).contains("noexec", "/data/tmp/liblance.so");
        assertThat(analysis.getAction()).contains("without noexec", "GLIMPSE_DATA");
    }

    @Test
    void libraryOfAnotherMachineNamesThisOne() {
        FailureAnalysis analysis =
                analyze(new UnsatisfiedLinkError("/tmp/libtorch.so: wrong ELF class or architecture"));

        assertThat(analysis.getDescription()).contains(System.getProperty("os.arch"));
        assertThat(analysis.getAction()).contains("x86-64", "arm64", "macOS");
    }

    @Test
    void fullDiskIsSaidWhateverWrapsIt() {
        FailureAnalysis analysis =
                analyze(new UncheckedIOException("cannot unpack", new IOException("No space left on device")));

        assertThat(analysis.getDescription()).contains("full disk");
        assertThat(analysis.getAction()).contains("Free some space");
    }

    @Test
    void fullDiskIsReadFromTextsOfNativeLibrariesAsWell() {
        assertThat(analyze(new RuntimeException("LanceError(IO): No space left on device (os error 28)"))
                        .getDescription())
                .contains("full disk");
    }

    @Test
    void missingRightsNameTheFile() {
        FailureAnalysis analysis = analyze(new AccessDeniedException("/models/mini-clip/image.pt"));

        assertThat(analysis.getDescription()).contains("/models/mini-clip/image.pt");
        assertThat(analysis.getAction()).contains("chown");
    }

    @Test
    void lackOfMemoryIsSaid() {
        assertThat(analyze(new OutOfMemoryError("Java heap space")).getAction()).contains("JAVA_OPTS=-Xmx");
    }

    @Test
    void variablesThatCannotBeRemovedAreNamed() {
        FailureAnalysis analysis = analyze(new NativeEnvironmentException(List.of("AWS_SESSION_TOKEN", "TOKEN"), null));

        assertThat(analysis.getDescription()).contains("AWS_SESSION_TOKEN, TOKEN");
    }

    @Test
    void whatNobodyKnowsIsSaidByItsInnermostCause() {
        FailureAnalysis analysis = analyze(new IllegalArgumentException("outer", new RuntimeException("the reason")));

        assertThat(analysis.getDescription()).contains("the reason");
        assertThat(analysis.getAction()).contains("--debug");
    }

    @Test
    void takenPortComesWithAnotherOne() {
        FailureAnalysis analysis = Optional.ofNullable(
                        new StartFailureAnalyzer.Port().analyze(new RuntimeException(new PortInUseException(8080))))
                .orElseThrow();

        assertThat(analysis.getDescription()).isEqualTo("Port 8080 is taken by another program.");
        assertThat(analysis.getAction()).contains("PORT=8081");
    }
}

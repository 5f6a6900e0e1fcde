package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EightBitEngineTest {
    @TempDir
    Path work;

    @Test
    void aProcessorThatMultipliesMatricesOfBytesIsKnownByItsFlags() throws IOException {
        assertThat(has("processor\t: 0\nflags\t\t: fpu avx512_vnni amx_bf16 amx_tile amx_int8\n"))
                .isTrue();
        assertThat(has("processor\t: 0\nflags\t\t: fpu avx512_vnni amx_bf16 amx_tile\n"))
                .isFalse();
    }

    @Test
    void aSystemThatDoesNotTellItsProcessorsHasNone() {
        assertThat(EightBitEngine.hasMatrixInstructions(work.resolve("cpuinfo")))
                .isFalse();
    }

    private boolean has(String processors) throws IOException {
        return EightBitEngine.hasMatrixInstructions(Files.writeString(work.resolve("cpuinfo"), processors));
    }
}

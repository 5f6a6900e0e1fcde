package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.lance.KeptOversampling.Measured;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeptOversamplingTest {
    private static final Measured MEASURED = new Measured("this table", 20_000, 137, 0.97);

    @TempDir
    Path folder;

    private KeptOversampling kept() {
        return new KeptOversampling(folder.resolve("work/recall.json"));
    }

    @Test
    void whatWasMeasuredLastIsThereAfterARestart() {
        kept().keep(new Measured("this table", 10_000, 100, 0.96));
        kept().keep(MEASURED);

        assertThat(kept().of("this table")).contains(MEASURED);
    }

    @Test
    void whatWasMeasuredOfAnotherTableIsNotTaken() {
        kept().keep(MEASURED);

        assertThat(kept().of("that table")).isEmpty();
    }

    @Test
    void nothingIsThereAtFirst() {
        assertThat(kept().of("this table")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "{\"of\":\"this table\",\"rows\":1,\"candidates\":0,\"recall\":0.9}",
                "{\"of\":\"this table\",\"rows\":1,\"candidates\":100,\"recall\":2}",
                "{\"of\":\"this table\",\"rows\":1,\"candidates\":100,\"recall\":\"NaN\"}",
                "{\"of\":null,\"rows\":1,\"candidates\":100,\"recall\":0.9}"
            })
    void damagedFileIsNone(String text) throws IOException {
        Path file = Files.createDirectories(folder.resolve("work")).resolve("recall.json");
        Files.writeString(file, text);

        assertThat(kept().of("this table")).isEmpty();

        kept().keep(MEASURED);
        assertThat(kept().of("this table")).contains(MEASURED);
    }
}

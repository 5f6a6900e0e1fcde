package dev.glimpse.dataset.lance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.dataset.lance.KeptOversampling.Measured;
import dev.glimpse.vectors.Oversampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeptOversamplingTest {
    private static final Measured MEASURED = new Measured(
            "this table", 20_000, true, new Oversampling(137, 0.05, 0.97), new Oversampling(3000, 0.2, 0.98));

    @TempDir
    Path folder;

    private KeptOversampling kept() {
        return new KeptOversampling(folder.resolve("work/recall.json"));
    }

    @Test
    void whatWasMeasuredLastIsThereAfterARestart() {
        kept().keep(new Measured("this table", 10_000, false, new Oversampling(100, 1, 0.96), null));
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
                "{\"of\":\"this table\",\"rows\":1,\"partitioned\":false,\"ofTen\":{\"candidates\":0,\"share\":1,\"recall\":0.9}}",
                "{\"of\":\"this table\",\"rows\":1,\"partitioned\":false,\"ofTen\":{\"candidates\":100,\"share\":1,\"recall\":2}}",
                "{\"of\":\"this table\",\"rows\":1,\"partitioned\":false,\"ofTen\":{\"candidates\":100,\"share\":0,\"recall\":0.9}}",
                "{\"of\":\"this table\",\"rows\":1,\"candidates\":100,\"recall\":0.9}",
                "{\"of\":\"this table\",\"rows\":1,\"partitioned\":false,\"ofTen\":{\"candidates\":100,\"share\":1,\"recall\":\"NaN\"}}",
                "{\"of\":null,\"rows\":1,\"partitioned\":false,\"ofTen\":{\"candidates\":100,\"share\":1,\"recall\":0.9}}"
            })
    void damagedFileIsNone(String text) throws IOException {
        Path file = Files.createDirectories(folder.resolve("work")).resolve("recall.json");
        Files.writeString(file, text);

        assertThat(kept().of("this table")).isEmpty();

        kept().keep(MEASURED);
        assertThat(kept().of("this table")).contains(MEASURED);
    }
}

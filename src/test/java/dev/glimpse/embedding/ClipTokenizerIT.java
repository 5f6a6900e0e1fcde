package dev.glimpse.embedding;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The tokenizer of OpenAI's and LAION's CLIP, held to what transformers makes of the same texts. */
class ClipTokenizerIT {
    static final Path GOLDEN = Path.of("src/test/resources/parity");
    static final long START = 49406;
    static final long END = 49407;

    @TempDir
    static Path folder;

    static ClipTokenizer tokenizer;

    @BeforeAll
    static void load() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        try (InputStream packed = Files.newInputStream(GOLDEN.resolve("clip-tokenizer.json.gz"));
                InputStream plain = new GZIPInputStream(packed)) {
            Files.copy(plain, file);
        }
        tokenizer = ClipTokenizer.load(file, 77);
    }

    @AfterAll
    static void close() {
        tokenizer.close();
    }

    @Test
    void idsAreThoseOfTheReference() {
        JsonNode texts = JsonMapper.shared().readTree(GOLDEN.resolve("clip-token-ids.json"));
        for (JsonNode text : texts.values()) {
            String words = text.get("text").stringValue();
            long[] expected =
                    text.get("ids").valueStream().mapToLong(JsonNode::longValue).toArray();

            assertThat(tokenizer.tokenize(words).ids()).as(words).isEqualTo(expected);
        }
        assertThat(texts.size()).isGreaterThanOrEqualTo(200);
    }

    @Test
    void nothingIsStartAndEnd() {
        assertThat(tokenizer.tokenize("").ids()).containsExactly(START, END);
    }

    @Test
    void textThatJustFitsIsWholeAndOneWordMoreIsCut() {
        ClipTokenizer.Tokens whole = tokenizer.tokenize("cat ".repeat(75));
        ClipTokenizer.Tokens cut = tokenizer.tokenize("cat ".repeat(76));

        assertThat(whole.truncated()).isFalse();
        assertThat(cut.truncated()).isTrue();
        assertThat(cut.ids()).isEqualTo(whole.ids()).hasSize(77).endsWith(END);
    }
}

package dev.glimpse.embedding;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Words to token ids, with the start and the end. Safe for use by several threads. Close it after the last use. */
final class ClipTokenizer implements AutoCloseable {
    private final HuggingFaceTokenizer tokenizer;
    private final List<String> specialTokens;

    private ClipTokenizer(HuggingFaceTokenizer tokenizer, List<String> specialTokens) {
        this.tokenizer = tokenizer;
        this.specialTokens = specialTokens;
    }

    /** @param file a HuggingFace {@code tokenizer.json} */
    static ClipTokenizer load(Path file, int contextLength) throws IOException {
        JsonNode added = new JsonMapper().readTree(file).path("added_tokens");
        List<String> specialTokens = added.valueStream()
                .filter(token -> token.path("special").booleanValue(false))
                .map(token -> token.path("content").stringValue(""))
                .filter(content -> !content.isEmpty())
                .toList();
        HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.builder()
                .optTokenizerPath(file)
                .optTruncation(true)
                .optMaxLength(contextLength)
                .optPadding(false)
                .build();
        return new ClipTokenizer(tokenizer, specialTokens);
    }

    // Goes from one method to the next, never compared and never shared.
    @SuppressWarnings("ArrayRecordComponent")
    record Tokens(long[] ids, boolean truncated) {}

    Tokens tokenize(String text) {
        String plain = text;
        for (String token : specialTokens) {
            // A typed end-of-text marker would become the real one and cut the text there.
            plain = plain.replace(token, " ");
        }
        Encoding encoding = tokenizer.encode(plain);
        return new Tokens(encoding.getIds(), encoding.exceedMaxLength());
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}

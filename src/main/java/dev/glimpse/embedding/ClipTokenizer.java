package dev.glimpse.embedding;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.CharSpan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Words to token ids, with the start and the end. Safe for use by several threads. Close it after the last use. */
final class ClipTokenizer implements AutoCloseable {
    /** Tokens of so many bytes are words, or parts that words of a language share. */
    private static final int KNOWN_BYTES = 3;

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
    record Tokens(long[] ids, boolean truncated, int fragments) {}

    Tokens tokenize(String text) {
        String plain = text;
        for (String token : specialTokens) {
            // A typed end-of-text marker would become the real one and cut the text there.
            plain = plain.replace(token, " ");
        }
        Encoding encoding = tokenizer.encode(plain);
        return new Tokens(encoding.getIds(), encoding.exceedMaxLength(), fragments(plain, encoding));
    }

    /** See {@link TextEmbedding#fragments}. */
    private static int fragments(String text, Encoding encoding) {
        // The tokenizer counts code points, not chars.
        int[] codePoints = text.codePoints().toArray();
        long[] words = encoding.getWordIds();
        CharSpan[] spans = encoding.getCharTokenSpans();
        int most = 0;
        for (int first = 0, end; first < words.length; first = end) {
            end = first + 1;
            while (end < words.length && words[end] == words[first]) {
                end++;
            }
            int tokens = end - first;
            if (tokens > 1 && spans[first] != null && spans[end - 1] != null) {
                int bytes = bytes(codePoints, spans[first].getStart(), spans[end - 1].getEnd());
                if (bytes < KNOWN_BYTES * tokens) {
                    most = Math.max(most, tokens - 1);
                }
            }
        }
        return most;
    }

    /** The number of bytes in UTF-8, without spaces: some tokenizers take the space before a word as a part of it. */
    private static int bytes(int[] codePoints, int start, int end) {
        return Arrays.stream(codePoints, start, Math.min(end, codePoints.length))
                .filter(codePoint -> !Character.isWhitespace(codePoint))
                .map(codePoint -> Character.toString(codePoint).getBytes(StandardCharsets.UTF_8).length)
                .sum();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}

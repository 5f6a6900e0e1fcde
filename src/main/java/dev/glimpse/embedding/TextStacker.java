package dev.glimpse.embedding;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;
import java.util.List;

/** Puts token ids into what the text encoder takes: one array {@code [batch, length]}, and a mask where it wants one. */
final class TextStacker {
    private final ModelDescriptor.TextInput input;

    TextStacker(ModelDescriptor.TextInput input) {
        this.input = input;
    }

    NDList stack(NDManager manager, List<long[]> texts) {
        int longest = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
        int length = input.padToContext() ? input.contextLength() : longest;
        long[] ids = new long[texts.size() * length];
        long[] mask = new long[ids.length];
        Arrays.fill(ids, input.padId());
        for (int i = 0; i < texts.size(); i++) {
            int tokens = texts.get(i).length;
            int start = i * length + (input.padsLeft() ? length - tokens : 0);
            System.arraycopy(texts.get(i), 0, ids, start, tokens);
            Arrays.fill(mask, start, start + tokens, 1);
        }
        Shape shape = new Shape(texts.size(), length);
        NDList inputs = new NDList(manager.create(ids, shape));
        if (input.takesAttentionMask()) {
            inputs.add(manager.create(mask, shape));
        }
        return inputs;
    }
}

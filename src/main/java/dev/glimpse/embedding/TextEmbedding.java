package dev.glimpse.embedding;

import dev.glimpse.vectors.Embedding;

/**
 * A text as the model saw it.
 *
 * @param embedding of the tokens that fit
 * @param truncated whether the text was longer than the model's context and lost its end
 */
public record TextEmbedding(Embedding embedding, boolean truncated) {}

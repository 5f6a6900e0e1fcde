package dev.glimpse.embedding;

import dev.glimpse.vectors.Embedding;

/**
 * A text as the model saw it.
 *
 * @param embedding of the tokens that fit
 * @param truncated whether the text was longer than the model's context and lost its end
 * @param fragments how badly the tokenizer broke the word that it knows least: the number of its tokens beyond the first; 0 if it broke
 *     none. Words whose tokens have three bytes or more on average do not count, because those tokens are parts of words that it knows
 */
public record TextEmbedding(Embedding embedding, boolean truncated, int fragments) {}

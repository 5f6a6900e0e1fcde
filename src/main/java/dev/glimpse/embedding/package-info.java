/**
 * Turns a picture or a sentence into an embedding with one CLIP model.
 *
 * <p>Alone knows DJL: model folders, tokenizers, predictors, batches.
 */
@NullMarked
package dev.glimpse.embedding;

import org.jspecify.annotations.NullMarked;

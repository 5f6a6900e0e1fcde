package dev.glimpse.consistency;

import dev.glimpse.dataset.TableModels;
import dev.glimpse.dataset.VectorColumn;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.vectors.Embedding;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Makes the vectors of a picture: with each model that the table has a column for and this server has. Safe for use by several threads. */
final class PictureEncoder {
    private final Models models;
    private final Supplier<Optional<TableModels>> tableModels;

    /** @param tableModels tells at any time which models the table has vectors of */
    PictureEncoder(Models models, Supplier<Optional<TableModels>> tableModels) {
        this.models = models;
        this.tableModels = tableModels;
    }

    /**
     * The vectors of a picture.
     *
     * @param model fingerprint of the model that made the first
     * @param others by the fingerprints of their models
     */
    record Vectors(String model, Embedding vector, Map<String, Embedding> others) {}

    /** A picture on its way. While there is one, the encoders wait a moment for it, to take several at once. */
    final class Coming implements AutoCloseable {
        private final Map<String, ClipModel.ComingPicture> encoders = new LinkedHashMap<>();

        private Coming() {
            wanted().forEach((fingerprint, model) -> encoders.put(fingerprint, model.announcePicture()));
        }

        /** Crops and resizes on the calling thread, and encodes on others. See {@link ClipModel#embed(DecodedImage, Ticket)}. */
        CompletableFuture<Vectors> embed(DecodedImage picture, Ticket ticket) {
            CompletableFuture<Map<String, Embedding>> all = CompletableFuture.completedFuture(new LinkedHashMap<>());
            for (Map.Entry<String, ClipModel.ComingPicture> encoder : encoders.entrySet()) {
                all = all.thenCombine(encoder.getValue().embed(picture, ticket), (vectors, vector) -> {
                    vectors.put(encoder.getKey(), vector);
                    return vectors;
                });
            }
            return all.thenApply(vectors -> {
                Map.Entry<String, Embedding> first =
                        vectors.entrySet().iterator().next();
                vectors.remove(first.getKey());
                return new Vectors(first.getKey(), first.getValue(), vectors);
            });
        }

        /** It is embedded, or will not come. */
        @Override
        public void close() {
            encoders.values().forEach(ClipModel.ComingPicture::close);
        }
    }

    /** Announces a picture before it is decoded. */
    Coming announce() {
        return new Coming();
    }

    /** By fingerprint, at least one. */
    private Map<String, ClipModel> wanted() {
        Map<String, ClipModel> wanted = new LinkedHashMap<>();
        Optional<TableModels> table = tableModels.get();
        if (table.isPresent()) {
            for (VectorColumn column : table.get().columns()) {
                String fingerprint = column.model().fingerprint();
                models.of(fingerprint).ifPresent(model -> wanted.put(fingerprint, model));
            }
        }
        if (wanted.isEmpty()) {
            ClipModel configured = models.configured();
            wanted.put(configured.descriptor().tableFingerprint(), configured);
        }
        return wanted;
    }
}

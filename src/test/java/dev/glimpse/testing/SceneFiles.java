package dev.glimpse.testing;

import dev.glimpse.dataset.PictureRow;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.image.ImageId;
import dev.glimpse.testing.Variants.Variant;
import dev.glimpse.vectors.Embedding;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;

/** Rows of scenes of the demo, and of other files of them, made by the model as uploads are. */
public final class SceneFiles implements AutoCloseable {
    private final FairScheduler scheduler = new FairScheduler(Integer.MAX_VALUE);
    private final ImageDecoder decoder = new ImageDecoder(scheduler, 1_000_000);
    private final List<String[]> scenes = TestPictures.scenes();
    private final ClipModel model;

    public SceneFiles() {
        this.model = ClipModel.load(Path.of("models/mini-clip"), scheduler);
    }

    /**
     * The row of a file.
     *
     * @param scene the same for all files of one scene
     * @param same whether it has the pixels of the scene
     */
    public record SceneFile(int scene, String name, boolean same, PictureRow row) {
        public String id() {
            return row.id().toString();
        }
    }

    /** The scene and its six {@link Variants}. */
    public List<SceneFile> all(int scene) {
        return Variants.of(bytes(scene), scene).stream()
                .map(variant -> file(scene, variant))
                .toList();
    }

    /** The scene alone. */
    public SceneFile original(int scene) {
        return file(scene, new Variant("original", true, bytes(scene)));
    }

    public int dimension() {
        return original(0).row().vector().dimension();
    }

    private byte[] bytes(int scene) {
        return TestPictures.scene(scenes.get(scene)[0]);
    }

    private SceneFile file(int scene, Variant variant) {
        Ticket ticket = scheduler.ticket(new Flow("test", "", Purpose.UPLOAD));
        byte[] bytes = variant.bytes();
        PictureRow row = decoder.decode(
                bytes,
                ticket,
                image -> row(bytes, image, model.embed(image, ticket).join()));
        return new SceneFile(scene, variant.name(), variant.same(), row);
    }

    private static PictureRow row(byte[] bytes, DecodedImage image, Embedding vector) {
        ImageId id = ImageId.of(bytes, image.format());
        return new PictureRow(
                id,
                id.toString(),
                vector,
                bytes.length,
                image.width(),
                image.height(),
                Instant.parse("2026-01-01T00:00:00Z"),
                null,
                null,
                List.of(),
                image.takenAt(),
                image.fingerprint());
    }

    @Override
    public void close() {
        model.close();
    }
}

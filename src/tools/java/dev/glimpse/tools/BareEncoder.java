package dev.glimpse.tools;

import ai.djl.Device;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import dev.glimpse.embedding.ModelDescriptor;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** A model's encoder of pictures in a loop, without anything of the service: what the service is held to. */
public final class BareEncoder implements AutoCloseable {
    public static final int BATCH = 8;

    private final ZooModel<NDList, NDList> encoder;
    private final int size;

    /** Loads it, with the weights that the service takes. */
    public BareEncoder(Path folder, ModelDescriptor model) throws Exception {
        ModelDescriptor.ImageInput image = model.image();
        String int8 = image.int8File();
        String file = int8 != null && "int8".equals(image.precision()) ? int8 : image.file();
        this.size = image.size();
        this.encoder = Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optModelPath(folder)
                .optModelName(file.replaceFirst("\\.pt$", ""))
                .optEngine("PyTorch")
                .optDevice(Device.cpu())
                .optTranslator(new NoopTranslator())
                .build()
                .loadModel();
    }

    /**
     * Encodes a picture again and again, {@link #BATCH} together.
     *
     * @param square its pixels, as the model takes them
     * @param count how often, in all; what is left of a batch is left out
     */
    public void run(byte[] square, int threads, int count) throws Exception {
        AtomicInteger left = new AtomicInteger(count / BATCH);
        Parallel.on(threads, () -> {
            ByteBuffer pixels = ByteBuffer.allocateDirect(BATCH * square.length);
            for (int i = 0; i < BATCH; i++) {
                pixels.put(square);
            }
            try (Predictor<NDList, NDList> predictor = encoder.newPredictor()) {
                while (left.getAndDecrement() > 0) {
                    try (NDManager manager = encoder.getNDManager().newSubManager();
                            NDList output = predictor.predict(new NDList(manager.create(
                                    pixels.rewind(), new Shape(BATCH, size, size, 3), DataType.UINT8)))) {
                        output.singletonOrThrow().toFloatArray();
                    }
                }
            }
        });
    }

    @Override
    public void close() {
        encoder.close();
    }
}

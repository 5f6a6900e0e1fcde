package dev.glimpse.embedding;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.Embedding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One CLIP model: puts pictures and sentences into one space, where what belongs together is near. Safe to share
 * between threads. Owns the encoders and the tokenizer; close it after the last use.
 */
public final class ClipModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClipModel.class);

    /** Beyond this a bigger batch only adds waiting: the encoder is near the machine's limit already. */
    private static final int IMAGE_BATCH = 8;

    private final ModelDescriptor descriptor;
    private final ClipTokenizer tokenizer;
    private final BatchingEncoder<byte[]> imageEncoder;
    private final BatchingEncoder<long[]> textEncoder;

    private ClipModel(
            ModelDescriptor descriptor,
            ClipTokenizer tokenizer,
            BatchingEncoder<byte[]> imageEncoder,
            BatchingEncoder<long[]> textEncoder) {
        this.descriptor = descriptor;
        this.tokenizer = tokenizer;
        this.imageEncoder = imageEncoder;
        this.textEncoder = textEncoder;
    }

    /**
     * Loads the model and makes one call of each encoder, since the first one is slow.
     *
     * @throws InvalidModelException if the folder is not a usable model
     */
    public static ClipModel load(Path folder) {
        // DJL would otherwise ask the internet for libraries that the class path holds.
        setDefault("ai.djl.offline", "true");
        // One thread a predictor, one predictor a core: two threads in one forward pass spin at barriers.
        setDefault("ai.djl.pytorch.num_threads", "1");
        setDefault("ai.djl.pytorch.num_interop_threads", "1");
        long start = System.nanoTime();
        ModelDescriptor descriptor = ModelDescriptor.read(folder);
        ModelDescriptor.ImageInput image = descriptor.image();
        ModelDescriptor.TextInput text = descriptor.text();
        int threads = Runtime.getRuntime().availableProcessors();
        ClipModel model;
        try {
            model = new ClipModel(
                    descriptor,
                    ClipTokenizer.load(folder.resolve(text.tokenizer()), text.contextLength()),
                    new BatchingEncoder<>(
                            "image-encoder",
                            loadTorchScript(folder, image.file()),
                            (manager, pictures) -> stackImages(manager, pictures, image.size()),
                            threads,
                            IMAGE_BATCH,
                            descriptor.dimension()),
                    new BatchingEncoder<>(
                            "text-encoder",
                            loadTorchScript(folder, text.file()),
                            (manager, texts) -> stackTexts(manager, texts, text),
                            threads,
                            // Padding to the longest text of a batch costs more than batching gains.
                            1,
                            descriptor.dimension()));
        } catch (IOException | ModelNotFoundException | MalformedModelException e) {
            throw new InvalidModelException("cannot load the model in " + folder + ": " + e.getMessage(), e);
        }
        model.warmUp();
        log.info(
                "model={} fingerprint={} dimension={} loadMillis={}",
                descriptor.name(),
                descriptor.fingerprint(),
                descriptor.dimension(),
                (System.nanoTime() - start) / 1_000_000);
        return model;
    }

    public ModelDescriptor descriptor() {
        return descriptor;
    }

    /**
     * Crops and resizes on the calling thread, encodes on another.
     *
     * @throws EncoderBusyException if too many pictures wait already
     */
    public CompletableFuture<Embedding> embed(DecodedImage picture) {
        return imageEncoder.encode(picture.cropTo(descriptor.image().size()));
    }

    /**
     * What is beyond the context length is left out, and the answer says so.
     *
     * @throws EncoderBusyException if too many texts wait already
     */
    public CompletableFuture<TextEmbedding> embed(String text) {
        ClipTokenizer.Tokens tokens = tokenizer.tokenize(text);
        return textEncoder
                .encode(tokens.ids())
                .thenApply(embedding -> new TextEmbedding(embedding, tokens.truncated()));
    }

    ClipTokenizer.Tokens tokenize(String text) {
        return tokenizer.tokenize(text);
    }

    private static ZooModel<NDList, NDList> loadTorchScript(Path folder, String file)
            throws IOException, ModelNotFoundException, MalformedModelException {
        return Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optModelPath(folder)
                .optModelName(file.replaceFirst("\\.pt$", ""))
                .optEngine("PyTorch")
                .optDevice(Device.cpu())
                .optTranslator(new NoopTranslator())
                .build()
                .loadModel();
    }

    private static NDArray stackImages(NDManager manager, List<byte[]> pictures, int size) {
        ByteBuffer pixels = ByteBuffer.allocateDirect(pictures.size() * size * size * 3);
        pictures.forEach(pixels::put);
        pixels.flip();
        return manager.create(pixels, new Shape(pictures.size(), size, size, 3), DataType.UINT8);
    }

    private static NDArray stackTexts(NDManager manager, List<long[]> texts, ModelDescriptor.TextInput input) {
        int longest = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
        int length = input.padToContext() ? input.contextLength() : longest;
        long[] ids = new long[texts.size() * length];
        Arrays.fill(ids, input.padId());
        for (int i = 0; i < texts.size(); i++) {
            System.arraycopy(texts.get(i), 0, ids, i * length, texts.get(i).length);
        }
        return manager.create(ids, new Shape(texts.size(), length));
    }

    private void warmUp() {
        int size = descriptor.image().size();
        imageEncoder.encode(new byte[size * size * 3]).join();
        embed("warm up").join();
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    /** Lets running forward passes finish, then frees both encoders and the tokenizer. Twice is fine. */
    @Override
    public void close() {
        textEncoder.close();
        imageEncoder.close();
        tokenizer.close();
    }
}

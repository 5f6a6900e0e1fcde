package dev.glimpse.embedding;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDList;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Flow;
import dev.glimpse.fairness.Purpose;
import dev.glimpse.fairness.Ticket;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.meters.CacheMeters;
import dev.glimpse.meters.Meters;
import dev.glimpse.vectors.Embedding;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One CLIP model: puts pictures and sentences into one space, where what belongs together is near. Safe for use
 * by several threads. Owns the TorchScript models, the encoders and the tokenizer; close it after the last use.
 */
public final class ClipModel implements AutoCloseable, MeterBinder {
    private static final Logger log = LoggerFactory.getLogger(ClipModel.class);

    private static final String ENGINE = "PyTorch";

    /** Beyond this a bigger batch only adds waiting: the encoder is near the machine's limit already. */
    private static final int IMAGE_BATCH = 8;

    /** At 2 kB each, some megabytes: what people search for repeats itself. */
    private static final int REMEMBERED_TEXTS = 4_096;

    private final Meters meters = new Meters();
    private final CacheMeters textsMeters = new CacheMeters(meters, "texts");
    private final ModelDescriptor descriptor;
    private final ClipTokenizer tokenizer;
    private final ZooModel<NDList, NDList> imageModel;
    private final ZooModel<NDList, NDList> textModel;
    private final BatchingEncoder<byte[]> imageEncoder;
    private final BatchingEncoder<long[]> textEncoder;
    private final AsyncCache<String, TextEmbedding> texts =
            Caffeine.newBuilder().maximumSize(REMEMBERED_TEXTS).buildAsync();

    private ClipModel(
            ModelDescriptor descriptor,
            ClipTokenizer tokenizer,
            ZooModel<NDList, NDList> imageModel,
            ZooModel<NDList, NDList> textModel) {
        this.descriptor = descriptor;
        this.tokenizer = tokenizer;
        this.imageModel = imageModel;
        this.textModel = textModel;
        ImageStacker images = new ImageStacker(descriptor.image());
        TextStacker texts = new TextStacker(descriptor.text());
        Function<float[], Embedding> reader = descriptor.givesUnitLength() ? Embedding::new : Embedding::ofDirection;
        int threads = Runtime.getRuntime().availableProcessors();
        imageEncoder = new BatchingEncoder<>(
                "image-encoder",
                threads,
                IMAGE_BATCH,
                () -> {
                    // A batch takes half a second of a processor, for which no search should wait.
                    Niceness.giveWay();
                    return new TorchScriptPass<>(
                            imageModel, descriptor.image().method(), images::stack, descriptor.dimension(), reader);
                },
                meters);
        textEncoder = new BatchingEncoder<>(
                "text-encoder",
                threads,
                // Padding to the longest text of a batch costs more than batching gains.
                1,
                () -> new TorchScriptPass<>(
                        textModel, descriptor.text().method(), texts::stack, descriptor.dimension(), reader),
                meters);
    }

    /**
     * Loads the model and makes one call of each encoder, since the first one is slow.
     *
     * @param scheduler for these calls; the model keeps no reference to it
     * @throws InvalidModelException if the folder is not a usable model
     */
    public static ClipModel load(Path folder, FairScheduler scheduler) {
        prepareEngine();
        long start = System.nanoTime();
        ModelDescriptor descriptor = ModelDescriptor.read(folder);
        ModelDescriptor.ImageInput image = descriptor.image();
        ModelDescriptor.TextInput text = descriptor.text();
        ClipModel model;
        try {
            Engine.getEngine(ENGINE);
            EightBitEngine.choose();
            ZooModel<NDList, NDList> imageModel = loadTorchScript(folder, image.fileInUse());
            model = new ClipModel(
                    descriptor,
                    ClipTokenizer.load(folder.resolve(text.tokenizer()), text.contextLength()),
                    imageModel,
                    // One file with two methods is in memory once.
                    text.fileInUse().equals(image.fileInUse())
                            ? imageModel
                            : loadTorchScript(folder, text.fileInUse()));
        } catch (IOException | ModelNotFoundException | MalformedModelException | EngineException e) {
            throw new InvalidModelException("cannot load the model in " + folder + ": " + e.getMessage(), e);
        }
        model.warmUp(scheduler);
        log.info(
                "model={} fingerprint={} dimension={} loadMillis={}",
                descriptor.name(),
                descriptor.fingerprint(),
                descriptor.dimension(),
                (System.nanoTime() - start) / 1_000_000);
        return model;
    }

    /**
     * Loads libtorch, which {@link #load} does otherwise: for a thread that has the time before. What goes wrong comes again there,
     * and is told there.
     */
    public static void loadEngine() {
        prepareEngine();
        try {
            Engine.getEngine(ENGINE);
            EightBitEngine.choose();
        } catch (EngineException e) {
            log.debug("libtorch is not loaded yet", e);
        }
    }

    private static void prepareEngine() {
        // DJL would otherwise ask the internet for libraries that the class path holds.
        setDefault("ai.djl.offline", "true");
        // One thread a predictor, one predictor a core: two threads in one forward pass spin at barriers.
        setDefault("ai.djl.pytorch.num_threads", "1");
        setDefault("ai.djl.pytorch.num_interop_threads", "1");
    }

    public ModelDescriptor descriptor() {
        return descriptor;
    }

    /**
     * Crops and resizes on the calling thread, and encodes on another thread. Both wait until the scheduler lets the ticket run.
     *
     * @throws EncoderBusyException if too many pictures wait already
     */
    public CompletableFuture<Embedding> embed(DecodedImage picture, Ticket ticket) {
        byte[] pixels = ticket.run(slice -> picture.cropTo(descriptor.image().square(), slice::yieldToOthers));
        return imageEncoder.encode(pixels, ticket);
    }

    /** A picture on its way. While there is one, the encoder waits a moment for it, to take several at once. */
    public final class ComingPicture implements AutoCloseable {
        private ComingPicture() {
            imageEncoder.announce(1);
        }

        /** Embeds the picture, which is here now: {@link ClipModel#embed(DecodedImage, Ticket)}. */
        public CompletableFuture<Embedding> embed(DecodedImage picture, Ticket ticket) {
            return ClipModel.this.embed(picture, ticket);
        }

        /** It is embedded, or will not come. */
        @Override
        public void close() {
            imageEncoder.announce(-1);
        }
    }

    /** Announces a picture before it is decoded. */
    public ComingPicture announcePicture() {
        return new ComingPicture();
    }

    /**
     * Embeds a text. Tokens beyond the context length are left out, and the answer says so. The embeddings of recent texts are remembered, so
     * they cost nothing. Do not complete or cancel the answer, because others may wait for it too.
     *
     * @param ticket decides when the text is encoded
     * @throws EncoderBusyException if too many texts wait already
     */
    public CompletableFuture<TextEmbedding> embed(String text, Ticket ticket) {
        boolean[] made = {false};
        try {
            return texts.get(text, (key, executor) -> {
                made[0] = true;
                return encode(key, ticket);
            });
        } finally {
            textsMeters.asked(!made[0]);
        }
    }

    private CompletableFuture<TextEmbedding> encode(String text, Ticket ticket) {
        ClipTokenizer.Tokens tokens = tokenize(text);
        return textEncoder
                .encode(tokens.ids(), ticket)
                .thenApply(embedding -> new TextEmbedding(embedding, tokens.truncated(), tokens.fragments()));
    }

    ClipTokenizer.Tokens tokenize(String text) {
        return tokenizer.tokenize(text);
    }

    static ZooModel<NDList, NDList> loadTorchScript(Path folder, String file)
            throws IOException, ModelNotFoundException, MalformedModelException {
        return Criteria.builder()
                .setTypes(NDList.class, NDList.class)
                .optModelPath(folder)
                .optModelName(file.replaceFirst("\\.pt$", ""))
                .optEngine(ENGINE)
                .optDevice(Device.cpu())
                .optTranslator(new NoopTranslator())
                .build()
                .loadModel();
    }

    private void warmUp(FairScheduler scheduler) {
        int size = descriptor.image().size();
        imageEncoder
                .encode(new byte[size * size * 3], scheduler.ticket(new Flow("warm-up", "", Purpose.UPLOAD)))
                .join();
        embed("warm up", scheduler.ticket(new Flow("warm-up", "", Purpose.SEARCH)))
                .join();
    }

    private static void setDefault(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        meters.bindTo(registry);
    }

    /** Lets running forward passes finish, then frees the models and the tokenizer. Twice is fine. */
    @Override
    public void close() {
        textEncoder.close();
        imageEncoder.close();
        // May be one and the same; closing twice is fine.
        textModel.close();
        imageModel.close();
        tokenizer.close();
    }
}

package dev.glimpse.embedding;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ModelNotFoundException;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.NoopTranslator;
import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.image.Embedding;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One CLIP model: puts pictures and sentences into one space, where what belongs together is near. Safe to share
 * between threads. Owns the TorchScript models, the encoders and the tokenizer; close it after the last use.
 */
public final class ClipModel implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClipModel.class);

    /** Beyond this a bigger batch only adds waiting: the encoder is near the machine's limit already. */
    private static final int IMAGE_BATCH = 8;

    /** At 2 kB each, some megabytes: what people search for repeats itself. */
    private static final int REMEMBERED_TEXTS = 4_096;

    private final ModelDescriptor descriptor;
    private final HuggingFaceTokenizer tokenizer;
    private final List<String> specialTokens;
    private final ZooModel<NDList, NDList> imageModel;
    private final ZooModel<NDList, NDList> textModel;
    private final BatchingEncoder<byte[]> imageEncoder;
    private final BatchingEncoder<long[]> textEncoder;
    private final AsyncCache<String, TextEmbedding> texts =
            Caffeine.newBuilder().maximumSize(REMEMBERED_TEXTS).buildAsync();

    private ClipModel(
            ModelDescriptor descriptor,
            HuggingFaceTokenizer tokenizer,
            List<String> specialTokens,
            ZooModel<NDList, NDList> imageModel,
            ZooModel<NDList, NDList> textModel) {
        this.descriptor = descriptor;
        this.tokenizer = tokenizer;
        this.specialTokens = specialTokens;
        this.imageModel = imageModel;
        this.textModel = textModel;
        ImageStacker images = new ImageStacker(descriptor.image());
        ModelDescriptor.TextInput text = descriptor.text();
        Function<float[], Embedding> reader = descriptor.givesUnitLength() ? Embedding::new : Embedding::ofDirection;
        int threads = Runtime.getRuntime().availableProcessors();
        imageEncoder = new BatchingEncoder<>(
                "image-encoder",
                threads,
                IMAGE_BATCH,
                () -> new TorchScriptPass<>(imageModel, images::stack, descriptor.dimension(), reader));
        textEncoder = new BatchingEncoder<>(
                "text-encoder",
                threads,
                // Padding to the longest text of a batch costs more than batching gains.
                1,
                () -> new TorchScriptPass<>(
                        textModel,
                        (manager, texts) -> stackTexts(manager, texts, text),
                        descriptor.dimension(),
                        reader));
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
        ClipModel model;
        try {
            Path tokenizerFile = folder.resolve(text.tokenizer());
            ZooModel<NDList, NDList> imageModel = loadTorchScript(folder, image.fileInUse());
            model = new ClipModel(
                    descriptor,
                    HuggingFaceTokenizer.builder()
                            .optTokenizerPath(tokenizerFile)
                            .optTruncation(true)
                            .optMaxLength(text.contextLength())
                            .optPadding(false)
                            .build(),
                    specialTokens(tokenizerFile),
                    imageModel,
                    // One file with two methods is in memory once.
                    text.fileInUse().equals(image.fileInUse())
                            ? imageModel
                            : loadTorchScript(folder, text.fileInUse()));
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

    /** A picture on its way. While there is one, the encoder waits a moment for it, to take several at once. */
    public final class ComingPicture implements AutoCloseable {
        private ComingPicture() {
            imageEncoder.announce(1);
        }

        /** It is here: {@link ClipModel#embed(DecodedImage)}. */
        public CompletableFuture<Embedding> embed(DecodedImage picture) {
            return ClipModel.this.embed(picture);
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
     * What is beyond the context length is left out, and the answer says so. The texts of late cost nothing: their
     * embeddings are remembered. Do not complete or cancel the answer, others may wait for it too.
     *
     * @throws EncoderBusyException if too many texts wait already
     */
    public CompletableFuture<TextEmbedding> embed(String text) {
        return texts.get(text, (key, executor) -> encode(key));
    }

    private CompletableFuture<TextEmbedding> encode(String text) {
        Tokens tokens = tokenize(text);
        return textEncoder.encode(tokens.ids).thenApply(embedding -> new TextEmbedding(embedding, tokens.truncated));
    }

    // Goes from one method to the next, never compared and never shared.
    @SuppressWarnings("ArrayRecordComponent")
    record Tokens(long[] ids, boolean truncated) {}

    Tokens tokenize(String text) {
        String plain = text;
        for (String token : specialTokens) {
            // A typed end-of-text marker would become the real one and cut the text there.
            plain = plain.replace(token, " ");
        }
        Encoding encoding = tokenizer.encode(plain);
        return new Tokens(encoding.getIds(), encoding.exceedMaxLength());
    }

    private static List<String> specialTokens(Path tokenizerFile) {
        JsonNode added = new JsonMapper().readTree(tokenizerFile).path("added_tokens");
        return added.valueStream()
                .filter(token -> token.path("special").booleanValue(false))
                .map(token -> token.path("content").stringValue(""))
                .filter(content -> !content.isEmpty())
                .toList();
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

    private static NDList stackTexts(NDManager manager, List<long[]> texts, ModelDescriptor.TextInput input) {
        int longest = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
        int length = input.padToContext() ? input.contextLength() : longest;
        long[] ids = new long[texts.size() * length];
        long[] mask = new long[ids.length];
        Arrays.fill(ids, input.padId());
        for (int i = 0; i < texts.size(); i++) {
            System.arraycopy(texts.get(i), 0, ids, i * length, texts.get(i).length);
            Arrays.fill(mask, i * length, i * length + texts.get(i).length, 1);
        }
        Shape shape = new Shape(texts.size(), length);
        NDList inputs = new NDList(manager.create(ids, shape));
        if (input.takesAttentionMask()) {
            inputs.add(manager.create(mask, shape));
        }
        addMethod(manager, inputs, input.method());
        return inputs;
    }

    /** DJL calls the method that it finds as the name of an input; that input itself it leaves out. */
    static void addMethod(NDManager manager, NDList inputs, @Nullable String method) {
        if (method != null) {
            NDArray placeholder = manager.create(0);
            placeholder.setName("module_method:" + method);
            inputs.add(placeholder);
        }
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

package dev.glimpse.embedding;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.image.DecodedImage;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.vectors.Embedding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Compares a model, as Glimpse runs it, with what {@code tools/check-parity/reference.py} wrote down: {@code ParityCheck
 * MODEL PICTURES REFERENCE}. Prints a table, and ends with 1 if a bar is missed.
 */
final class ParityCheck {
    private static final double EACH_IMAGE = 0.999;
    private static final double MEDIAN_IMAGE = 0.9999;
    private static final double EACH_TEXT = 0.9999;

    private final ClipModel model;
    private final TestDecoder decoder = new TestDecoder();
    private final JsonNode reference;
    private boolean missed;

    private ParityCheck(ClipModel model, JsonNode reference) {
        this.model = model;
        this.reference = reference;
    }

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 3) {
            System.err.println("Use: ParityCheck MODEL PICTURES REFERENCE");
            System.exit(2);
        }
        // DJL's remarks on the machine have no place in the table.
        ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.ERROR);
        Path answers = Path.of(arguments[2]);
        boolean missed;
        try (ClipModel model = ClipModel.load(Path.of(arguments[0]), TestScheduler.SCHEDULER)) {
            ParityCheck check = new ParityCheck(model, JsonMapper.shared().readTree(answers.resolve("reference.json")));
            check.texts();
            check.images(Path.of(arguments[1]), answers.resolve("crops"));
            missed = check.missed;
        }
        System.exit(missed ? 1 : 0);
    }

    private void texts() {
        JsonNode texts = reference.get("texts");
        List<Double> cosines = new ArrayList<>();
        List<Double> second = new ArrayList<>();
        List<Double> unrelated = new ArrayList<>();
        int sameIds = 0;
        int sameIdsAsOpenClip = 0;
        for (JsonNode text : texts) {
            String words = text.get("text").stringValue();
            long[] ids = padded(model.tokenize(words).ids(), text.get("ids").size());
            if (Arrays.equals(ids, ids(text, "ids"))) {
                sameIds++;
            } else {
                miss("token ids of " + text.get("text") + ": " + Arrays.toString(ids) + ", reference "
                        + text.get("ids"));
            }
            Embedding embedding =
                    model.embed(words, TestScheduler.ticket()).join().embedding();
            double cosine = embedding.cosine(vector(text, "vector"));
            cosines.add(cosine);
            if (!(cosine >= EACH_TEXT)) {
                miss("text " + text.get("text") + ": cosine " + cosine);
            }
            unrelated.add(embedding.cosine(vector(texts.get(0), "vector")));
            if (text.has("openClip") && Arrays.equals(ids, ids(text, "openClipIds"))) {
                sameIdsAsOpenClip++;
                second.add(embedding.cosine(vector(text, "openClip")));
            }
        }
        System.out.printf("model %s%n%n", model.descriptor().name());
        System.out.printf("token ids: %d of %d texts identical%n", sameIds, texts.size());
        print("text vectors", cosines);
        if (!second.isEmpty()) {
            System.out.printf(
                    "open_clip: token ids of %d of %d texts identical, the others it repairs first%n",
                    sameIdsAsOpenClip, texts.size());
            print("text vectors to open_clip's, of those", second);
        }
        print("for scale: text vectors to the first text's", unrelated);
    }

    private void images(Path pictures, Path crops) throws IOException {
        Map<String, List<Double>> byKind = new TreeMap<>();
        List<Double> cosines = new ArrayList<>();
        List<Double> second = new ArrayList<>();
        List<Double> unrelated = new ArrayList<>();
        int samePixels = 0;
        System.out.printf("%n%-42s %11s %9s %9s %9s %9s%n", "picture", "size", "cosine", "open_clip", "levels", "max");
        for (JsonNode image : reference.get("images")) {
            String file = image.get("file").stringValue();
            DecodedImage picture = decoder.decode(Files.readAllBytes(pictures.resolve(file)));
            if (picture.width() != image.get("width").intValue()
                    || picture.height() != image.get("height").intValue()) {
                miss("%s is %dx%d, reference %sx%s"
                        .formatted(file, picture.width(), picture.height(), image.get("width"), image.get("height")));
            }
            Embedding embedding = model.embed(picture, TestScheduler.ticket()).join();
            double cosine = embedding.cosine(vector(image, "vector"));
            if (!(cosine >= EACH_IMAGE)) {
                miss(file + ": cosine " + cosine);
            }
            cosines.add(cosine);
            byKind.computeIfAbsent(file.substring(0, file.indexOf('-')), kind -> new ArrayList<>())
                    .add(cosine);
            unrelated.add(embedding.cosine(vector(reference.get("images").get(0), "vector")));
            String other = "-";
            if (image.has("openClip")) {
                second.add(embedding.cosine(vector(image, "openClip")));
                other = "%.7f".formatted(second.get(second.size() - 1));
            }
            Difference difference = difference(
                    picture.cropTo(model.descriptor().image().square(), () -> {}), rgb(crops.resolve(file + ".png")));
            samePixels += difference.max == 0 ? 1 : 0;
            System.out.printf(
                    "%-42s %11s %.7f %9s %9.3f %9d%n",
                    file, picture.width() + "x" + picture.height(), cosine, other, difference.mean, difference.max);
        }
        System.out.printf("%nimages: %d, pixels of %d identical%n", cosines.size(), samePixels);
        print("image vectors", cosines);
        if (!second.isEmpty()) {
            print("image vectors to open_clip's", second);
        }
        print("for scale: image vectors to the first image's", unrelated);
        byKind.forEach((kind, some) -> print("  " + kind + " (" + some.size() + ")", some));
        if (!(median(cosines) >= MEDIAN_IMAGE)) {
            miss("images: median cosine " + median(cosines));
        }
    }

    /** As long as the reference, which may fill texts up, by the same rule. */
    private long[] padded(long[] ids, int length) {
        if (ids.length >= length) {
            return ids;
        }
        ModelDescriptor.TextInput input = model.descriptor().text();
        long[] padded = new long[length];
        Arrays.fill(padded, input.padId());
        System.arraycopy(ids, 0, padded, input.padsLeft() ? length - ids.length : 0, ids.length);
        return padded;
    }

    private void miss(String what) {
        missed = true;
        System.out.println("MISSED " + what);
    }

    private static void print(String what, List<Double> cosines) {
        System.out.printf(
                "%-50s cosine min %.7f median %.7f%n",
                what, cosines.stream().mapToDouble(x -> x).min().orElseThrow(), median(cosines));
    }

    /** The middle value, or the mean of the two in the middle. */
    static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(x -> x).sorted().toArray();
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }

    private record Difference(double mean, int max) {}

    private static Difference difference(byte[] ours, byte[] theirs) {
        if (ours.length != theirs.length) {
            throw new IllegalArgumentException(
                    "crops of different size: %d and %d bytes".formatted(ours.length, theirs.length));
        }
        long sum = 0;
        int max = 0;
        for (int i = 0; i < ours.length; i++) {
            int levels = Math.abs((ours[i] & 0xFF) - (theirs[i] & 0xFF));
            sum += levels;
            max = Math.max(max, levels);
        }
        return new Difference((double) sum / ours.length, max);
    }

    private static byte[] rgb(Path png) throws IOException {
        var picture = ImageIO.read(png.toFile());
        int[] samples = picture.getRaster().getPixels(0, 0, picture.getWidth(), picture.getHeight(), (int[]) null);
        byte[] bytes = new byte[samples.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) samples[i];
        }
        return bytes;
    }

    private static long[] ids(JsonNode node, String key) {
        return node.get(key).valueStream().mapToLong(JsonNode::longValue).toArray();
    }

    private static Embedding vector(JsonNode node, String key) {
        byte[] bytes = Base64.getDecoder().decode(node.get(key).stringValue());
        float[] values = new float[bytes.length / 4];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return new Embedding(values);
    }
}

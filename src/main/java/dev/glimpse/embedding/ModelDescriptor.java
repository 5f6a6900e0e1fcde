package dev.glimpse.embedding;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What {@code model.json} says of a CLIP-like model: all that is needed to feed its two encoders.
 *
 * @param schema version of this format; 1
 * @param name as people call the model
 * @param description what it knows and what it does not
 * @param license of the weights, and of what they were made from
 * @param dimension length of the embeddings of both encoders
 * @param image how a picture goes in
 * @param text how words go in
 * @param fingerprint 64 hex digits; see {@link #fingerprintOf}
 */
public record ModelDescriptor(
        int schema,
        String name,
        String description,
        String license,
        int dimension,
        ImageInput image,
        TextInput text,
        String fingerprint) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /**
     * How a picture becomes the image encoder's input.
     *
     * @param file TorchScript; takes {@code uint8 [batch, size, size, 3]}, gives {@code float32 [batch, dimension]} of
     *     unit length
     * @param input {@code uint8_nhwc}, the only layout so far
     * @param size side of the square that the encoder sees, pixels
     * @param resize {@code short_side}: the shorter side becomes {@code size}
     * @param interpolation {@code bicubic}, as Pillow computes it on 8-bit pixels
     * @param crop {@code center}
     * @param mean per channel, of pixels scaled to 0..1
     * @param std per channel, likewise
     * @param normalizeInGraph whether the encoder itself applies mean and std; must be true
     */
    public record ImageInput(
            String file,
            String input,
            int size,
            String resize,
            String interpolation,
            String crop,
            List<Double> mean,
            List<Double> std,
            boolean normalizeInGraph) {}

    /**
     * How words become the text encoder's input.
     *
     * @param file TorchScript; takes {@code int64 [batch, length]}, gives {@code float32 [batch, dimension]} of unit
     *     length
     * @param tokenizer a HuggingFace {@code tokenizer.json}
     * @param contextLength most tokens of a text, start and end included
     * @param padId what fills shorter texts of a batch
     * @param padToContext whether the encoder wants every text filled up to the context length
     */
    public record TextInput(String file, String tokenizer, int contextLength, int padId, boolean padToContext) {}

    public ModelDescriptor {
        require(schema == 1, "schema", schema, "1");
        require(!name.isBlank(), "name", name, "not blank");
        require(dimension > 0 && dimension <= 4096, "dimension", dimension, "1 to 4096");
        require(image.input.equals("uint8_nhwc"), "image.input", image.input, "uint8_nhwc");
        require(image.size >= 8 && image.size <= 1024, "image.size", image.size, "8 to 1024");
        require(image.resize.equals("short_side"), "image.resize", image.resize, "short_side");
        require(image.interpolation.equals("bicubic"), "image.interpolation", image.interpolation, "bicubic");
        require(image.crop.equals("center"), "image.crop", image.crop, "center");
        require(image.normalizeInGraph, "image.normalizeInGraph", false, "true");
        require(text.contextLength >= 3, "text.contextLength", text.contextLength, "at least 3");
    }

    /**
     * Reads the folder's {@code model.json} and checks that the files are those it was written for.
     *
     * @throws InvalidModelException if a file is missing, a value is out of its range or the fingerprint differs
     */
    static ModelDescriptor read(Path folder) {
        Path file = folder.resolve("model.json");
        if (!Files.isRegularFile(file)) {
            throw new InvalidModelException("no model.json in "
                    + folder.toAbsolutePath().normalize() + ": set GLIMPSE_MODEL to the folder of a model");
        }
        ModelDescriptor descriptor;
        try {
            descriptor = JSON.readValue(file, ModelDescriptor.class);
        } catch (JacksonException e) {
            throw new InvalidModelException(file + ": " + e.getOriginalMessage(), e);
        }
        String actual =
                fingerprintOf(folder, List.of(descriptor.image.file, descriptor.text.file, descriptor.text.tokenizer));
        if (!actual.equals(descriptor.fingerprint)) {
            throw new InvalidModelException(file + " has fingerprint " + descriptor.fingerprint
                    + " but the files beside it have " + actual + ": they do not belong together");
        }
        return descriptor;
    }

    /**
     * What {@code sha256sum FILES | sha256sum} prints in the folder: the SHA-256 of the lines {@code <sha256>  <file>}.
     * Anyone can check it with a shell.
     */
    static String fingerprintOf(Path folder, List<String> files) {
        MessageDigest all = sha256();
        for (String name : files) {
            MessageDigest one = sha256();
            try (InputStream in = new DigestInputStream(Files.newInputStream(folder.resolve(name)), one)) {
                in.transferTo(java.io.OutputStream.nullOutputStream());
            } catch (IOException e) {
                throw new InvalidModelException("cannot read " + folder.resolve(name) + ": " + e.getMessage(), e);
            }
            String line = HexFormat.of().formatHex(one.digest()) + "  " + name + "\n";
            all.update(line.getBytes(StandardCharsets.UTF_8));
        }
        return HexFormat.of().formatHex(all.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    private static void require(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(key + " must be " + rule + ": " + value);
        }
    }
}

package dev.glimpse.embedding;

import dev.glimpse.image.Square;
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
import org.jspecify.annotations.Nullable;
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
 * @param demonstration whether the model is there to show how things work, and knows drawn things only; absent means no
 * @param unitLength whether both encoders give vectors of unit length; absent means yes, else we scale them
 * @param fingerprint 64 hex digits: {@link #fingerprintOf} the image encoder's file in use, {@code text.file} and the
 *     tokenizer. A reduced-precision image encoder is another model to a table. A reduced-precision text encoder is
 *     not: embeddings of texts are never stored
 * @param tableFingerprint fingerprint that tables of this model are marked with: that of the first model with this image encoder, so that a
 *     better text encoder serves the tables that there are; absent means {@code fingerprint}
 */
public record ModelDescriptor(
        int schema,
        String name,
        String description,
        String license,
        int dimension,
        ImageInput image,
        TextInput text,
        @Nullable Boolean demonstration,
        @Nullable Boolean unitLength,
        String fingerprint,
        @Nullable String tableFingerprint) {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /**
     * How a picture becomes the image encoder's input.
     *
     * @param file TorchScript; takes the batch as {@code input} says, gives {@code float32 [batch, dimension]}
     * @param input {@code uint8_nhwc}: {@code uint8 [batch, size, size, 3]}; or {@code float32_nchw}: {@code float32
     *     [batch, 3, size, size]} of pixels scaled to 0..1
     * @param size side of the square that the encoder sees, pixels
     * @param resize {@code short_side}: the shorter side becomes {@code size}, and the middle of the longer one is seen; {@code
     *     long_side}: the longer one does, and there are bars beside the shorter one; {@code squash}: both do
     * @param interpolation {@code bicubic} or {@code bilinear}, as Pillow computes them on 8-bit pixels
     * @param crop {@code center}: half a pixel goes towards the beginning; or {@code center_even}: to the even number
     * @param mean per channel, of pixels scaled to 0..1
     * @param std per channel, likewise
     * @param normalizeInGraph whether the encoder itself applies mean and std; else we do, which needs {@code
     *     float32_nchw}
     * @param method of the TorchScript module; absent means {@code forward}
     * @param int8File the same encoder with reduced precision
     * @param precision which of both is used: {@code fp32} or {@code int8}; absent means {@code fp32}
     * @param resizeTo what the shorter side becomes with {@code short_side}, if that is more than {@code size}; else absent
     * @param fill brightness of the bars with {@code long_side}, 0 to 255; absent means 0, black
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
            boolean normalizeInGraph,
            @Nullable String method,
            @Nullable String int8File,
            @Nullable String precision,
            @Nullable Integer resizeTo,
            @Nullable Integer fill) {
        public ImageInput {
            requireOneOf("image.input", input, "uint8_nhwc", "float32_nchw");
            require(size >= 8 && size <= 1024, "image.size", size, "8 to 1024");
            requireOneOf("image.resize", resize, "short_side", "long_side", "squash");
            requireOneOf("image.interpolation", interpolation, "bicubic", "bilinear");
            requireOneOf("image.crop", crop, "center", "center_even");
            require(mean.size() == 3, "image.mean", mean, "three numbers");
            require(std.size() == 3 && std.stream().allMatch(value -> value > 0), "image.std", std, "three above 0");
            require(
                    normalizeInGraph || input.equals("float32_nchw"),
                    "image.normalizeInGraph",
                    false,
                    "true with image.input " + input);
            requirePrecision("image", precision, int8File);
            if (resizeTo != null) {
                require(
                        resizeTo == size || (resizeTo > size && resizeTo <= 2048 && resize.equals("short_side")),
                        "image.resizeTo",
                        resizeTo,
                        "image.size, or with image.resize short_side up to 2048");
            }
            require(fill == null || (fill >= 0 && fill <= 255), "image.fill", fill == null ? 0 : fill, "0 to 255");
        }

        /** How pictures become what the encoder sees. */
        Square square() {
            return new Square(
                    size,
                    switch (resize) {
                        case "long_side" -> Square.Resize.LONG_SIDE;
                        case "squash" -> Square.Resize.SQUASH;
                        default -> Square.Resize.SHORT_SIDE;
                    },
                    resizeTo == null ? size : resizeTo,
                    interpolation.equals("bilinear") ? Square.Filter.BILINEAR : Square.Filter.BICUBIC,
                    crop.equals("center_even") ? Square.Crop.TO_EVEN : Square.Crop.DOWN,
                    fill == null ? 0 : fill);
        }

        /** The file of the precision in use. */
        String fileInUse() {
            return int8File != null && "int8".equals(precision) ? int8File : file;
        }
    }

    /**
     * How words become the text encoder's input.
     *
     * @param file TorchScript; takes {@code int64 [batch, length]}, gives {@code float32 [batch, dimension]}
     * @param tokenizer a HuggingFace {@code tokenizer.json}
     * @param contextLength most tokens of a text, start and end included
     * @param padId what fills shorter texts of a batch
     * @param padToContext whether the encoder wants every text filled up to the context length
     * @param method of the TorchScript module; absent means {@code forward}
     * @param attentionMask whether the encoder takes a second input: 1 for a token, 0 for padding; absent means no
     * @param int8File the same encoder with reduced precision
     * @param precision which of both is used: {@code fp32} or {@code int8}; absent means {@code fp32}
     * @param padSide {@code left} if what fills a text stands before it; absent or {@code right}: behind it
     */
    public record TextInput(
            String file,
            String tokenizer,
            int contextLength,
            int padId,
            boolean padToContext,
            @Nullable String method,
            @Nullable Boolean attentionMask,
            @Nullable String int8File,
            @Nullable String precision,
            @Nullable String padSide) {
        public TextInput {
            require(contextLength >= 3, "text.contextLength", contextLength, "at least 3");
            requirePrecision("text", precision, int8File);
            if (padSide != null) {
                requireOneOf("text.padSide", padSide, "left", "right");
            }
        }

        boolean padsLeft() {
            return "left".equals(padSide);
        }

        /** The file of the precision in use. */
        String fileInUse() {
            return int8File != null && "int8".equals(precision) ? int8File : file;
        }

        boolean takesAttentionMask() {
            return Boolean.TRUE.equals(attentionMask);
        }
    }

    public ModelDescriptor {
        require(schema == 1, "schema", schema, "1");
        require(!name.isBlank(), "name", name, "not blank");
        require(dimension > 0 && dimension <= 4096, "dimension", dimension, "1 to 4096");
    }

    /** Fingerprint that tables of this model are marked with; {@link #fingerprint} unless the file says otherwise. */
    @Override
    public String tableFingerprint() {
        return tableFingerprint == null ? fingerprint : tableFingerprint;
    }

    boolean givesUnitLength() {
        return !Boolean.FALSE.equals(unitLength);
    }

    /**
     * Reads the folder's {@code model.json} and checks that the files are those it was written for.
     *
     * @throws InvalidModelException if a file is missing, a value is out of its range or the fingerprint differs
     */
    static ModelDescriptor read(Path folder) {
        ModelDescriptor descriptor = peek(folder);
        String actual = fingerprintOf(
                folder, List.of(descriptor.image.fileInUse(), descriptor.text.file, descriptor.text.tokenizer));
        if (!actual.equals(descriptor.fingerprint)) {
            throw new InvalidModelException(folder.resolve("model.json") + " has fingerprint " + descriptor.fingerprint
                    + " but the files beside it have " + actual + ": they do not belong together");
        }
        return descriptor;
    }

    /**
     * Reads the folder's {@code model.json} alone.
     *
     * @throws InvalidModelException if it is missing, or a value is out of its range
     */
    static ModelDescriptor peek(Path folder) {
        Path file = folder.resolve("model.json");
        if (!Files.isRegularFile(file)) {
            throw new InvalidModelException(
                    "there is no model.json in " + folder.toAbsolutePath().normalize() + " (GLIMPSE_MODEL)");
        }
        try {
            return JSON.readValue(file, ModelDescriptor.class);
        } catch (JacksonException e) {
            throw new InvalidModelException(file + ": " + e.getOriginalMessage(), e);
        }
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

    private static void requirePrecision(String encoder, @Nullable String precision, @Nullable String int8File) {
        if (precision != null) {
            requireOneOf(encoder + ".precision", precision, "fp32", "int8");
            require(
                    int8File != null || precision.equals("fp32"),
                    encoder + ".precision",
                    precision,
                    "fp32 without " + encoder + ".int8File");
        }
    }

    private static void requireOneOf(String key, String value, String... allowed) {
        require(List.of(allowed).contains(value), key, value, String.join(" or ", allowed));
    }

    private static void require(boolean holds, String key, Object value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(key + " must be " + rule + ": " + value);
        }
    }
}

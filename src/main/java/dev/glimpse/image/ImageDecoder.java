package dev.glimpse.image;

import com.twelvemonkeys.imageio.util.ProgressListenerBase;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fairness.Ticket;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import org.jspecify.annotations.Nullable;

/**
 * Turns a picture's bytes into upright pixels, or refuses them by name. The format is what the first bytes say, and the
 * size is checked in the header before anything is decoded. May be shared between threads.
 *
 * <p>A picture that takes too much of a processor's time is given up: whenever its reader wants more bytes, and as it
 * reports that it has made progress. Between two such moments nothing can stop it. The longest that we know of: a
 * lossless WebP does all of its pixels in one go, and a progressive JPEG inside a TIFF all of its scans; of the largest
 * size that is some seconds.
 */
public final class ImageDecoder {
    /** Above a phone's everyday photo. */
    public static final long DEFAULT_MAX_PIXELS = 50_000_000;

    /** The bytes of uploads take a quarter of the heap, and the rest of the server needs some. */
    private static final int SHARE_OF_HEAP = 3;

    /** A picture with 16 bits a sample and alpha takes 11: eight, and three more for the result. */
    private static final long BYTES_PER_PIXEL = 12;

    /** With less, not even a photo could be decoded. */
    private static final long LEAST_MEMORY = 24 << 20;

    /** The largest WebP that is accepted takes two thirds of it on a server of 2025; anything else a fifth. */
    public static final Duration DEFAULT_TIME = Duration.ofSeconds(10);

    /** Three bytes each have to fit into an array. */
    public static final long MOST_PIXELS = 500_000_000;

    /** What JPEG and GIF can hold at most; beyond it the resampling weights of one line alone would take much memory. */
    static final int MAX_SIDE = 65_535;

    /** For the pictures before it; each takes much less, see {@link #DEFAULT_TIME}. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** What readers say of kinds of pictures that they were not made for. */
    private static final Pattern UNSUPPORTED =
            Pattern.compile("[Uu]nsupported|[Nn]ot (implemented|supported)|Unknown TIFF Compression");

    private final long maxPixels;
    private final Duration time;
    private final LongSupplier clock;
    private final Duration patience;
    private final ForeignDecoder foreign;

    /** For what is being decoded at one time, over all threads, in bytes: one large picture, or many small ones. */
    private final MemoryBudget memory;

    private final long maxMemory;

    static {
        // A picture is in memory already: no temporary files.
        ImageIO.setUseCache(false);
    }

    /**
     * A decoder with {@link #DEFAULT_TIME} and the memory of {@link #memoryFor}.
     *
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels) {
        this(scheduler, maxPixels, memoryFor(maxPixels), DEFAULT_TIME);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @param maxMemory bytes of heap that all pictures take that are decoded at one time; more than 0
     * @param time of a processor that one picture may take
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels, long maxMemory, Duration time) {
        this(scheduler, maxPixels, maxMemory, time, ForeignDecoder.NONE);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture; 1 to 500,000,000
     * @param maxMemory bytes of heap that all pictures take that are decoded at one time; more than 0
     * @param time of a processor that one picture may take; one of a foreign format may take it twice, there and here
     * @param foreign decodes the formats that no reader in this process knows
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(
            FairScheduler scheduler, long maxPixels, long maxMemory, Duration time, ForeignDecoder foreign) {
        this(scheduler, maxPixels, maxMemory, time, Deadline.PROCESSOR_TIME, PATIENCE, foreign);
    }

    /** @param patience how long a picture waits while other pictures take the memory */
    ImageDecoder(
            FairScheduler scheduler,
            long maxPixels,
            long maxMemory,
            Duration time,
            LongSupplier clock,
            Duration patience) {
        this(scheduler, maxPixels, maxMemory, time, clock, patience, ForeignDecoder.NONE);
    }

    private ImageDecoder(
            FairScheduler scheduler,
            long maxPixels,
            long maxMemory,
            Duration time,
            LongSupplier clock,
            Duration patience,
            ForeignDecoder foreign) {
        if (maxPixels < 1 || maxPixels > MOST_PIXELS) {
            throw new IllegalArgumentException("maxPixels must be 1 to " + MOST_PIXELS + ": " + maxPixels);
        }
        if (maxMemory < 1) {
            throw new IllegalArgumentException("maxMemory must be more than 0: " + maxMemory);
        }
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("time must be more than 0: " + time);
        }
        this.maxPixels = maxPixels;
        this.time = time;
        this.clock = clock;
        this.patience = patience;
        this.foreign = foreign;
        this.maxMemory = maxMemory;
        this.memory = new MemoryBudget(scheduler, maxMemory);
        for (ImageFormat format : ImageFormat.values()) {
            if (format != ImageFormat.RAW && !format.isForeign()) {
                reader(format).dispose();
            }
        }
    }

    /** What is decoded here, in the order of the enum. */
    public List<ImageFormat> formats() {
        return Stream.of(ImageFormat.values())
                .filter(format -> !format.isForeign() || foreign.formats().contains(format))
                .toList();
    }

    /**
     * The bytes that pictures may take at one time while they are decoded: a third of the largest heap of this process, or what one
     * ordinary picture of the largest size takes, if that is less.
     *
     * @param maxPixels of one picture
     */
    public static long memoryFor(long maxPixels) {
        long share = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP;
        return Math.max(LEAST_MEMORY, Math.min(share, DecodeMemory.ALWAYS + maxPixels * BYTES_PER_PIXEL));
    }

    /**
     * How many pixels a picture may have that is read as a whole, with four bytes for each pixel: a lossless WebP, or one with
     * transparency, without its codes. Most others are thinned out while they are read.
     *
     * @param memory bytes, as {@link #memoryFor} gives them
     */
    public static long pixelsReadWhole(long memory) {
        return Math.max(0, memory - DecodeMemory.ALWAYS) / 4;
    }

    /**
     * What the first bytes say, whatever the rest is.
     *
     * @throws UnsupportedImageException if they begin like none of the formats that are decoded here
     */
    public ImageFormat formatOf(byte[] bytes) {
        ImageFormat format = ImageFormat.sniff(bytes)
                .orElseThrow(() -> new UnsupportedImageException(
                        "not a picture we can read: the bytes look like " + Lookalike.of(bytes) + "; " + accepted()));
        if (format.isForeign() && !foreign.formats().contains(format)) {
            throw new UnsupportedImageException(
                    "a picture in the format %s, and this server has no decoder for it: %s; %s"
                            .formatted(format.title(), foreign.advice(format), accepted()));
        }
        return format;
    }

    private String accepted() {
        List<String> titles = formats().stream().map(ImageFormat::title).toList();
        return "accepted are " + String.join(", ", titles.subList(0, titles.size() - 1)) + " and "
                + titles.get(titles.size() - 1);
    }

    /**
     * Decodes what a viewer sees first, upright, for a model: colour profiles are ignored, as they were in the model's training. Of an
     * animation that is the first frame on its canvas, or if that is of one colour, the first that is not. Waits while other pictures take
     * the memory, and until the scheduler lets the ticket run. Decoding pauses while other work goes first.
     *
     * @param ticket of the decoder's scheduler
     * @param use is called once, on the calling thread, while memory is reserved for the pixels; they must not be kept
     * @return what {@code use} returns, which may also throw
     * @throws UnsupportedImageException if the bytes begin like none of the formats that are decoded here
     * @throws ImageTooLargeException if the header announces more pixels than allowed, or more than fit into the memory
     * @throws DamagedImageException if the picture is cut off or otherwise cannot be decoded
     * @throws ImageTooSlowException if it takes too much of a processor's time
     * @throws DecoderBusyException if others do not end in time, or the thread is interrupted
     * @throws DecoderUnavailableException if the program that decodes a foreign format cannot be started any more
     */
    public <T extends @Nullable Object> T decode(byte[] bytes, Ticket ticket, Function<DecodedImage, T> use) {
        try (Decoded decoded = decode(bytes, ticket, Rendering.FOR_A_MODEL)) {
            return use.apply(decoded.image());
        }
    }

    /**
     * Decodes what a viewer sees first, upright, for people: a colour profile is followed, if the reader of the format can do so. Otherwise
     * like {@link #decode}.
     */
    public <T extends @Nullable Object> T decodeInTrueColors(
            byte[] bytes, Ticket ticket, Function<DecodedImage, T> use) {
        try (Decoded decoded = decode(bytes, ticket, Rendering.FOR_PEOPLE)) {
            return use.apply(decoded.image());
        }
    }

    /**
     * Makes a thumbnail: what a viewer sees first, upright and in true colours, of at most {@code side} x {@code side} pixels. Waits as
     * {@link #decode} does, and throws what it throws.
     *
     * @param format must be available
     */
    public byte[] thumbnail(byte[] bytes, int side, ThumbnailFormat format, Ticket ticket) {
        try (Decoded decoded = decode(bytes, ticket, new Rendering(true, side))) {
            return ticket.run(slice -> decoded.image().thumbnail(side, format, slice::yieldToOthers));
        }
    }

    /**
     * How a picture is decoded.
     *
     * @param trueColors whether a colour profile is followed
     * @param side the longer side that it is to be shown with, in pixels; 0 if the pixels that a model needs are enough
     */
    private record Rendering(boolean trueColors, int side) {
        static final Rendering FOR_A_MODEL = new Rendering(false, 0);
        static final Rendering FOR_PEOPLE = new Rendering(true, 0);

        Thinning thinning(ImageFormat format, int width, int height) {
            return Thinning.of(format, width, height, side);
        }
    }

    /** @param lease of the memory that the image takes */
    private record Decoded(DecodedImage image, Lease lease) implements AutoCloseable {
        Decoded as(ImageFormat original) {
            return new Decoded(image.as(original), lease);
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    private Decoded decode(byte[] bytes, Ticket ticket, Rendering rendering) {
        ImageFormat format = formatOf(bytes);
        return format.isForeign()
                ? decodeForeign(format, bytes, ticket, rendering)
                : decode(format, bytes, ticket, rendering, true);
    }

    private Decoded decodeForeign(ImageFormat format, byte[] bytes, Ticket ticket, Rendering rendering) {
        ForeignDecoder.Picture picture = foreign.open(format, bytes);
        checkSize(picture.width(), picture.height());
        return picture.decode(ticket, time, patience, converted -> {
            ImageFormat between = ImageFormat.sniff(converted)
                    .filter(known -> known == ImageFormat.JPEG || known == ImageFormat.PNG)
                    .orElseThrow(() -> new DamagedImageException(
                            "damaged " + format.title() + ": its decoder made neither a JPEG nor a PNG of it"));
            try {
                // Upright by now. The orientation may still be in the EXIF block, as it was in the original.
                return decode(between, converted, ticket, rendering, false).as(format);
            } catch (DamagedImageException e) {
                throw new DamagedImageException(
                        "damaged " + format.title() + ": what its decoder made of it is damaged (" + e.getMessage()
                                + ")",
                        e);
            }
        });
    }

    private Decoded decode(ImageFormat format, byte[] bytes, Ticket ticket, Rendering rendering, boolean turning) {
        Deadline deadline = new Deadline(time, clock);
        try {
            ReaderInput whole = ReaderInput.of(format, bytes);
            ReaderInput input = turning ? whole : whole.turned(Orientation.UPRIGHT);
            Container container = input.container();
            checkSize(container.maxWidth(), container.maxHeight());
            long codes = 0;
            for (LosslessWebp pixels : container.lossless()) {
                codes = Math.max(codes, pixels.requireModest(input.bytes(), deadline));
            }
            Optional<ColorProfile> profile =
                    rendering.trueColors ? FileProfile.of(input.format(), input.bytes()) : Optional.empty();
            Optional<Animation> animation =
                    Animation.of(input.format(), input.bytes()).map(this::fitting);
            if (animation.isPresent() && !animation.get().beginsWhole()) {
                return compose(animation.get(), container.orientation(), codes, ticket, rendering, profile, deadline);
            }
            Decoded first = decode(format, input, codes, ticket, rendering, profile, deadline);
            if (animation.isEmpty()
                    || animation.get().frames().size() == 1
                    || !first.image().isOfOneColor()) {
                return first;
            }
            first.close();
            return compose(animation.get(), container.orientation(), codes, ticket, rendering, profile, deadline);
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw refusal(format, e);
        }
    }

    /** A GIF that says it is larger than we decode, and has a small picture, is taken for the small picture. */
    private Animation fitting(Animation animation) {
        boolean fits = fits(animation.width(), animation.height());
        return fits || animation.format() != ImageFormat.GIF ? animation : animation.croppedToFirst();
    }

    /** Readers answer hostile bytes with failures of every kind, and may have put ours into one of theirs. */
    private static RuntimeException refusal(ImageFormat format, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamagedImageException
                    || cause instanceof UnsupportedImageException
                    || cause instanceof ImageTooLargeException
                    || cause instanceof ImageTooSlowException
                    || cause instanceof DecoderBusyException) {
                return (RuntimeException) cause;
            }
        }
        String reason = failure.getMessage() != null
                ? failure.getMessage()
                : failure.getClass().getSimpleName();
        if (UNSUPPORTED.matcher(reason).find()) {
            return UnsupportedImageException.of(format.title() + " (" + reason + ")");
        }
        return new DamagedImageException("damaged " + format.title() + ": " + reason, failure);
    }

    private Decoded decode(
            ImageFormat format,
            ReaderInput input,
            long codes,
            Ticket ticket,
            Rendering rendering,
            Optional<ColorProfile> profile,
            Deadline deadline)
            throws IOException {
        ImageReader reader = reader(input.format());
        Container container = input.container();
        try (WatchedInput in = new WatchedInput(input.bytes(), deadline)) {
            // Metadata ignored: a few compressed kilobytes of text in a PNG would unfold to gigabytes.
            reader.setInput(in, true, true);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            checkSize(width, height);
            if (input.format() == ImageFormat.TIFF) {
                checkDepth(reader.getImageTypes(0).next(), (long) width * height);
            }
            DecodeMemory memory = DecodeMemory.of(
                    input.format(), input.bytes(), reader, Math.max(width, container.maxWidth()), codes);
            Thinning detailed = rendering.thinning(input.format(), width, height);
            // Rather a thumbnail with less detail than none of a picture that was taken.
            Thinning thinning = memory.bytes(width, height, detailed) <= maxMemory
                    ? detailed
                    : Thinning.of(input.format(), width, height);
            long needed = memory.bytes(width, height, thinning);
            if (needed > maxMemory) {
                throw ImageTooLargeException.forMemory(
                        format, width, height, memory.pixelsThatFit(width, height, maxMemory));
            }
            return reserve(needed, ticket, deadline, () -> {
                // The size was checked above, and the memory for it is there.
                in.becomeEndless();
                BufferedImage picture = inMeantColors(
                        read(reader, input.bytes(), input.format(), thinning, rendering, deadline), profile);
                byte[] rgb = Pixels.upright(picture, container.orientation(), deadline);
                return image(format, container.orientation(), width, height, picture, rgb);
            });
        } finally {
            reader.dispose();
        }
    }

    private Decoded compose(
            Animation animation,
            Orientation orientation,
            long codes,
            Ticket ticket,
            Rendering rendering,
            Optional<ColorProfile> profile,
            Deadline deadline)
            throws IOException {
        int width = animation.width();
        int height = animation.height();
        checkSize(width, height);
        Thinning detailed = rendering.thinning(animation.format(), width, height);
        Thinning thinning = DecodeMemory.of(animation, detailed, codes) <= maxMemory
                ? detailed
                : Thinning.of(animation.format(), width, height);
        for (Animation.Frame frame : animation.frames()) {
            checkSize(frame.place().width(), frame.place().height());
        }
        long needed = DecodeMemory.of(animation, thinning, codes);
        if (needed > maxMemory) {
            throw ImageTooLargeException.forMemory(
                    animation.format(), width, height, (long) width * height * maxMemory / needed);
        }
        return reserve(needed, ticket, deadline, () -> {
            byte[] rgb = Composition.firstSight(
                    animation,
                    thinning,
                    orientation,
                    frame -> inMeantColors(frame(animation.format(), frame, thinning, rendering, deadline), profile),
                    deadline);
            return image(
                    animation.format(), orientation, width, height, thinning.kept(width), thinning.kept(height), rgb);
        });
    }

    private static BufferedImage frame(
            ImageFormat format, Animation.Frame frame, Thinning thinning, Rendering rendering, Deadline deadline)
            throws IOException {
        byte[] bytes = frame.file().bytes();
        ImageReader reader = reader(format);
        try (WatchedInput in = new WatchedInput(bytes, deadline)) {
            reader.setInput(in, true, true);
            int width = reader.getWidth(0);
            int height = reader.getHeight(0);
            if (width != frame.place().width() || height != frame.place().height()) {
                throw new DamagedImageException("damaged %s: a frame of %dx%d pixels in a place for %dx%d"
                        .formatted(
                                format,
                                width,
                                height,
                                frame.place().width(),
                                frame.place().height()));
            }
            in.becomeEndless();
            return read(reader, bytes, format, thinning.within(width, height), rendering, deadline);
        } finally {
            reader.dispose();
        }
    }

    private interface Work {
        DecodedImage get() throws IOException;
    }

    /** Does the work when there is memory for it, and the ticket may run. */
    private Decoded reserve(long needed, Ticket ticket, Deadline deadline, Work work) throws IOException {
        Lease lease = acquire(needed, ticket);
        try {
            DecodedImage image = ticket.run(slice -> {
                deadline.during(slice);
                return work.get();
            });
            lease.shrinkTo(Math.min(needed, image.bytes()));
            return new Decoded(image, lease);
        } catch (IOException | RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private Lease acquire(long bytes, Ticket ticket) {
        try {
            return memory.acquire(bytes, ticket, patience);
        } catch (TimeoutException e) {
            throw new DecoderBusyException(
                    "other pictures have been decoded for " + patience.toMillis() + " ms; try again later");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DecoderBusyException("interrupted while other pictures were decoded");
        }
    }

    private static BufferedImage read(
            ImageReader reader,
            byte[] bytes,
            ImageFormat format,
            Thinning thinning,
            Rendering rendering,
            Deadline deadline)
            throws IOException {
        // A JPEG that is cut off within a scan decodes to grey below the cut, with no more than a warning.
        AtomicReference<@Nullable String> cutOff = new AtomicReference<>();
        reader.addIIOReadWarningListener((source, warning) -> {
            if (warning.toLowerCase(Locale.ROOT).contains("premature end")) {
                cutOff.set(warning);
            }
        });
        reader.addIIOReadProgressListener(new ProgressListenerBase() {
            @Override
            public void imageProgress(ImageReader source, float percentageDone) {
                deadline.check();
            }
        });
        ImageReadParam param = reader.getDefaultReadParam();
        thinning.applyTo(param);
        if (!rendering.trueColors) {
            keepProfile(reader, param);
        }
        BufferedImage picture =
                format == ImageFormat.TIFF ? TiffColors.read(reader, bytes, param, deadline) : reader.read(0, param);
        if (cutOff.get() != null) {
            throw new DamagedImageException("damaged " + format + ": cut off (" + cutOff.get() + ")");
        }
        return rendering.trueColors ? picture : Pixels.withoutProfile(picture);
    }

    private static DecodedImage image(
            ImageFormat format, Orientation orientation, int width, int height, BufferedImage stored, byte[] rgb) {
        return image(format, orientation, width, height, stored.getWidth(), stored.getHeight(), rgb);
    }

    private static DecodedImage image(
            ImageFormat format,
            Orientation orientation,
            int width,
            int height,
            int storedWidth,
            int storedHeight,
            byte[] rgb) {
        return orientation.swapsSides()
                ? new DecodedImage(format, height, width, storedHeight, storedWidth, rgb)
                : new DecodedImage(format, width, height, storedWidth, storedHeight, rgb);
    }

    private static BufferedImage inMeantColors(BufferedImage picture, Optional<ColorProfile> profile) {
        return profile.map(found -> found.on(picture)).orElse(picture);
    }

    private void checkSize(long width, long height) {
        if (!fits(width, height)) {
            throw new ImageTooLargeException(width, height, maxPixels);
        }
    }

    private boolean fits(long width, long height) {
        return width <= MAX_SIDE && height <= MAX_SIDE && width * height <= maxPixels;
    }

    /** A TIFF may have any number of samples a pixel: the limit on pixels is kept for what takes 256 bits each. */
    private void checkDepth(ImageTypeSpecifier type, long pixels) {
        long bits = 0;
        for (int band = 0; band < type.getNumBands(); band++) {
            bits += type.getBitsPerBand(band);
        }
        if (pixels * bits > maxPixels * 256) {
            throw new DamagedImageException("damaged TIFF: %d bits for each of %d pixels".formatted(bits, pixels));
        }
    }

    /** Some readers convert to standard colours unless they are asked for the picture's own. */
    private static void keepProfile(ImageReader reader, ImageReadParam param) throws IOException {
        Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
        while (types.hasNext()) {
            ImageTypeSpecifier type = types.next();
            if (Pixels.hasProfile(type.getColorModel())) {
                param.setDestinationType(type);
                return;
            }
        }
    }

    private static ImageReader reader(ImageFormat format) {
        @Nullable ImageReader found = null;
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format.name());
        while (readers.hasNext()) {
            ImageReader next = readers.next();
            // The JDK's own JPEG and TIFF readers get the colours of CMYK wrong.
            if (found == null || next.getClass().getName().startsWith("com.twelvemonkeys.")) {
                found = next;
            }
        }
        if (found == null) {
            throw new IllegalStateException("no reader for " + format + " on the class path");
        }
        return found;
    }
}

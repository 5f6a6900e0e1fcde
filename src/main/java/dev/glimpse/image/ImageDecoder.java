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
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;
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
    /** Above a phone's everyday photo. At most 350 MB of heap while decoded, 550 MB with 16 bits a sample and alpha. */
    public static final long DEFAULT_MAX_PIXELS = 50_000_000;

    /** The largest WebP that is accepted takes two thirds of it on a server of 2025; anything else a fifth. */
    public static final Duration DEFAULT_TIME = Duration.ofSeconds(10);

    /** Three bytes each have to fit into an array. */
    public static final long MOST_PIXELS = 500_000_000;

    /** What JPEG and GIF can hold at most; beyond it the resampling weights of one line alone would take much memory. */
    static final int MAX_SIDE = 65_535;

    /**
     * Large pictures are thinned out while being read, to no less than this short side: three times what a model usually
     * looks at, so that every pixel it sees is still an average of many. Cosine to the whole picture: 0.999997 and more, see
     * docs/benchmarks/decoding.txt.
     */
    private static final int KEPT_SHORT_SIDE = 672;

    /** For the pictures before it; each takes much less, see {@link #DEFAULT_TIME}. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final long maxPixels;
    private final Duration time;
    private final LongSupplier clock;
    private final Duration patience;
    private final ForeignDecoder foreign;

    /** Pixels being decoded at one time, over all threads: one picture of the largest size, or many small ones. */
    private final MemoryBudget pixels;

    static {
        // A picture is in memory already: no temporary files.
        ImageIO.setUseCache(false);
    }

    /**
     * A decoder with {@link #DEFAULT_TIME}.
     *
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture, and of all that are decoded at one time; 1 to 500,000,000
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels) {
        this(scheduler, maxPixels, DEFAULT_TIME);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture, and of all that are decoded at one time; 1 to 500,000,000
     * @param time of a processor that one picture may take
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels, Duration time) {
        this(scheduler, maxPixels, time, ForeignDecoder.NONE);
    }

    /**
     * @param scheduler of all tickets that are used with this decoder
     * @param maxPixels of one picture, and of all that are decoded at one time; 1 to 500,000,000
     * @param time of a processor that one picture may take; one of a foreign format may take it twice, there and here
     * @param foreign decodes the formats that no reader in this process knows
     * @throws IllegalStateException if this runtime lacks the reader of an accepted format
     */
    public ImageDecoder(FairScheduler scheduler, long maxPixels, Duration time, ForeignDecoder foreign) {
        this(scheduler, maxPixels, time, Deadline.PROCESSOR_TIME, PATIENCE, foreign);
    }

    /** @param patience how long a picture waits while other pictures take the pixels */
    ImageDecoder(FairScheduler scheduler, long maxPixels, Duration time, LongSupplier clock, Duration patience) {
        this(scheduler, maxPixels, time, clock, patience, ForeignDecoder.NONE);
    }

    private ImageDecoder(
            FairScheduler scheduler,
            long maxPixels,
            Duration time,
            LongSupplier clock,
            Duration patience,
            ForeignDecoder foreign) {
        if (maxPixels < 1 || maxPixels > MOST_PIXELS) {
            throw new IllegalArgumentException("maxPixels must be 1 to " + MOST_PIXELS + ": " + maxPixels);
        }
        if (time.isNegative() || time.isZero()) {
            throw new IllegalArgumentException("time must be more than 0: " + time);
        }
        this.maxPixels = maxPixels;
        this.time = time;
        this.clock = clock;
        this.patience = patience;
        this.foreign = foreign;
        this.pixels = new MemoryBudget(scheduler, maxPixels);
        for (ImageFormat format : ImageFormat.values()) {
            if (!format.isForeign()) {
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
     * Decodes the first frame, upright, for a model: colour profiles are ignored, as they were in the model's training. Waits while
     * other pictures take all the pixels that may be decoded at one time, and until the scheduler lets the ticket run. Decoding pauses
     * while other work goes first.
     *
     * @param ticket of the decoder's scheduler
     * @throws UnsupportedImageException if the bytes begin like none of the formats that are decoded here
     * @throws ImageTooLargeException if the header announces more pixels than allowed
     * @throws DamagedImageException if the picture is cut off or otherwise cannot be decoded
     * @throws ImageTooSlowException if it takes too much of a processor's time
     * @throws DecoderBusyException if others do not end in time, or the thread is interrupted
     * @throws DecoderUnavailableException if the program that decodes a foreign format cannot be started any more
     */
    public DecodedImage decode(byte[] bytes, Ticket ticket) {
        return decode(bytes, ticket, false);
    }

    /**
     * Decodes the first frame, upright, for people: a colour profile is followed, if the reader of the format can do so. Otherwise like
     * {@link #decode}.
     */
    public DecodedImage decodeInTrueColors(byte[] bytes, Ticket ticket) {
        return decode(bytes, ticket, true);
    }

    private DecodedImage decode(byte[] bytes, Ticket ticket, boolean trueColors) {
        ImageFormat format = formatOf(bytes);
        return format.isForeign()
                ? decodeForeign(format, bytes, ticket, trueColors)
                : decode(format, bytes, ticket, trueColors, true);
    }

    private DecodedImage decodeForeign(ImageFormat format, byte[] bytes, Ticket ticket, boolean trueColors) {
        ForeignDecoder.Picture picture = foreign.open(format, bytes);
        checkSize(picture.width(), picture.height());
        return picture.decode(ticket, time, patience, converted -> {
            ImageFormat between = ImageFormat.sniff(converted)
                    .filter(known -> known == ImageFormat.JPEG || known == ImageFormat.PNG)
                    .orElseThrow(() -> new DamagedImageException(
                            "damaged " + format.title() + ": its decoder made neither a JPEG nor a PNG of it"));
            try {
                // Upright by now. The orientation may still be in the EXIF block, as it was in the original.
                return decode(between, converted, ticket, trueColors, false).as(format);
            } catch (DamagedImageException e) {
                throw new DamagedImageException(
                        "damaged " + format.title() + ": what its decoder made of it is damaged (" + e.getMessage()
                                + ")",
                        e);
            }
        });
    }

    private DecodedImage decode(ImageFormat format, byte[] bytes, Ticket ticket, boolean trueColors, boolean turning) {
        Deadline deadline = new Deadline(time, clock);
        ImageReader reader = reader(format);
        try (ImageInputStream in = new WatchedInput(bytes, deadline)) {
            Container container = Container.walk(format, bytes);
            checkSize(container.maxWidth(), container.maxHeight());
            container.lossless().forEach(pixels -> pixels.requireModest(bytes, deadline));
            Orientation orientation = turning ? container.orientation() : Orientation.UPRIGHT;
            return decode(reader, in, format, orientation, ticket, trueColors, deadline);
        } catch (IOException | RuntimeException | StackOverflowError e) {
            throw refusal(format, e);
        } finally {
            reader.dispose();
        }
    }

    /** Readers answer hostile bytes with failures of every kind, and may have put ours into one of theirs. */
    private static RuntimeException refusal(ImageFormat format, Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamagedImageException
                    || cause instanceof ImageTooLargeException
                    || cause instanceof ImageTooSlowException
                    || cause instanceof DecoderBusyException) {
                return (RuntimeException) cause;
            }
        }
        String reason = failure.getMessage() != null
                ? failure.getMessage()
                : failure.getClass().getSimpleName();
        return new DamagedImageException("damaged " + format + ": " + reason, failure);
    }

    @SuppressWarnings("try") // the lease is held, not used
    private DecodedImage decode(
            ImageReader reader,
            ImageInputStream in,
            ImageFormat format,
            Orientation orientation,
            Ticket ticket,
            boolean trueColors,
            Deadline deadline)
            throws IOException {
        // Metadata ignored: a few compressed kilobytes of text in a PNG would unfold to gigabytes.
        reader.setInput(in, true, true);
        int width = reader.getWidth(0);
        int height = reader.getHeight(0);
        checkSize(width, height);
        if (format == ImageFormat.TIFF) {
            checkDepth(reader.getImageTypes(0).next(), (long) width * height);
        }
        long size = (long) width * height;
        try (Lease lease = acquirePixels(size, ticket)) {
            return ticket.run(slice -> {
                deadline.during(slice);
                return read(reader, format, orientation, width, height, trueColors, deadline);
            });
        }
    }

    private Lease acquirePixels(long size, Ticket ticket) {
        try {
            return pixels.acquire(size, ticket, patience);
        } catch (TimeoutException e) {
            throw new DecoderBusyException(
                    "other pictures have been decoded for " + patience.toMillis() + " ms; try again later");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new DecoderBusyException("interrupted while other pictures were decoded");
        }
    }

    private static DecodedImage read(
            ImageReader reader,
            ImageFormat format,
            Orientation orientation,
            int width,
            int height,
            boolean trueColors,
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
        ImageReadParam param = thinning(reader, format, width, height);
        if (!trueColors) {
            keepProfile(reader, param);
        }
        BufferedImage picture = reader.read(0, param);
        if (cutOff.get() != null) {
            throw new DamagedImageException("damaged " + format + ": cut off (" + cutOff.get() + ")");
        }

        byte[] rgb = Pixels.upright(trueColors ? picture : Pixels.withoutProfile(picture), orientation, deadline);
        boolean turned = orientation.swapsSides();
        return new DecodedImage(
                format,
                turned ? height : width,
                turned ? width : height,
                turned ? picture.getHeight() : picture.getWidth(),
                turned ? picture.getWidth() : picture.getHeight(),
                rgb);
    }

    private void checkSize(long width, long height) {
        if (width > MAX_SIDE || height > MAX_SIDE || width * height > maxPixels) {
            throw new ImageTooLargeException(width, height, maxPixels);
        }
    }

    /** A TIFF may have any number of samples a pixel: the limit on pixels is kept for what takes 64 bits each. */
    private void checkDepth(ImageTypeSpecifier type, long pixels) {
        long bits = 0;
        for (int band = 0; band < type.getNumBands(); band++) {
            bits += type.getBitsPerBand(band);
        }
        if (pixels * bits > maxPixels * 64) {
            throw new DamagedImageException("damaged TIFF: %d bits for each of %d pixels".formatted(bits, pixels));
        }
    }

    private static ImageReadParam thinning(ImageReader reader, ImageFormat format, int width, int height) {
        ImageReadParam param = reader.getDefaultReadParam();
        int step = Math.min(width, height) / KEPT_SHORT_SIDE;
        // The WebP reader saves nothing by it, and gets the colours of lossy pictures wrong.
        if (step > 1 && format != ImageFormat.WEBP) {
            // The middle of each step, except that the TIFF reader only knows its beginning.
            int first = format == ImageFormat.TIFF ? 0 : (step - 1) / 2;
            param.setSourceSubsampling(step, step, first, first);
        }
        return param;
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

package dev.glimpse.image;

import dev.glimpse.fairness.Lease;
import dev.glimpse.fairness.Ticket;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.Optional;
import java.util.function.ToLongFunction;

/** One file on its way to upright pixels. For one thread. */
final class Decoding {
    private final ImageFormat format;
    private final ReaderInput input;
    private final Rendering rendering;
    private final DecodeLimits limits;
    private final Ticket ticket;
    private final Deadline deadline;
    private final Optional<ColorProfile> profile;

    /** What the Huffman codes and transforms of a lossless WebP take, in bytes. */
    private final long codes;

    /**
     * @param format of the file as it was sent
     * @throws ImageTooLargeException if a picture inside has more pixels than allowed
     * @throws DamagedImageException if the file is built to exhaust its reader
     */
    Decoding(
            ImageFormat format,
            ReaderInput input,
            Rendering rendering,
            DecodeLimits limits,
            Ticket ticket,
            Deadline deadline) {
        this.format = format;
        this.input = input;
        this.rendering = rendering;
        this.limits = limits;
        this.ticket = ticket;
        this.deadline = deadline;
        Container container = input.container();
        limits.requireAllowed(container.maxWidth(), container.maxHeight());
        long most = 0;
        for (LosslessWebp pixels : container.lossless()) {
            most = Math.max(most, pixels.requireModest(input.bytes(), deadline));
        }
        this.codes = most;
        this.profile = rendering.trueColors() ? FileProfile.of(input.format(), input.bytes()) : Optional.empty();
    }

    /** @param lease of the memory that the image takes */
    record Decoded(DecodedImage image, Lease lease) implements AutoCloseable {
        Decoded as(ImageFormat original) {
            return new Decoded(image.as(original), lease);
        }

        @Override
        public void close() {
            lease.close();
        }
    }

    /**
     * What a viewer sees first: the picture, or the first frame of an animation that is not of one colour, on its canvas.
     *
     * @return to be closed when the image is not used any more
     * @throws IOException or any {@link RuntimeException}, as the reader likes, if it cannot be decoded
     */
    Decoded firstSight() throws IOException {
        Optional<Animation> animation =
                Animation.of(input.format(), input.bytes()).map(this::fitting);
        if (animation.isPresent() && !animation.get().beginsWhole()) {
            return composed(animation.get());
        }
        Decoded first = alone();
        if (animation.isEmpty()
                || animation.get().frames().size() == 1
                || !first.image().isOfOneColor()) {
            return first;
        }
        first.close();
        return composed(animation.get());
    }

    /** A GIF that says it is larger than we decode, and has a small picture, is taken for the small picture. */
    private Animation fitting(Animation animation) {
        boolean fits = limits.allow(animation.width(), animation.height());
        return fits || animation.format() != ImageFormat.GIF ? animation : animation.croppedToFirst();
    }

    /** The picture of a file that has one, or the first of several. */
    private Decoded alone() throws IOException {
        try (PictureReader reader = PictureReader.open(input.format(), input.bytes(), deadline)) {
            int width = reader.width();
            int height = reader.height();
            limits.requireAllowed(width, height);
            if (input.format() == ImageFormat.TIFF) {
                limits.requireModestDepth(reader.bitsPerPixel(), (long) width * height);
            }
            DecodeMemory memory =
                    reader.memory(Math.max(width, input.container().maxWidth()), codes);
            Thinning thinning = thinning(width, height, each -> memory.bytes(width, height, each));
            long needed = memory.bytes(width, height, thinning);
            if (!limits.fit(needed)) {
                throw ImageTooLargeException.forMemory(
                        format, width, height, memory.pixelsThatFit(width, height, limits.maxMemory()));
            }
            return reserve(needed, () -> {
                BufferedImage picture = inMeantColors(reader.read(thinning, rendering.trueColors()));
                byte[] rgb = Pixels.upright(picture, orientation(), deadline);
                return DecodedImage.upright(
                        format, orientation(), width, height, picture.getWidth(), picture.getHeight(), rgb);
            });
        }
    }

    private Decoded composed(Animation animation) throws IOException {
        int width = animation.width();
        int height = animation.height();
        limits.requireAllowed(width, height);
        for (Animation.Frame frame : animation.frames()) {
            limits.requireAllowed(frame.place().width(), frame.place().height());
        }
        Thinning thinning = thinning(width, height, each -> DecodeMemory.of(animation, each, codes));
        long needed = DecodeMemory.of(animation, thinning, codes);
        if (!limits.fit(needed)) {
            throw ImageTooLargeException.forMemory(
                    format, width, height, (long) width * height * limits.maxMemory() / needed);
        }
        return reserve(needed, () -> {
            byte[] rgb = Composition.firstSight(
                    animation, thinning, orientation(), frame -> inMeantColors(frame(frame, thinning)), deadline);
            return DecodedImage.upright(
                    format, orientation(), width, height, thinning.kept(width), thinning.kept(height), rgb);
        });
    }

    /**
     * How the picture is thinned out: rather a thumbnail with less detail than none of a picture that was taken.
     *
     * @param needed the bytes that a thinning takes
     */
    private Thinning thinning(int width, int height, ToLongFunction<Thinning> needed) {
        Thinning detailed = rendering.thinning(input.format(), width, height);
        return limits.fit(needed.applyAsLong(detailed)) ? detailed : Thinning.of(input.format(), width, height);
    }

    private BufferedImage frame(Animation.Frame frame, Thinning thinning) throws IOException {
        Animation.Place place = frame.place();
        try (PictureReader reader =
                PictureReader.open(input.format(), frame.file().bytes(), deadline)) {
            int width = reader.width();
            int height = reader.height();
            if (width != place.width() || height != place.height()) {
                throw new DamagedImageException("damaged %s: a frame of %dx%d pixels in a place for %dx%d"
                        .formatted(format, width, height, place.width(), place.height()));
            }
            return reader.read(thinning.within(width, height), rendering.trueColors());
        }
    }

    private interface Work {
        DecodedImage get() throws IOException;
    }

    /** Does the work when there is memory for it, and the ticket may run. */
    private Decoded reserve(long needed, Work work) throws IOException {
        long asked = System.nanoTime();
        Lease lease = limits.acquire(needed, ticket);
        try {
            DecodedImage image = ticket.run(slice -> {
                long begun = System.nanoTime();
                limits.waited(begun - asked);
                deadline.during(slice);
                DecodedImage decoded = work.get();
                limits.ran(System.nanoTime() - begun);
                return decoded;
            });
            lease.shrinkTo(Math.min(needed, image.bytes()));
            return new Decoded(image.taken(input.container().exif().takenAt()), lease);
        } catch (IOException | RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private Orientation orientation() {
        return input.container().exif().orientation();
    }

    private BufferedImage inMeantColors(BufferedImage picture) {
        return profile.map(found -> found.on(picture)).orElse(picture);
    }
}

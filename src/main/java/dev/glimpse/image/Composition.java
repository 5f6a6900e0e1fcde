package dev.glimpse.image;

import java.awt.AlphaComposite;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Lays the frames of an animation on their canvas, as viewers do. */
final class Composition {
    /** Lossy frames of one colour are not quite. */
    private static final int SAME_COLOR = 3;

    private Composition() {}

    /** Decodes one frame of an animation. */
    interface FrameReader {
        /**
         * Decodes it.
         *
         * @throws RuntimeException with a name of ours, or any other, if the frame cannot be decoded
         */
        BufferedImage read(Animation.Frame frame) throws IOException;
    }

    /**
     * What a viewer sees first: the first frame on its canvas, upright, white where nothing is. If that is of one colour, the first frame
     * that is not, unless that takes more than half of the time or its file is damaged before.
     *
     * @param thinning of the canvas; frames come thinned out by the same step
     * @return red, green and blue bytes
     * @throws IOException if the first frame cannot be decoded
     * @throws RuntimeException if the first frame cannot be decoded
     */
    static byte[] firstSight(
            Animation animation, Thinning thinning, Orientation orientation, FrameReader reader, Deadline deadline)
            throws IOException {
        BufferedImage canvas = new BufferedImage(
                thinning.kept(animation.width()), thinning.kept(animation.height()), BufferedImage.TYPE_INT_ARGB);
        byte @Nullable [] first = null;
        for (Animation.Frame frame : animation.frames()) {
            BufferedImage read;
            try {
                read = reader.read(frame);
            } catch (IOException | RuntimeException e) {
                if (first == null) {
                    throw e;
                }
                break;
            }
            @Nullable BufferedImage before = frame.disposal() == Animation.Disposal.RESTORED ? copy(canvas) : null;
            draw(canvas, frame, read, thinning.step());
            byte[] seen = Pixels.upright(canvas, orientation, deadline);
            if (!isOfOneColor(seen)) {
                return seen;
            }
            first = first == null ? seen : first;
            if (deadline.isHalfOver()) {
                break;
            }
            if (before != null) {
                canvas = before;
            } else if (frame.disposal() == Animation.Disposal.CLEARED) {
                clear(canvas, frame, read, thinning.step());
            }
        }
        if (first == null) {
            throw new IllegalStateException("an animation has at least one frame");
        }
        return first;
    }

    /** Whether there is nothing to see: all pixels are as good as the first. */
    static boolean isOfOneColor(byte[] rgb) {
        for (int at = 3; at < rgb.length; at++) {
            if (Math.abs((rgb[at] & 0xFF) - (rgb[at % 3] & 0xFF)) > SAME_COLOR) {
                return false;
            }
        }
        return true;
    }

    private static void draw(BufferedImage canvas, Animation.Frame frame, BufferedImage read, int step) {
        Graphics2D graphics = canvas.createGraphics();
        graphics.setComposite(frame.covers() ? AlphaComposite.Src : AlphaComposite.SrcOver);
        graphics.drawImage(read, frame.place().x() / step, frame.place().y() / step, null);
        graphics.dispose();
    }

    private static void clear(BufferedImage canvas, Animation.Frame frame, BufferedImage read, int step) {
        Graphics2D graphics = canvas.createGraphics();
        graphics.setComposite(AlphaComposite.Clear);
        graphics.fillRect(frame.place().x() / step, frame.place().y() / step, read.getWidth(), read.getHeight());
        graphics.dispose();
    }

    private static BufferedImage copy(BufferedImage canvas) {
        BufferedImage copy = new BufferedImage(canvas.getWidth(), canvas.getHeight(), canvas.getType());
        copy.setData(canvas.getRaster());
        return copy;
    }
}

package dev.glimpse.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The frames of a GIF or an animated WebP, and the canvas that they are laid on. Reads only the outer structure, up to the first
 * {@value #MOST_FRAMES} frames; what comes after a damaged part is left out.
 *
 * @param frames at least one
 */
record Animation(ImageFormat format, int width, int height, List<Frame> frames) {
    static final int MOST_FRAMES = 50;

    /** What becomes of a frame's place before the next one. */
    enum Disposal {
        STAYS,
        CLEARED,
        RESTORED
    }

    /** A place on the canvas, in pixels from its left and top. */
    record Place(int x, int y, int width, int height) {}

    /**
     * One picture on the canvas.
     *
     * @param covers whether transparent pixels replace what is below them
     * @param file the frame as a file of its own
     */
    record Frame(Place place, boolean covers, Disposal disposal, Piece file) {}

    /** A part of an animation's file, between a beginning and an end that make it a file. Shares the bytes of the animation. */
    static final class Piece {
        private final byte[] beginning;
        private final byte[] animation;
        private final int from;
        private final int to;
        private final byte[] end;

        Piece(byte[] beginning, byte[] animation, int from, int to, byte... end) {
            this.beginning = beginning;
            this.animation = animation;
            this.from = from;
            this.to = to;
            this.end = end;
        }

        byte[] bytes() {
            return ByteBuffer.allocate(beginning.length + to - from + end.length)
                    .put(beginning)
                    .put(animation, from, to - from)
                    .put(end)
                    .array();
        }
    }

    /** Empty if the format has no animations, this file is none, or not even its first frame is there. */
    static Optional<Animation> of(ImageFormat format, byte[] bytes) {
        return switch (format) {
            case GIF -> gif(bytes);
            case WEBP -> webp(bytes);
            default -> Optional.empty();
        };
    }

    /** Whether the first frame alone is all that is to be seen at the beginning. */
    boolean beginsWhole() {
        return frames.get(0).place().equals(new Place(0, 0, width, height));
    }

    /** Cuts off what of the canvas is around the first frame. */
    Animation croppedToFirst() {
        Place first = frames.get(0).place();
        List<Frame> moved = frames.stream()
                .map(frame -> new Frame(
                        new Place(
                                frame.place().x() - first.x(),
                                frame.place().y() - first.y(),
                                frame.place().width(),
                                frame.place().height()),
                        frame.covers(),
                        frame.disposal(),
                        frame.file()))
                .toList();
        return new Animation(format, first.width(), first.height(), moved);
    }

    private static Optional<Animation> gif(byte[] bytes) {
        List<Frame> frames = new ArrayList<>();
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int width = 0;
        int height = 0;
        try {
            width = unsignedShort(file, 6);
            height = unsignedShort(file, 8);
            int at = 13 + palette(bytes[10]);
            byte[] head = Arrays.copyOf(bytes, at);
            byte[] control = {};
            while (frames.size() < MOST_FRAMES && (bytes[at] == 0x21 || bytes[at] == 0x2C)) {
                if (bytes[at] == 0x21) {
                    int end = endOfPieces(bytes, at + 2);
                    if ((bytes[at + 1] & 0xFF) == 0xF9 && end - at == 8) {
                        control = Arrays.copyOfRange(bytes, at, end);
                    }
                    at = end;
                    continue;
                }
                Place place = new Place(
                        unsignedShort(file, at + 1),
                        unsignedShort(file, at + 3),
                        unsignedShort(file, at + 5),
                        unsignedShort(file, at + 7));
                int end = Math.min(bytes.length, endOfPieces(bytes, at + 11 + palette(bytes[at + 9])));
                byte[] beginning = concatenated(head, control);
                frames.add(
                        new Frame(place, false, disposal(control), new Piece(beginning, bytes, at, end, (byte) 0x3B)));
                control = new byte[0];
                at = end;
            }
        } catch (IndexOutOfBoundsException e) {
            // The frames before are there.
        }
        if (frames.isEmpty()) {
            return Optional.empty();
        }
        // Some files say too little of their size, or nothing.
        Place first = frames.get(0).place();
        return Optional.of(new Animation(
                ImageFormat.GIF,
                Math.max(width, first.x() + first.width()),
                Math.max(height, first.y() + first.height()),
                frames));
    }

    private static Disposal disposal(byte[] control) {
        int number = control.length == 0 ? 0 : control[3] >> 2 & 7;
        return number == 2 ? Disposal.CLEARED : number == 3 ? Disposal.RESTORED : Disposal.STAYS;
    }

    private static int palette(byte flags) {
        return (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);
    }

    private static int endOfPieces(byte[] bytes, int start) {
        int at = start;
        while (at < bytes.length && bytes[at] != 0) {
            at += 1 + (bytes[at] & 0xFF);
        }
        return at + 1;
    }

    private static Optional<Animation> webp(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < 30 || !name(bytes, 12).equals("VP8X") || (bytes[20] & 2) == 0) {
            return Optional.empty();
        }
        List<Frame> frames = new ArrayList<>();
        long at = 12;
        while (frames.size() < MOST_FRAMES && at + 8 <= bytes.length) {
            int chunk = (int) at;
            long length = Integer.toUnsignedLong(file.getInt(chunk + 4));
            if (name(bytes, chunk).equals("ANMF") && length >= 24 && at + 8 + length <= bytes.length) {
                frames.add(webpFrame(bytes, file, chunk + 8, (int) length));
            }
            at += 8 + length + (length & 1);
        }
        return frames.isEmpty()
                ? Optional.empty()
                : Optional.of(new Animation(ImageFormat.WEBP, int24(file, 24) + 1, int24(file, 27) + 1, frames));
    }

    private static Frame webpFrame(byte[] bytes, ByteBuffer file, int at, int length) {
        Place place = new Place(
                2 * int24(file, at), 2 * int24(file, at + 3), int24(file, at + 6) + 1, int24(file, at + 9) + 1);
        int flags = bytes[at + 15];
        int data = at + 16;
        boolean alpha = name(bytes, data).equals("ALPH")
                || (name(bytes, data).equals("VP8L") && data + 13 <= bytes.length && (bytes[data + 12] & 0x10) != 0);
        byte[] beginning = ByteBuffer.allocate(30)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(22 + length - 16)
                .put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .putInt(alpha ? 0x10 : 0)
                .put(file.slice(at + 6, 6))
                .array();
        return new Frame(
                place,
                (flags & 2) != 0,
                (flags & 1) != 0 ? Disposal.CLEARED : Disposal.STAYS,
                new Piece(beginning, bytes, data, at + length));
    }

    private static String name(byte[] bytes, int at) {
        return new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
    }

    private static int int24(ByteBuffer file, int at) {
        return (file.getShort(at) & 0xFFFF) | (file.get(at + 2) & 0xFF) << 16;
    }

    private static int unsignedShort(ByteBuffer file, int at) {
        return file.getShort(at) & 0xFFFF;
    }

    private static byte[] concatenated(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }
}

package dev.glimpse.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Walks the segments of a JPEG. Finds what its EXIF block says, and what a reader would stumble over although the picture is whole: a colour profile
 * that is none, and a missing end marker. For one thread.
 */
final class JpegWalk {
    /** A progressive JPEG has about ten. Each costs a pass over all pixels, however few bytes it has. */
    static final int MAX_SCANS = 100;

    /** What a segment begins with that has a piece of a colour profile. */
    static final String PROFILE = "ICC_PROFILE\0";

    private static final int COEFFICIENTS = 64;

    /** By the second byte of the marker that begins the frame. The reader knows the others: 0xC0 to 0xC3. */
    private static final Map<Integer, String> UNSUPPORTED = Map.ofEntries(
            Map.entry(0xC5, "hierarchical JPEG"),
            Map.entry(0xC6, "hierarchical JPEG"),
            Map.entry(0xC7, "hierarchical JPEG"),
            Map.entry(0xC9, "JPEG with arithmetic coding"),
            Map.entry(0xCA, "JPEG with arithmetic coding"),
            Map.entry(0xCB, "JPEG with arithmetic coding"),
            Map.entry(0xCD, "JPEG with arithmetic coding"),
            Map.entry(0xCE, "JPEG with arithmetic coding"),
            Map.entry(0xCF, "JPEG with arithmetic coding"),
            Map.entry(0xF7, "JPEG-LS"));

    private final byte[] bytes;
    private Exif exif = Exif.NONE;
    private final List<Piece> profile = new ArrayList<>();
    private @Nullable Frame frame;
    private int scans;

    /** Where the end marker begins, or -1 if there is none. */
    private int end = -1;

    /** Where whole segments end, if there is no end marker. */
    private int cut;

    /** @param at where the segment begins */
    private record Piece(int at, int length, boolean beforeFrame) {}

    private static final class Frame {
        private final boolean progressive;
        private final int[] ids;

        /** By component and coefficient, how many bits are still missing: 0 once a scan had the last one. */
        private final int[][] missing;

        Frame(boolean progressive, int[] ids) {
            this.progressive = progressive;
            this.ids = ids;
            this.missing = new int[ids.length][COEFFICIENTS];
            for (int[] each : missing) {
                Arrays.fill(each, COEFFICIENTS);
            }
        }

        boolean isWhole() {
            return Arrays.stream(missing)
                    .allMatch(bits -> progressive ? Arrays.stream(bits).allMatch(left -> left == 0) : bits[0] == 0);
        }
    }

    private JpegWalk(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * @throws DamagedImageException if the picture is cut off, or has so many scans that it would exhaust its reader
     * @throws UnsupportedImageException if it is of a kind that the reader does not know
     */
    static JpegWalk of(byte[] bytes) {
        JpegWalk walk = new JpegWalk(bytes);
        walk.segments();
        if (walk.end < 0) {
            walk.requireWhole();
        }
        return walk;
    }

    Container container() {
        return new Container(exif, 0, 0, List.of());
    }

    private void segments() {
        int at = 2;
        while (at + 2 <= bytes.length) {
            int marker = bytes[at + 1] & 0xFF;
            if (bytes[at] != (byte) 0xFF || marker <= 1 || marker == 0xFF || (marker >= 0xD0 && marker <= 0xD8)) {
                at++; // compressed data, padding, or a marker that nothing belongs to
                continue;
            }
            cut = at;
            if (marker == 0xD9) {
                end = at;
                return;
            }
            if (at + 4 > bytes.length) {
                return;
            }
            int length = unsignedShort(at + 2);
            if (at + 2 + length > bytes.length) {
                return;
            }
            take(marker, at, length);
            at += 2 + length;
        }
        cut = bytes.length;
    }

    private void take(int marker, int at, int length) {
        if (marker == 0xDA) {
            if (++scans > MAX_SCANS) {
                throw new DamagedImageException("damaged JPEG: more than " + MAX_SCANS + " scans");
            }
            takeScan(at, length);
        } else if (marker == 0xE1 && isAt(at + 4, "Exif\0\0") && exif.equals(Exif.NONE)) {
            exif = Exif.of(bytes, at + 10, at + 2 + length);
        } else if (marker == 0xE2 && length >= 2 + PROFILE.length() && isAt(at + 4, PROFILE)) {
            profile.add(new Piece(at, length, frame == null));
        } else if (scans == 0 && frame == null && isFrame(marker, at, length)) {
            takeFrame(marker, at);
        }
    }

    /** Markers of other kinds begin with the same bytes; a frame has three bytes for each of its components. */
    private boolean isFrame(int marker, int at, int length) {
        boolean known = (marker >= 0xC0 && marker <= 0xC3) || UNSUPPORTED.containsKey(marker);
        return known && length >= 8 && bytes[at + 9] >= 1 && bytes[at + 9] <= 4 && length == 8 + 3 * bytes[at + 9];
    }

    private void takeFrame(int marker, int at) {
        String unsupported = UNSUPPORTED.get(marker);
        if (unsupported != null) {
            throw UnsupportedImageException.of(unsupported);
        }
        int bits = bytes[at + 4];
        if (marker != 0xC3 && bits == 12) {
            throw UnsupportedImageException.of("JPEG with 12 bits a sample");
        }
        int[] ids = new int[bytes[at + 9]];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes[at + 10 + 3 * i];
        }
        frame = new Frame(marker == 0xC2, ids);
    }

    private void takeScan(int at, int length) {
        int components = length >= 6 ? bytes[at + 4] : 0;
        if (frame == null || components < 1 || components > 4 || length != 6 + 2 * components) {
            return;
        }
        int last = at + 5 + 2 * components;
        int from = frame.progressive ? Math.min(COEFFICIENTS - 1, bytes[last] & 0xFF) : 0;
        int to = frame.progressive ? Math.min(COEFFICIENTS - 1, bytes[last + 1] & 0xFF) : 0;
        int left = frame.progressive ? bytes[last + 2] & 0x0F : 0;
        for (int i = 0; i < components; i++) {
            for (int component = 0; component < frame.ids.length; component++) {
                if (frame.ids[component] == bytes[at + 5 + 2 * i] && from <= to) {
                    Arrays.fill(frame.missing[component], from, to + 1, left);
                }
            }
        }
    }

    /** Cut between two scans, a reader fills the rest with grey and does not even warn. Within one, it does. */
    private void requireWhole() {
        if (frame == null || scans == 0 || !frame.isWhole()) {
            throw new DamagedImageException("damaged JPEG: cut off, there is no end marker");
        }
    }

    /** What a reader should get: these bytes, or a copy without the profile that is none and with an end marker. */
    byte[] tidied() {
        byte[] tidy = end < 0 ? ended() : bytes;
        if (!profile.isEmpty() && !isProfileTidy()) {
            tidy = tidy == bytes ? bytes.clone() : tidy;
            for (Piece piece : profile) {
                // Readers leave out a segment whose name they do not know.
                tidy[piece.at + 4] = 'X';
            }
        }
        return tidy;
    }

    /** The zeros of a file that was made larger than what was written are no pixels; one zero may be. */
    private byte[] ended() {
        int stop = cut;
        while (stop >= 2 && bytes[stop - 1] == 0 && bytes[stop - 2] == 0) {
            stop--;
        }
        while (bytes[stop - 1] == (byte) 0xFF) {
            stop--;
        }
        byte[] whole = Arrays.copyOf(bytes, stop + 2);
        whole[stop] = (byte) 0xFF;
        whole[stop + 1] = (byte) 0xD9;
        return whole;
    }

    /** Whether each piece is there once, before the picture, and together they are a profile for its colours. */
    private boolean isProfileTidy() {
        int count = profile.size();
        byte[][] pieces = new byte[count][];
        for (Piece piece : profile) {
            int data = piece.at + 4 + PROFILE.length() + 2;
            int stop = piece.at + 2 + piece.length;
            if (!piece.beforeFrame || data > stop || (bytes[data - 1] & 0xFF) != count) {
                return false;
            }
            int number = bytes[data - 2] & 0xFF;
            if (number < 1 || number > count || pieces[number - 1] != null) {
                return false;
            }
            pieces[number - 1] = Arrays.copyOfRange(bytes, data, stop);
        }
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        for (byte[] piece : pieces) {
            joined.writeBytes(piece);
        }
        return ColorProfile.of(joined.toByteArray())
                .filter(found -> frame != null && found.components() == frame.ids.length)
                .isPresent();
    }

    private boolean isAt(int offset, String ascii) {
        return Container.isAt(bytes, offset, ascii);
    }

    private int unsignedShort(int at) {
        return ByteBuffer.wrap(bytes).getShort(at) & 0xFFFF;
    }
}

package dev.glimpse.image;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;

/** Hides from the reader of a WebP what it would refuse the picture for: chunks that it does not know, and a profile that it cannot follow. */
final class WebpTidying {
    private static final int HAS_PROFILE = 0x20;

    private static final Set<String> KNOWN =
            Set.of("VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "ICCP", "EXIF", "XMP ");

    /** Which the reader leaves out, like other metadata. */
    private static final byte[] LEFT_OUT = {'X', 'M', 'P', ' '};

    private WebpTidying() {}

    /** Gives back these bytes, or a copy in which these chunks have another name. */
    static byte[] of(byte[] bytes) {
        ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        byte[] tidy = bytes;
        int at = 12;
        while (at + 8 <= bytes.length) {
            int data = at + 8;
            long end = data + Integer.toUnsignedLong(file.getInt(at + 4));
            if (end > bytes.length) {
                break;
            }
            String name = new String(bytes, at, 4, StandardCharsets.ISO_8859_1);
            boolean isProfile = name.equals("ICCP");
            if (isProfile ? !isProfile(Arrays.copyOfRange(bytes, data, (int) end)) : at > 12 && !KNOWN.contains(name)) {
                tidy = tidy == bytes ? bytes.clone() : tidy;
                System.arraycopy(LEFT_OUT, 0, tidy, at, LEFT_OUT.length);
                if (isProfile && Container.isAt(bytes, 12, "VP8X") && bytes.length > 20) {
                    tidy[20] &= (byte) ~HAS_PROFILE;
                }
            }
            at = (int) Math.min(bytes.length, end + (end & 1));
        }
        return tidy;
    }

    private static boolean isProfile(byte[] bytes) {
        return ColorProfile.of(bytes)
                .filter(profile -> profile.components() == 3)
                .isPresent();
    }
}

package dev.glimpse.testing;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What cameras write beside the pixels. */
public final class TestExif {
    private static final int ENTRY = 12;

    private TestExif() {}

    /**
     * A block that says when the picture was taken.
     *
     * @param time as EXIF spells it, {@code 2024:05:06 07:08:09}, or anything else
     * @param offset {@code +02:00}; null for none
     */
    public static byte[] block(String time, @Nullable String offset) {
        byte[] taken = (time + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] zone = offset == null ? new byte[0] : (offset + "\0").getBytes(StandardCharsets.US_ASCII);
        int entries = offset == null ? 1 : 2;
        int exif = 8 + 2 + ENTRY + 4;
        int texts = exif + 2 + entries * ENTRY + 4;
        ByteBuffer block = ByteBuffer.allocate(texts + taken.length + zone.length);
        block.put("MM\0*".getBytes(StandardCharsets.US_ASCII)).putInt(8);
        block.putShort((short) 1);
        entry(block, 34665, 4, 1, exif);
        block.putInt(0);
        block.putShort((short) entries);
        entry(block, 36867, 2, taken.length, texts);
        if (offset != null) {
            entry(block, 36881, 2, zone.length, texts + taken.length);
        }
        block.putInt(0);
        return block.put(taken).put(zone).array();
    }

    private static void entry(ByteBuffer block, int tag, int type, int count, int value) {
        block.putShort((short) tag).putShort((short) type).putInt(count).putInt(value);
    }
}

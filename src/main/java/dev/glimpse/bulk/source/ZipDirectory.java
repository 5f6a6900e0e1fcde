package dev.glimpse.bulk.source;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** How large the directory at the end of a zip is, without reading it. */
final class ZipDirectory {
    private static final int END = 0x06054b50;
    private static final int END_LENGTH = 22;
    private static final int LONGEST_COMMENT = 0xffff;
    private static final int SIZE_AT = 12;

    private ZipDirectory() {}

    /** In bytes; {@link Long#MAX_VALUE} if the zip has no end, or one of those for more than four billion bytes. */
    static long size(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            int length = (int) Math.min(channel.size(), END_LENGTH + LONGEST_COMMENT);
            ByteBuffer tail = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
            while (tail.hasRemaining() && channel.read(tail, channel.size() - length + tail.position()) >= 0) {}
            for (int at = length - END_LENGTH; at >= 0; at--) {
                if (tail.getInt(at) == END) {
                    long size = Integer.toUnsignedLong(tail.getInt(at + SIZE_AT));
                    return size == 0xffff_ffffL ? Long.MAX_VALUE : size;
                }
            }
            return Long.MAX_VALUE;
        }
    }
}

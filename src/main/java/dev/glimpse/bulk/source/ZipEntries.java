package dev.glimpse.bulk.source;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipMethod;

/** What holds for the entries of every zip, however it is read. */
final class ZipEntries {
    private ZipEntries() {}

    interface Opening {
        InputStream open() throws IOException;
    }

    /** Gives one entry that can be read to the sink, unless its name forbids it. */
    static void give(ZipArchiveEntry entry, Sink sink, Sink.Beside beside, Opening opening)
            throws IOException, InterruptedException {
        EntryName name = new EntryName(entry.getName());
        String harm = name.harm();
        if (harm != null) {
            sink.refused(name.text(), harm);
        } else if (name.isHidden()) {
            sink.leftOut(name.text(), "hidden");
        } else if (entry.isUnixSymlink()) {
            sink.leftOut(name.text(), "a link");
        } else {
            sink.entry(name.text(), opening.open(), entry.getSize(), beside);
        }
    }

    static String unreadable(ZipArchiveEntry entry) {
        if (entry.getGeneralPurposeBit().usesEncryption()) {
            return "encrypted";
        }
        ZipMethod method = ZipMethod.getMethodByCode(entry.getMethod());
        return "packed in a way that cannot be read" + (method == null ? "" : " here: " + method);
    }

    /** Reports why nothing more of an archive is read. */
    static void ended(String archive, Sink sink, Exception failure) {
        if (failure instanceof ArchiveBombException) {
            sink.refused(archive, ArchiveBombException.REASON);
        } else {
            sink.failed(archive, "the archive cannot be read to its end: " + Reasons.of(failure));
        }
    }

    /** Reads the bytes of an entry, and fails at their end if they are not those that were packed. */
    static InputStream checked(InputStream in, long crc) {
        return new CheckedInputStream(in, new CRC32()) {
            @Override
            public int read() throws IOException {
                return checked(super.read());
            }

            @Override
            public int read(byte[] buffer, int offset, int length) throws IOException {
                return checked(super.read(buffer, offset, length));
            }

            private int checked(int read) throws IOException {
                if (read < 0 && getChecksum().getValue() != crc) {
                    throw new IOException("the checksum is another one: the archive is damaged");
                }
                return read;
            }
        };
    }
}

package dev.glimpse.bulk;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Bytes that look like pictures, and archives of them. */
public final class FakePictures {
    private FakePictures() {}

    /** Begins like a PNG; the same text is the same picture. */
    public static byte[] png(String text) {
        return ("\u0089PNG\r\n\u001a\n" + text).getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Begins like a PNG and has so many bytes. */
    public static byte[] png(String text, int size) {
        return Arrays.copyOf(png(text), size);
    }

    /** A zip that is made entry by entry. */
    public static final class Zip {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final ZipOutputStream zip = new ZipOutputStream(bytes);

        /** Packed. */
        public Zip with(String name, byte[] content) throws IOException {
            zip.putNextEntry(new ZipEntry(name));
            zip.write(content);
            zip.closeEntry();
            return this;
        }

        /** Not packed, so its bytes can be found in the zip. */
        public Zip plain(String name, byte[] content) throws IOException {
            ZipEntry entry = new ZipEntry(name);
            CRC32 crc = new CRC32();
            crc.update(content);
            entry.setMethod(ZipEntry.STORED);
            entry.setSize(content.length);
            entry.setCrc(crc.getValue());
            zip.putNextEntry(entry);
            zip.write(content);
            zip.closeEntry();
            return this;
        }

        public byte[] bytes() throws IOException {
            zip.close();
            return bytes.toByteArray();
        }
    }

    /** A tar that is made entry by entry. */
    public static final class Tar {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

        public Tar with(String name, byte[] content) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, true); // keeps a slash at the beginning
            entry.setSize(content.length);
            tar.putArchiveEntry(entry);
            tar.write(content);
            tar.closeArchiveEntry();
            return this;
        }

        public Tar link(String name, String target) throws IOException {
            TarArchiveEntry entry = new TarArchiveEntry(name, TarArchiveEntry.LF_SYMLINK);
            entry.setLinkName(target);
            tar.putArchiveEntry(entry);
            tar.closeArchiveEntry();
            return this;
        }

        public byte[] bytes() throws IOException {
            tar.close();
            return bytes.toByteArray();
        }
    }
}

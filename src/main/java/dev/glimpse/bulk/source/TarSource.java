package dev.glimpse.bulk.source;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/** A tar, perhaps packed by gzip, from its first byte to its last. Files beside a picture cannot be read. */
final class TarSource implements Source {
    private static final int BUFFER = 64 << 10;
    private static final long LONGEST_HEADER = 1 << 20;

    private final String name;
    private final CountedInput counted;
    private final long size;
    private final boolean isPacked;

    /**
     * @param name of the archive, for the report
     * @param size in bytes, as it comes; -1 if it is not known
     * @param isPacked by gzip
     */
    TarSource(String name, InputStream in, long size, boolean isPacked) {
        this.name = name;
        this.counted = new CountedInput(in);
        this.size = size;
        this.isPacked = isPacked;
    }

    @Override
    public void read(Sink sink) throws InterruptedException {
        Expansion expansion = new Expansion(counted::count);
        try {
            InputStream in = new BufferedInputStream(counted, BUFFER);
            CountedInput unpacked = new CountedInput(isPacked ? expansion.watch(new GZIPInputStream(in, BUFFER)) : in);
            read(new TarArchiveInputStream(unpacked, "UTF-8"), unpacked, sink);
        } catch (IOException | RuntimeException e) { // hostile archives make the library throw either
            ZipEntries.ended(name, sink, e);
        } catch (OutOfMemoryError e) {
            sink.failed(name, "the archive needs more memory than there is");
        }
    }

    private void read(TarArchiveInputStream tar, CountedInput unpacked, Sink sink)
            throws IOException, InterruptedException {
        boolean hasEntries = false;
        while (!sink.isStopping()) {
            unpacked.allow(LONGEST_HEADER);
            TarArchiveEntry entry = tar.getNextEntry();
            unpacked.allow(Long.MAX_VALUE);
            if (entry == null) {
                if (!hasEntries) {
                    sink.failed(name, "there is no file in it, or it is no tar");
                }
                return;
            }
            hasEntries = true;
            if (!entry.isDirectory()) {
                give(tar, entry, sink);
                tar.transferTo(OutputStream.nullOutputStream());
            }
        }
    }

    private static void give(TarArchiveInputStream tar, TarArchiveEntry entry, Sink sink)
            throws IOException, InterruptedException {
        EntryName name = new EntryName(entry.getName());
        String harm = name.harm();
        if (harm != null) {
            sink.refused(name.text(), harm);
        } else if (name.isHidden()) {
            sink.leftOut(name.text(), "hidden");
        } else if (entry.isSymbolicLink() || entry.isLink()) {
            sink.leftOut(name.text(), "a link");
        } else if (!entry.isFile() || !tar.canReadEntryData(entry)) {
            sink.leftOut(name.text(), "no ordinary file");
        } else {
            sink.entry(name.text(), tar, entry.getRealSize(), Sink.Beside.NOTHING);
        }
    }

    @Override
    public double share() {
        return size < 0 ? Double.NaN : Math.min(1, (double) counted.count() / Math.max(1, size));
    }

    @Override
    public void close() {
        counted.closeQuietly();
    }
}

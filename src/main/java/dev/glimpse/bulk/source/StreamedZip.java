package dev.glimpse.bulk.source;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveInputStream;

/**
 * A zip from its first byte to its last, without its directory: from a pipe, one whose end is missing, or one with more entries than
 * should be held in memory. Files beside a picture cannot be read.
 */
final class StreamedZip implements Source {
    private static final long LONGEST_HEADER = 1 << 20;

    private final String name;
    private final CountedInput counted;
    private final long size;

    /**
     * @param name of the archive, for the report
     * @param size in bytes; -1 if it is not known
     */
    StreamedZip(String name, InputStream in, long size) {
        this.name = name;
        this.counted = new CountedInput(in);
        this.size = size;
    }

    @Override
    public void read(Sink sink) throws InterruptedException {
        Expansion expansion = new Expansion(counted::count);
        try (ZipArchiveInputStream zip = new ZipArchiveInputStream(counted, "UTF-8", true, false, true)) {
            while (!sink.isStopping()) {
                counted.allow(LONGEST_HEADER);
                ZipArchiveEntry entry = zip.getNextEntry();
                counted.allow(Long.MAX_VALUE);
                if (entry == null) {
                    return;
                }
                if (entry.isDirectory()) {
                    continue;
                }
                if (!zip.canReadEntryData(entry)) {
                    sink.failed(entry.getName(), ZipEntries.unreadable(entry));
                    continue;
                }
                InputStream bytes = expansion.watch(zip);
                ZipEntries.give(entry, sink, Sink.Beside.NOTHING, () -> bytes);
                bytes.transferTo(OutputStream.nullOutputStream());
            }
        } catch (IOException | RuntimeException e) { // hostile archives make the library throw either
            ZipEntries.ended(name, sink, e);
        } catch (OutOfMemoryError e) {
            sink.failed(name, "the archive needs more memory than there is");
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

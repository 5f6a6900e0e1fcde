package dev.glimpse.bulk.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** A zip by its directory, which is held in memory. Entries are unpacked as they are read; a damaged one does not hide the others. */
final class ZipSource implements Source {
    private final Path file;
    private final ZipFile zip;
    private final long size;
    private final AtomicLong seen = new AtomicLong();
    private volatile long entries;

    /** @param size of the file in bytes */
    ZipSource(Path file, ZipFile zip, long size) {
        this.file = file;
        this.zip = zip;
        this.size = size;
    }

    @Override
    public void read(Sink sink) throws InterruptedException {
        entries = count();
        Expansion expansion = new Expansion(() -> size);
        Enumeration<ZipArchiveEntry> all = zip.getEntriesInPhysicalOrder();
        while (all.hasMoreElements() && !sink.isStopping() && !expansion.isBomb()) {
            ZipArchiveEntry entry = all.nextElement();
            seen.incrementAndGet();
            if (entry.isDirectory()) {
                continue;
            }
            try {
                if (!zip.canReadEntryData(entry)) {
                    sink.failed(entry.getName(), ZipEntries.unreadable(entry));
                    continue;
                }
                ZipEntries.give(entry, sink, this::beside, () -> open(entry, expansion));
            } catch (IOException | RuntimeException e) { // a damaged entry makes the library throw either
                sink.failed(entry.getName(), Reasons.of(e));
            }
        }
        if (expansion.isBomb()) {
            sink.refused(file.toString(), ArchiveBombException.REASON);
        }
    }

    private long count() {
        long count = 0;
        for (Enumeration<ZipArchiveEntry> all = zip.getEntries(); all.hasMoreElements(); all.nextElement()) {
            count++;
        }
        return count;
    }

    private InputStream open(ZipArchiveEntry entry, Expansion expansion) throws IOException {
        InputStream in = zip.getInputStream(entry);
        return expansion.watch(entry.getCrc() < 0 ? in : ZipEntries.checked(in, entry.getCrc()));
    }

    private byte @Nullable [] beside(String name) throws IOException {
        ZipArchiveEntry entry = zip.getEntry(name);
        if (entry == null || entry.isDirectory() || !zip.canReadEntryData(entry)) {
            return null;
        }
        try (InputStream in = zip.getInputStream(entry)) {
            byte[] bytes = in.readNBytes(Sink.Beside.MOST + 1);
            return bytes.length > Sink.Beside.MOST ? null : bytes;
        }
    }

    @Override
    public double share() {
        return entries == 0 ? Double.NaN : (double) seen.get() / entries;
    }

    @Override
    public void close() {
        try {
            zip.close();
        } catch (IOException e) {
            // It was only read.
        }
    }
}

package dev.glimpse.bulk.source;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Every file below a folder, in the order in which the folder has them. Hidden files and folders are left out, and links to folders are
 * not followed. A second thread counts ahead, so that the time left is known.
 */
final class FolderSource implements Source {
    private final Path root;
    private final AtomicLong seen = new AtomicLong();
    private final AtomicLong counted = new AtomicLong();
    private final Thread counter;
    private volatile boolean isCounted;
    private volatile boolean isClosed;

    FolderSource(Path root) {
        this.root = root;
        this.counter = new Thread(this::count, "count-files");
        counter.setDaemon(true);
    }

    @Override
    public void read(Sink sink) throws InterruptedException {
        counter.start();
        read(root, "", sink);
    }

    private void read(Path folder, String prefix, Sink sink) throws InterruptedException {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
            for (Path entry : entries) {
                if (sink.isStopping()) {
                    return;
                }
                String name = prefix + entry.getFileName();
                boolean isFolder = Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS);
                if (isHidden(entry)) {
                    sink.leftOut(isFolder ? name + "/" : name, "hidden");
                } else if (isFolder) {
                    read(entry, name + "/", sink);
                } else if (Files.isRegularFile(entry)) {
                    seen.incrementAndGet();
                    sink.file(name, entry);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            sink.failed(prefix.isEmpty() ? root.toString() : prefix, "the folder cannot be listed: " + Reasons.of(e));
        }
    }

    private static boolean isHidden(Path entry) {
        return String.valueOf(entry.getFileName()).startsWith(".");
    }

    private void count() {
        count(root);
        isCounted = !isClosed;
    }

    private void count(Path folder) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, entry -> !isHidden(entry))) {
            for (Path entry : entries) {
                if (isClosed) {
                    return;
                }
                if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                    count(entry);
                } else {
                    counted.incrementAndGet();
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Whoever reads the folder reports it.
        }
    }

    @Override
    public double share() {
        return isCounted ? Math.min(1, (double) seen.get() / Math.max(1, counted.get())) : Double.NaN;
    }

    @Override
    public void close() {
        isClosed = true;
    }
}

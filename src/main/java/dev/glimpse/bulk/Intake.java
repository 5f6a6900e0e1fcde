package dev.glimpse.bulk;

import dev.glimpse.bulk.source.ArchiveBombException;
import dev.glimpse.bulk.source.FileKind;
import dev.glimpse.bulk.source.Reasons;
import dev.glimpse.bulk.source.Sink;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.fetch.UrlNotFetchedException;
import dev.glimpse.fetch.UrlTooLargeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads what sources find: looks whether it is a picture, takes its hash, collects what is said of it, and hands it to the delivery. */
final class Intake implements Sink, AutoCloseable {
    /** No server takes a larger one. */
    static final long LARGEST = 200_000_000;

    private static final String TOO_LARGE = "larger than " + LARGEST + " bytes";

    /** Larger files are not held in memory. */
    private static final int LARGEST_HELD = 8 << 20;

    private static final int READERS = 2;
    private static final int FETCHERS = 4;
    private static final int MOST_WAITING = 64;
    private static final List<String> STILLS = List.of("heic", "HEIC", "jpg", "JPG", "jpeg", "JPEG");
    private static final int BUFFER = 64 << 10;

    private final Delivery delivery;
    private final Memory memory;
    private final Report report;
    private final NotesFinder notes;
    private final Supplier<UrlFetcher> fetchers;
    private @Nullable UrlFetcher fetcher; // guarded by this
    private final boolean isTakingAll;
    private final ExecutorService readers = Executors.newFixedThreadPool(READERS, Intake::daemon);
    private final ExecutorService fetching = Executors.newFixedThreadPool(FETCHERS, Intake::daemon);
    private final Semaphore waiting = new Semaphore(MOST_WAITING);

    /**
     * @param fetchers makes what fetches URLs; closed here
     * @param isTakingAll whether the server is to see also what does not look like a picture
     */
    Intake(
            Delivery delivery,
            Memory memory,
            Report report,
            NotesFinder notes,
            Supplier<UrlFetcher> fetchers,
            boolean isTakingAll) {
        this.delivery = delivery;
        this.memory = memory;
        this.report = report;
        this.notes = notes;
        this.fetchers = fetchers;
        this.isTakingAll = isTakingAll;
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "read-pictures");
        thread.setDaemon(true);
        return thread;
    }

    private interface Reading {
        void run() throws IOException, InterruptedException;
    }

    @Override
    public boolean isStopping() {
        return delivery.isStopping();
    }

    @Override
    public void leftOut(String name, String reason) {
        report.found();
        report.notLoaded(name, Outcome.LEFT_OUT, 0, reason);
    }

    @Override
    public void refused(String name, String reason) {
        report.found();
        report.notLoaded(name, Outcome.REFUSED, 0, reason);
    }

    @Override
    public void failed(String name, String reason) {
        report.found();
        report.notLoaded(name, Outcome.FAILED, 0, reason);
    }

    @Override
    public void file(String name, Path file) throws InterruptedException {
        later(readers, name, () -> {
            try (InputStream in = Files.newInputStream(file)) {
                read(name, in, Files.size(file), file, beside -> besideFile(file, beside));
            }
        });
    }

    /** Made when it is needed first: most sources have no URLs. */
    private synchronized UrlFetcher fetcher() {
        if (fetcher == null) {
            fetcher = fetchers.get();
        }
        return fetcher;
    }

    private static byte @Nullable [] besideFile(Path file, String name) throws IOException {
        Path other = file.resolveSibling(name.substring(name.lastIndexOf('/') + 1));
        return Files.isRegularFile(other) && Files.size(other) <= Beside.MOST ? Files.readAllBytes(other) : null;
    }

    @Override
    public void url(String name, URI url) throws InterruptedException {
        later(fetching, name, () -> {
            try {
                byte[] bytes = fetcher().fetch(url);
                read(name, new ByteArrayInputStream(bytes), bytes.length, null, Beside.NOTHING);
            } catch (UrlNotFetchedException | UrlTooLargeException e) {
                report.notLoaded(name, Outcome.FAILED, 0, "cannot fetch: " + e.getMessage());
            }
        });
    }

    private void later(ExecutorService threads, String name, Reading reading) throws InterruptedException {
        while (!waiting.tryAcquire(200, TimeUnit.MILLISECONDS)) {
            if (isStopping()) {
                throw new InterruptedException("stopped");
            }
        }
        report.found();
        threads.execute(() -> {
            try {
                if (!isStopping()) {
                    reading.run();
                }
            } catch (IOException | RuntimeException e) {
                report.notLoaded(name, Outcome.FAILED, 0, Reasons.of(e));
            } catch (OutOfMemoryError e) {
                report.notLoaded(name, Outcome.FAILED, 0, "needs more memory than there is");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt(); // it stays in hand: not sent
            } finally {
                waiting.release();
            }
        });
    }

    @Override
    public void entry(String name, InputStream bytes, long size, Beside beside) throws InterruptedException {
        report.found();
        try {
            read(name, bytes, size, null, beside);
        } catch (ArchiveBombException e) {
            report.notLoaded(name, Outcome.REFUSED, 0, Reasons.of(e));
        } catch (IOException | RuntimeException e) { // hostile archives make their library throw either
            report.notLoaded(name, Outcome.FAILED, 0, Reasons.of(e));
        }
    }

    /** @param file that the bytes are of, if there is one */
    private void read(String name, InputStream in, long size, @Nullable Path file, Beside beside)
            throws IOException, InterruptedException {
        byte[] head = in.readNBytes(FileKind.HEAD);
        FileKind kind = FileKind.of(head, name.substring(name.lastIndexOf('/') + 1));
        if (kind != FileKind.PICTURE && !isTakingAll) {
            boolean hasStill = kind == FileKind.VIDEO && file != null && hasStill(file);
            String reason = (hasStill ? FileKind.VIDEO_BESIDE : notes.isSidecar(name) ? FileKind.NOTES : kind).reason();
            report.notLoaded(name, Outcome.LEFT_OUT, 0, reason);
        } else if (size > LARGEST) {
            report.notLoaded(name, Outcome.REFUSED, 0, TOO_LARGE);
        } else if (size > LARGEST_HELD && file != null) {
            readLarge(name, head, in, size, file, beside);
        } else {
            readInto(name, head, in, size, beside);
        }
    }

    private void readLarge(String name, byte[] head, InputStream in, long size, Path file, Beside beside)
            throws IOException, InterruptedException {
        MessageDigest digest = sha256();
        digest.update(head);
        copy(in, OutputStream.nullOutputStream(), digest, LARGEST);
        hand(name, Content.of(file, false, size), digest, () -> Files.newInputStream(file), beside, memory.take(0));
    }

    private void readInto(String name, byte[] head, InputStream in, long size, Beside beside)
            throws IOException, InterruptedException {
        long expected = size < 0 ? LARGEST_HELD : Math.min(size, LARGEST_HELD);
        int held = memory.take(expected);
        byte[] bytes;
        MessageDigest digest = sha256();
        Path spool;
        long total;
        try {
            bytes = bytes(head, in, (int) expected);
            digest.update(bytes);
            int next = bytes.length < expected ? -1 : in.read();
            spool = next < 0 ? null : Files.createTempFile("glimpse-bulk-load", ".picture");
            total = bytes.length + (spool == null ? 0 : spool(spool, bytes, next, in, digest));
        } catch (IOException | RuntimeException | Error e) {
            memory.giveBack(held);
            throw e;
        }
        if (spool == null) {
            int kept = memory.shrink(held, bytes.length);
            hand(name, Content.of(bytes), digest, () -> new ByteArrayInputStream(bytes), beside, kept);
        } else if (total <= LARGEST) {
            int kept = memory.shrink(held, 0);
            hand(name, Content.of(spool, true, total), digest, () -> Files.newInputStream(spool), beside, kept);
        } else {
            memory.giveBack(held);
            Files.deleteIfExists(spool);
            report.notLoaded(name, Outcome.REFUSED, 0, TOO_LARGE);
        }
    }

    /** Gives how many bytes more there were, or some beyond the limit. */
    private static long spool(Path spool, byte[] start, int next, InputStream in, MessageDigest digest)
            throws IOException {
        try (OutputStream out = Files.newOutputStream(spool)) {
            out.write(start);
            out.write(next);
            digest.update((byte) next);
            return 1 + copy(in, out, digest, LARGEST - start.length - 1);
        } catch (IOException e) {
            Files.deleteIfExists(spool);
            throw e;
        }
    }

    private static byte[] bytes(byte[] head, InputStream in, int most) throws IOException {
        byte[] bytes = new byte[Math.max(most, head.length)];
        System.arraycopy(head, 0, bytes, 0, head.length);
        int length = head.length + in.readNBytes(bytes, head.length, bytes.length - head.length);
        return length == bytes.length ? bytes : Arrays.copyOf(bytes, length);
    }

    /** Stops soon after the limit. */
    private static long copy(InputStream in, OutputStream out, MessageDigest digest, long limit) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        int read;
        while (total <= limit && (read = in.read(buffer)) >= 0) {
            out.write(buffer, 0, read);
            digest.update(buffer, 0, read);
            total += read;
        }
        return total;
    }

    private void hand(
            String name, Content content, MessageDigest digest, NotesFinder.Opening again, Beside beside, int held)
            throws IOException {
        String hash = HexFormat.of().formatHex(digest.digest());
        Notes said;
        try {
            said = notes.find(name, again, beside);
        } catch (IOException | RuntimeException e) {
            content.close();
            memory.giveBack(held);
            throw e;
        }
        delivery.offer(new Candidate(name, hash, content, said, held));
    }

    /** Phones keep a short video with some pictures. */
    private static boolean hasStill(Path video) {
        String name = String.valueOf(video.getFileName());
        String start = name.substring(0, Math.max(name.lastIndexOf('.'), 0));
        return STILLS.stream().anyMatch(extension -> Files.exists(video.resolveSibling(start + "." + extension)));
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java runtime has SHA-256", e);
        }
    }

    /** Waits until everything that was found has been read, or everything is being stopped. */
    void await() throws InterruptedException {
        readers.shutdown();
        fetching.shutdown();
        for (ExecutorService threads : List.of(readers, fetching)) {
            while (!threads.awaitTermination(200, TimeUnit.MILLISECONDS) && !isStopping()) {}
        }
    }

    @Override
    public void close() {
        readers.shutdownNow();
        fetching.shutdownNow();
        synchronized (this) {
            if (fetcher != null) {
                fetcher.close();
            }
        }
    }
}

package dev.glimpse.bulk.source;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;

/**
 * One path or URL of http or https a line. Blank lines and lines that begin with # are skipped; paths are relative to the current folder.
 */
final class ListSource implements Source {
    /** Longer than any path or URL that is taken, so that a list without line breaks fills no memory. */
    private static final int LONGEST_LINE = 32 << 10;

    private final CountedInput counted;
    private final InputStream in;
    private final long size;

    /** @param size of the list in bytes; -1 if it is not known */
    ListSource(InputStream in, long size) {
        this.counted = new CountedInput(in);
        this.in = new BufferedInputStream(counted);
        this.size = size;
    }

    @Override
    public void read(Sink sink) throws InterruptedException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        boolean isFirst = true;
        try {
            int next;
            do {
                next = in.read();
                if (next >= 0 && next != '\n') {
                    if (line.size() <= LONGEST_LINE) {
                        line.write(next);
                    }
                    continue;
                }
                String text = line.toString(StandardCharsets.UTF_8);
                take(isFirst && text.startsWith("\ufeff") ? text.substring(1) : text, line.size(), sink);
                isFirst = false;
                line.reset();
            } while (next >= 0 && !sink.isStopping());
        } catch (IOException e) {
            sink.failed("the list", "cannot be read: " + Reasons.of(e));
        }
    }

    private static void take(String line, int bytes, Sink sink) throws InterruptedException {
        String text = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
        if (bytes > LONGEST_LINE) {
            sink.failed(text.substring(0, 60) + "...", "the line has more than " + LONGEST_LINE + " bytes");
        } else if (text.regionMatches(true, 0, "http://", 0, 7) || text.regionMatches(true, 0, "https://", 0, 8)) {
            takeUrl(text.strip(), sink);
        } else if (!text.isBlank() && !text.startsWith("#")) {
            takePath(text, sink);
        }
    }

    private static void takeUrl(String url, Sink sink) throws InterruptedException {
        try {
            sink.url(url, new URI(new URI(url).toASCIIString()));
        } catch (URISyntaxException e) {
            sink.failed(url, "not a URL: " + e.getReason().toLowerCase(Locale.ROOT));
        }
    }

    private static void takePath(String text, Sink sink) throws InterruptedException {
        try {
            Path file = Path.of(text);
            if (Files.isRegularFile(file)) {
                sink.file(text, file);
            } else {
                sink.failed(text, Files.exists(file) ? "not a readable file" : "no such file");
            }
        } catch (InvalidPathException e) {
            sink.failed(text, "not a path: " + e.getReason());
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

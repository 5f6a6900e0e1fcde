package dev.glimpse.bulk.source;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.zip.ZipFile;

/** Opens what the command line names, by its first bytes and not by its name. */
public final class Sources {
    /** Its entries take some ten times as much memory. */
    private static final long LARGEST_DIRECTORY = 6 << 20;

    private Sources() {}

    /**
     * A folder, a picture, an archive, or a list.
     *
     * @throws UnusableSourceException if it is none of these, or cannot be read
     */
    public static Source open(Path path) {
        if (!Files.exists(path)) {
            throw new UnusableSourceException("no such folder, archive or list: " + path);
        }
        if (Files.isDirectory(path)) {
            return new FolderSource(path);
        }
        try {
            byte[] head;
            try (InputStream in = Files.newInputStream(path)) {
                head = in.readNBytes(FileKind.HEAD);
            }
            long size = Files.size(path);
            return switch (FileKind.of(head, String.valueOf(path.getFileName()))) {
                case PICTURE -> new SingleSource(path);
                case TEXT, EMPTY -> new ListSource(Files.newInputStream(path), size);
                case ARCHIVE ->
                    begins(head, "PK")
                            ? zip(path, size)
                            : archive(path.toString(), Files.newInputStream(path), head, size);
                default -> throw unusable(path.toString(), head);
            };
        } catch (IOException e) {
            throw new UnusableSourceException("cannot be read: " + path + ": " + Reasons.of(e));
        }
    }

    /**
     * A list, whatever its bytes are.
     *
     * @throws UnusableSourceException if it cannot be read
     */
    public static Source list(Path file) {
        try {
            return new ListSource(Files.newInputStream(file), Files.size(file));
        } catch (IOException e) {
            throw new UnusableSourceException("cannot be read: " + file + ": " + Reasons.of(e));
        }
    }

    /**
     * A list or an archive that comes through a pipe. Waits for its first bytes.
     *
     * @throws UnusableSourceException if it is neither
     */
    public static Source piped(InputStream in) {
        try {
            BufferedInputStream buffered = new BufferedInputStream(in, 64 << 10);
            buffered.mark(FileKind.HEAD);
            byte[] head = buffered.readNBytes(FileKind.HEAD);
            buffered.reset();
            return switch (FileKind.of(head, "-")) {
                case TEXT, EMPTY -> new ListSource(buffered, -1);
                case ARCHIVE ->
                    begins(head, "PK")
                            ? new StreamedZip("standard input", buffered, -1)
                            : archive("standard input", buffered, head, -1);
                default -> throw unusable("standard input", head);
            };
        } catch (IOException e) {
            throw new UnusableSourceException("standard input cannot be read: " + Reasons.of(e));
        }
    }

    private static Source zip(Path path, long size) throws IOException {
        if (ZipDirectory.size(path) <= LARGEST_DIRECTORY) {
            try {
                return new ZipSource(
                        path,
                        ZipFile.builder().setPath(path).setCharset("UTF-8").get(),
                        size);
            } catch (IOException | RuntimeException e) { // of a damaged directory; the entries may still be there
                return new StreamedZip(path.toString(), Files.newInputStream(path), size);
            }
        }
        return new StreamedZip(path.toString(), Files.newInputStream(path), size);
    }

    private static Source archive(String name, InputStream in, byte[] head, long size) throws IOException {
        boolean isPacked = begins(head, "\u001f\u008b");
        if (!isPacked && !begins(head, 257, "ustar")) {
            in.close();
            throw new UnusableSourceException(
                    name
                            + " is an archive of a kind that is not read: zip, tar and tar.gz are. Unpack it, and give the folder");
        }
        return new TarSource(name, in, size, isPacked);
    }

    private static UnusableSourceException unusable(String name, byte[] head) {
        return new UnusableSourceException(
                name + " is neither a folder, nor a picture, nor an archive, nor a list of paths and URLs, but "
                        + FileKind.of(head, name).reason());
    }

    private static boolean begins(byte[] head, String start) {
        return begins(head, 0, start);
    }

    private static boolean begins(byte[] head, int at, String start) {
        for (int i = 0; i < start.length(); i++) {
            if (at + i >= head.length || (head[at + i] & 0xff) != start.charAt(i)) {
                return false;
            }
        }
        return true;
    }
}

package dev.glimpse.image.foreign;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One run of a program in a folder of its own. Whatever it has left there is not trusted: links are not followed. Closing kills what is
 * left of it and deletes the folder. For one thread.
 */
final class Child implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Child.class);

    /** For processes that a decoder has left. */
    private static final int MOST_LOOKS = 10;

    /** A process that was killed is gone in milliseconds, unless it waits for a disk. */
    private static final long DYING_SECONDS = 5;

    private static final String MARK = "GLIMPSE_DECODE";
    private static final String SAID = ".said";
    private static final int MOST_SAID = 2_000;
    private static final Path PROCESSES = Path.of("/proc");

    private final Path folder;
    private final Limits limits;
    private final boolean mayLeaveOthers;
    private @Nullable Integer exit;

    /** @param mayLeaveOthers whether processes that it starts can live on after it */
    Child(Path folder, Limits limits, boolean mayLeaveOthers) {
        this.folder = folder;
        this.limits = limits;
        this.mayLeaveOthers = mayLeaveOthers;
    }

    Path folder() {
        return folder;
    }

    Limits limits() {
        return limits;
    }

    /** What it ended with; of a signal 128 and its number. Empty if it was killed because its time was over. */
    Optional<Integer> ended() {
        return Optional.ofNullable(exit);
    }

    /** What it ended with; -1 if it was killed because its time was over. */
    int exit() {
        return ended().orElse(-1);
    }

    /** @param flags places of bytes whose lowest bit is to be set */
    void write(String name, byte[] bytes, List<Integer> flags) throws IOException {
        Path file = folder.resolve(name);
        Files.write(file, bytes);
        try (FileChannel changes = FileChannel.open(file, StandardOpenOption.WRITE)) {
            for (int at : flags) {
                changes.write(ByteBuffer.wrap(new byte[] {(byte) (bytes[at] | 1)}), at);
            }
        }
    }

    /** See {@link Sandbox#run(Child, List)}. */
    void run(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(SAID).toFile());
        Map<String, String> environment = builder.environment();
        environment.clear();
        environment.put("PATH", "/usr/bin:/bin");
        environment.put("LANG", "C");
        // Each thread would reserve 64 MB of address space, which is what is bounded.
        environment.put("MALLOC_ARENA_MAX", "1");
        environment.put(MARK, folder.getFileName().toString());
        Process process = builder.start();
        try {
            if (process.waitFor(limits.wallTime().toMillis(), TimeUnit.MILLISECONDS)) {
                exit = process.exitValue();
            }
        } finally {
            kill(process);
        }
    }

    private void kill(Process process) {
        List<ProcessHandle> others = process.descendants().toList();
        process.destroyForcibly();
        others.forEach(ProcessHandle::destroyForcibly);
        if (mayLeaveOthers) {
            killStrays();
        }
        boolean interrupted = Thread.interrupted();
        try {
            if (!process.waitFor(DYING_SECONDS, TimeUnit.SECONDS)) {
                log.warn("decoder pid={} was killed and is still there", process.pid());
            }
        } catch (InterruptedException e) {
            interrupted = true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** One that is just being started is not to be seen yet, so two looks in a row have to find none. */
    private void killStrays() {
        int clean = 0;
        for (int look = 0; look < MOST_LOOKS && clean < 2; look++) {
            List<ProcessHandle> strays = strays();
            strays.forEach(ProcessHandle::destroyForcibly);
            clean = strays.isEmpty() ? clean + 1 : 0;
        }
    }

    /** Processes that have lost their parent, found by what is in the environment of all that this child starts. Linux alone. */
    private List<ProcessHandle> strays() {
        byte[] mark = (MARK + "=" + folder.getFileName() + "\0").getBytes(StandardCharsets.UTF_8);
        try (Stream<Path> processes = Files.exists(PROCESSES) ? Files.list(PROCESSES) : Stream.empty()) {
            return processes
                    .filter(process -> process.getFileName().toString().matches("[0-9]+"))
                    .filter(process -> hasInEnvironment(process, mark))
                    .map(process -> Long.parseLong(process.getFileName().toString()))
                    .flatMap(pid -> ProcessHandle.of(pid).stream())
                    .toList();
        } catch (IOException | UncheckedIOException e) {
            log.warn("processes that a decoder has left cannot be looked for: {}", e.toString());
            return List.of();
        }
    }

    private static boolean hasInEnvironment(Path process, byte[] mark) {
        try {
            String environment = Files.readString(process.resolve("environ"), StandardCharsets.ISO_8859_1);
            return environment.contains(new String(mark, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return false; // another user's, or just ended
        }
    }

    /** A file that it has made; empty if there is none, or something else under this name. */
    Optional<byte[]> read(String name) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) || Files.size(file) > limits.fileSize()) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.of(in.readAllBytes());
        }
    }

    /** The beginning of what it wrote to its output, printable and in one line. */
    String said() {
        Path file = folder.resolve(SAID);
        try (InputStream in = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                ? Files.newInputStream(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)
                : InputStream.nullInputStream()) {
            return new String(in.readNBytes(MOST_SAID), StandardCharsets.US_ASCII)
                    .replaceAll("[^ -~]+", " ")
                    .strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** All of what it wrote to its output, up to the limit on files. */
    List<String> lines() throws IOException {
        return read(SAID)
                .map(bytes -> new String(bytes, StandardCharsets.UTF_8).lines().toList())
                .orElse(List.of());
    }

    @Override
    public void close() {
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                    Files.delete(file);
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
                        throws IOException {
                    Files.delete(visited);
                    return FileVisitResult.CONTINUE;
                }
            });
        } catch (IOException e) {
            log.warn("the folder of a decoder cannot be deleted: {}", e.toString());
        }
    }
}

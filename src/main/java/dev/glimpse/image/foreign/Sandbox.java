package dev.glimpse.image.foreign;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a program that works on bytes of strangers: with bounded memory, time and size of files, no environment, and a folder of its own.
 * Where the system allows it, the program also has no network, sees no other process, and of all files only its own folder and {@code
 * /usr}. Safe for use by several threads.
 */
final class Sandbox {
    private static final Logger log = LoggerFactory.getLogger(Sandbox.class);

    private static final Limits TRIAL = new Limits(256L << 20, Duration.ofSeconds(5), 1L << 20, Duration.ofSeconds(30));

    /** Should the server be killed, its child ends soon after it would have been killed anyway. */
    private static final Duration LONGER = Duration.ofSeconds(5);

    private final List<String> first;
    private final Path limiter;
    private final Path watch;
    private final @Nullable Path walls;
    private final Path folders;

    private Sandbox(List<String> first, Path limiter, Path watch, @Nullable Path walls, Path folders) {
        this.first = first;
        this.limiter = limiter;
        this.watch = watch;
        this.walls = walls;
        this.folders = folders;
    }

    /**
     * Tries out what this system allows. Empty if not even memory and time can be bounded: then nothing may be run.
     *
     * @param path the folders in which programs are looked for
     * @param folders where each program gets its own folder
     */
    static Optional<Sandbox> find(List<Path> path, Path folders) {
        Optional<Path> limiter = find("prlimit", path);
        Optional<Path> watch = find("timeout", path);
        if (limiter.isEmpty() || watch.isEmpty()) {
            return Optional.empty();
        }
        // When the system runs out of memory, the program is to die and not the server.
        List<String> victim = find("choom", path)
                .map(choom -> List.of(choom.toString(), "-n", "1000", "--"))
                .orElse(List.of());
        Optional<Path> walls = find("bwrap", path);
        return Stream.of(walls, Optional.<Path>empty())
                .flatMap(with -> Stream.of(victim, List.<String>of())
                        .map(before -> new Sandbox(before, limiter.get(), watch.get(), with.orElse(null), folders)))
                .filter(Sandbox::works)
                .findFirst();
    }

    static Optional<Path> find(String program, List<Path> path) {
        return path.stream()
                .map(folder -> folder.resolve(program))
                .filter(Files::isExecutable)
                .findFirst();
    }

    private boolean works() {
        try (Child child = run(List.of(watch.toString(), "--version"), TRIAL)) {
            return child.exit() == 0;
        } catch (IOException e) {
            log.debug("a sandbox does not work here", e);
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Whether programs run without network, and without a view of other processes and files. */
    boolean isClosed() {
        return walls != null;
    }

    /** Makes the folder of a child, to put its input there. */
    Child prepare(Limits limits) throws IOException {
        return new Child(Files.createTempDirectory(folders, "decode-"), limits, !isClosed());
    }

    /** Runs the program to its end. The child is to be closed. */
    Child run(List<String> program, Limits limits) throws IOException, InterruptedException {
        Child child = prepare(limits);
        try {
            run(child, program);
            return child;
        } catch (IOException | InterruptedException | RuntimeException e) {
            child.close();
            throw e;
        }
    }

    /**
     * Runs the program in the folder of this child, to its end.
     *
     * @param program an absolute path, and arguments
     * @throws IOException if it cannot be started
     * @throws InterruptedException if the thread is interrupted; then the program is killed
     */
    void run(Child child, List<String> program) throws IOException, InterruptedException {
        Limits limits = child.limits();
        List<String> command = new ArrayList<>(first);
        command.addAll(List.of(
                limiter.toString(),
                "--as=" + limits.memory(),
                // Beyond the first the program gets a signal of its own, beyond the second it is killed.
                "--cpu=" + limits.processorSeconds() + ":" + (limits.processorSeconds() + 1),
                "--fsize=" + limits.fileSize(),
                "--core=0",
                watch.toString(),
                "-s",
                "KILL",
                String.valueOf(limits.wallTime().plus(LONGER).toSeconds())));
        if (walls != null) {
            command.addAll(walls(walls, child.folder(), Path.of(program.get(0))));
        }
        command.addAll(program);
        child.run(command);
    }

    /** Whether the program was not even started. Its own failures end with small numbers too, but it does not begin with these names. */
    static boolean failed(int exit, String said) {
        return (exit >= 124 && exit <= 127)
                || Stream.of("bwrap:", "prlimit:", "timeout:", "choom:").anyMatch(said::startsWith);
    }

    private static List<String> walls(Path bwrap, Path folder, Path program) {
        List<String> words = new ArrayList<>(List.of(bwrap.toString(), "--ro-bind", "/usr", "/usr"));
        for (String name : List.of("/bin", "/sbin", "/lib", "/lib32", "/lib64")) {
            Path path = Path.of(name);
            if (Files.isSymbolicLink(path)) {
                words.addAll(List.of("--symlink", linkTarget(path), name));
            } else if (Files.isDirectory(path)) {
                words.addAll(List.of("--ro-bind", name, name));
            }
        }
        words.addAll(List.of("--dev-bind", "/dev/null", "/dev/null"));
        words.addAll(List.of("--dev-bind", "/dev/urandom", "/dev/urandom"));
        if (!program.startsWith("/usr")) {
            words.addAll(List.of("--ro-bind", program.toString(), program.toString()));
        }
        words.addAll(List.of("--bind", folder.toString(), "/work", "--chdir", "/work"));
        words.addAll(List.of("--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534"));
        words.addAll(List.of("--die-with-parent", "--new-session", "--cap-drop", "ALL"));
        return words;
    }

    private static String linkTarget(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

package dev.glimpse.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Packages of Node that tests need. The first test on a machine installs them below {@code target}. */
public final class NodePackages {
    private static final String VERSIONS = "package.json";
    private static final int INSTALL_MINUTES = 5;

    private NodePackages() {}

    /**
     * Installs what {@code package.json} in this folder names, and nothing that is optional, if it is not installed yet.
     *
     * @param source with {@code package.json} and programs, all of which are copied
     * @param installed where it goes
     * @param more packages
     * @return {@code installed}
     */
    public static synchronized Path install(Path source, Path installed, String... more) throws IOException {
        assertThat(List.of("node", "npm"))
                .as("install Debian's packages nodejs and npm: tests need Node 18 or newer")
                .allMatch(NodePackages::isInPath);
        Files.createDirectories(installed);
        // Tests run in two processes.
        try (FileChannel file = FileChannel.open(
                        installed.resolveSibling(installed.getFileName() + ".lock"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE);
                FileLock lock = file.lock()) {
            assertThat(lock.isValid()).isTrue();
            installLocked(source, installed, more);
        }
        return installed;
    }

    private static void installLocked(Path source, Path installed, String... more) throws IOException {
        Path versions = source.resolve(VERSIONS);
        Path done = installed.resolve("installed.json");
        boolean isDone = Files.exists(done) && Files.mismatch(done, versions) < 0;
        try (Stream<Path> files = Files.list(source)) {
            for (Path file : files.toList()) {
                Path copy = installed.resolve(file.getFileName());
                // A program of another test may be starting from it.
                if (!Files.exists(copy) || Files.mismatch(file, copy) >= 0) {
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        if (!isDone) {
            npmInstall(installed, more);
            Files.copy(versions, done, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    private static void npmInstall(Path folder, String... more) throws IOException {
        Path log = folder.resolve("install.log");
        List<String> command = new ArrayList<>(List.of(
                "npm",
                "install",
                "--omit=optional",
                "--no-save",
                "--no-package-lock",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts"));
        command.addAll(List.of(more));
        Process npm = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(npm.waitFor(INSTALL_MINUTES, TimeUnit.MINUTES) && npm.exitValue() == 0)
                    .as("npm install in %s: %s", folder, Files.readString(log))
                    .isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while npm installs packages", e);
        } finally {
            npm.destroyForcibly();
        }
    }

    private static boolean isInPath(String program) {
        return Stream.of(Optional.ofNullable(System.getenv("PATH")).orElse("").split(":", -1))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}

package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is on the disk when a call returns, also if the disk has failed before. */
@Timeout(10)
class DurableFilesTest {
    @TempDir
    Path root;

    /** What was brought to the disk since the last fault. */
    private final List<Path> forced = new ArrayList<>();

    /** The next force of this path fails. */
    private @Nullable Path faulty;

    private DurableFiles files;
    private Path written;

    @BeforeEach
    void write() throws IOException {
        files = new DurableFiles(root.resolve("tmp"), path -> {
            if (path.equals(faulty)) {
                faulty = null;
                forced.clear();
                throw new FileSystemException(path.toString(), null, "too many open files");
            }
            forced.add(path);
        });
        written = files.write(new byte[] {1});
    }

    @Test
    void deleteThatIsTriedAgainIsBroughtToTheDisk() throws IOException {
        Path object = root.resolve("images/a");
        files.link(written, object);
        faulty = object.getParent();
        assertThatThrownBy(() -> files.delete(object)).isInstanceOf(FileSystemException.class);

        files.delete(object);

        assertThat(forced).containsExactly(object.getParent());
    }

    @Test
    void deleteInAFolderThatDoesNotExistDoesNothing() throws IOException {
        forced.clear();

        files.delete(root.resolve("nowhere/a"));

        assertThat(forced).isEmpty();
    }

    @Test
    void linkThatDidNotGetToTheDiskIsNotTakenForTheLinkOfSomebodyElse() throws IOException {
        Path object = root.resolve("images/a");
        Files.createDirectory(object.getParent());
        faulty = object.getParent();

        assertThatThrownBy(() -> files.linkOrCopy(written, object)).hasMessageContaining("too many open files");

        assertThat(files.linkOrCopy(written, object)).isFalse();
        assertThat(forced).containsExactly(object.getParent());
    }

    @Test
    void folderThatDidNotGetToTheDiskIsBroughtThereByTheNextPut() throws IOException {
        Path object = root.resolve("images/a");
        faulty = root;
        assertThatThrownBy(() -> files.link(written, object)).hasMessageContaining("too many open files");

        assertThat(files.link(written, object)).isTrue();

        assertThat(forced).containsExactly(root, object.getParent());
    }

    @Test
    void putWaitsForTheFolderThatAnotherThreadIsMaking() throws Exception {
        AtomicBoolean overtaken = new AtomicBoolean();
        AtomicBoolean first = new AtomicBoolean(true);
        List<FutureTask<Boolean>> seconds = new ArrayList<>();
        DurableFiles slow = new DurableFiles(root.resolve("tmp"), path -> {
            if (path.equals(root) && first.compareAndSet(true, false)) {
                Path other = Files.write(root.resolve("tmp/other"), new byte[] {2});
                FutureTask<Boolean> second = new FutureTask<>(() -> files.link(other, root.resolve("images/b")));
                seconds.add(second);
                Thread thread = new Thread(second);
                thread.start();
                while (thread.getState() != Thread.State.BLOCKED && thread.getState() != Thread.State.TERMINATED) {
                    Thread.onSpinWait();
                }
                overtaken.set(second.isDone());
            }
        });

        assertThat(slow.link(written, root.resolve("images/a"))).isTrue();

        assertThat(overtaken).isFalse();
        assertThat(seconds.get(0).get()).isTrue();
    }
}

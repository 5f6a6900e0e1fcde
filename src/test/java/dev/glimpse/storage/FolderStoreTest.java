package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderStoreTest extends ObjectStoreContract {
    @TempDir
    Path root;

    private FolderStore store;

    @BeforeEach
    void open() {
        store = new FolderStore(root);
    }

    @Override
    ObjectStore store() {
        return store;
    }

    @Test
    void objectsAreFilesUnderTheirKeys() {
        put("images/a.jpg", "bytes");

        assertThat(root.resolve(folder + "images/a.jpg")).hasContent("bytes");
        assertThat(store.filesInPlace()).contains(root);
        assertThat(store.address("images/a.jpg")).isEqualTo("images/a.jpg");
    }

    @Test
    void metadataOfAPictureIsAFileThatBearsItsName() {
        store.putIfAbsent("images/abc.jpg", new byte[1], JPEG, Map.of("glimpse", "value"));

        assertThat(root.resolve("meta/abc.json")).hasContent("{\"glimpse\":\"value\"}");
        store.delete("images/abc.jpg");
        assertThat(root.resolve("meta/abc.json")).doesNotExist();
    }

    @Test
    void picturesWayToTheTrashKeepsItsMetadata() {
        store.putIfAbsent("images/abc.jpg", new byte[1], JPEG, Map.of("n", "v"));

        store.putIfAbsent("trash/abc.jpg", new byte[1], JPEG, Map.of("n", "v"));
        store.delete("images/abc.jpg");

        assertThat(store.head("trash/abc.jpg"))
                .hasValueSatisfying(head -> assertThat(head.metadata()).isEqualTo(Map.of("n", "v")));
    }

    @Test
    void metadataLeftByAPutThatDiedIsReplaced() throws Exception {
        Files.createDirectories(root.resolve("meta"));
        Files.writeString(root.resolve("meta/abc.json"), "{\"group\":\"dead\"}");

        store.putIfAbsent("images/abc.jpg", new byte[1], JPEG, Map.of("group", "alive"));

        assertThat(store.head("images/abc.jpg").orElseThrow().metadata()).isEqualTo(Map.of("group", "alive"));
    }

    @Test
    void whatACrashLeftIsNotListed() throws Exception {
        put("a", "whole");
        Files.writeString(WorkingFolder.temporaryPuts(root).resolve("half"), "ha");
        Files.createDirectories(root.resolve("meta"));
        Files.writeString(root.resolve("meta/orphan.json"), "{}");

        assertThat(store.list("")).containsExactly(folder + "a");
        assertThat(store.list("meta/")).containsExactly("meta/orphan.json");
    }

    @Test
    void putsLeaveNothingTemporaryBehind() {
        put("a", "first");
        put("a", "refused");
        store.putIfAbsent(folder + "b", new byte[1], JPEG, Map.of("n", "v"));

        assertThat(WorkingFolder.temporaryPuts(root)).isEmptyDirectory();
    }

    @Test
    void folderThatIsNotThereYetIsEmptyAndIsMadeByTheFirstPut() {
        FolderStore fresh = new FolderStore(root.resolve("not/yet"));

        assertThat(fresh.list("")).isEmpty();
        assertThat(fresh.list("images/")).isEmpty();
        assertThat(fresh.putIfAbsent("images/a", new byte[1], JPEG, Map.of())).isTrue();
        assertThat(fresh.list("")).containsExactly("images/a");
    }

    @Test
    void fileOfTheSameFileSystemIsLinkedNotCopied() throws Exception {
        Path file = Files.writeString(disk.resolve("file"), "bytes");

        store.putIfAbsent("vectors/file", file);

        assertThat(Files.isSameFile(file, root.resolve("vectors/file"))).isTrue();
    }

    @Test
    void folderThatCannotBeWrittenIsAStoreThatIsUnavailable() throws Exception {
        Files.writeString(root.resolve("images"), "a file where a folder should be");

        assertThatThrownBy(() -> store.putIfAbsent("images/a", new byte[1], JPEG, Map.of()))
                .isInstanceOf(StoreUnavailableException.class)
                .hasMessageContaining("images/a")
                .hasMessageContaining(root.toString());
        assertThat(WorkingFolder.temporaryPuts(root)).isEmptyDirectory();
    }

    @Test
    void deleteThatIsTriedAgainBringsTheFolderToTheDisk() {
        put("images/a", "x");
        List<Path> forced = new ArrayList<>();
        FolderStore faulty = new FolderStore(root, new DurableFiles(WorkingFolder.temporaryPuts(root), path -> {
            forced.add(path);
            if (forced.size() == 1) {
                throw new IOException("the disk does not answer");
            }
        }));
        assertThatThrownBy(() -> faulty.delete(folder + "images/a")).isInstanceOf(StoreUnavailableException.class);

        faulty.delete(folder + "images/a");

        Path images = root.resolve(folder + "images");
        assertThat(forced).startsWith(images, images);
    }

    @Test
    void folderUnderTheKeyIsNotTakenForAnObject() {
        put("images/a", "x");

        assertThat(store.get(folder + "images")).isEmpty();
        assertThatThrownBy(() -> put("images", "x")).isInstanceOf(StoreUnavailableException.class);
        store.delete(folder + "images");
        assertThat(store.list(folder)).isEqualTo(List.of(folder + "images/a"));
    }
}

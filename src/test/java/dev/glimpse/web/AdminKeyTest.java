package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class AdminKeyTest {
    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void makeFolder() throws IOException {
        Files.createDirectory(folder.resolve("tmp"));
        file = folder.resolve("admin-key");
    }

    @Test
    void isInAFileThatItsOwnerAloneReadsAndInTheLog(CapturedOutput output) throws IOException {
        AdminKey key = AdminKey.random();

        key.writeInto(folder);

        assertThat(Files.getPosixFilePermissions(file))
                .containsExactlyInAnyOrder(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);
        String secret = Files.readString(file);
        assertThat(secret).matches("[A-Za-z0-9_-]{43}");
        assertThat(key.is(secret)).isTrue();
        assertThat(output).contains("admin-key=" + secret);
        assertThat(folder.resolve("tmp")).isEmptyDirectory();
    }

    @Test
    void eachStartMakesAnotherOne() throws IOException {
        AdminKey.random().writeInto(folder);
        String before = Files.readString(file);
        AdminKey key = AdminKey.random();

        key.writeInto(folder);

        assertThat(key.is(Files.readString(file))).isTrue();
        assertThat(key.is(before)).isFalse();
        assertThat(key.is("")).isFalse();
    }

    @Test
    void serverWithOtherKeysHasNoneAndRemovesTheOneOfBefore(CapturedOutput output) throws IOException {
        Files.writeString(file, "before");
        AdminKey none = AdminKey.none();

        none.writeInto(folder);

        assertThat(file).doesNotExist();
        assertThat(none.is("")).isFalse();
        assertThat(none.is("before")).isFalse();
        assertThat(output).doesNotContain("admin-key");
    }
}

package dev.glimpse.bulk;

import static dev.glimpse.bulk.FakePictures.png;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives, well made and hostile, end with a true report. */
class ArchivesTest {
    private static final int BOMB = 201 << 20;

    @TempDir
    Path folder;

    private FakeGlimpse server;

    @BeforeEach
    void start() throws IOException {
        server = new FakeGlimpse();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Path put(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes);
    }

    private static byte[] packed(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] hostileZip() throws IOException {
        return new FakePictures.Zip()
                .with("../out.png", png("1"))
                .with("a/../../out.png", png("2"))
                .with("..\\out.png", png("3"))
                .with("/etc/out.png", png("4"))
                .with("C:\\out.png", png("5"))
                .with(
                        "inner.zip",
                        new FakePictures.Zip().with("x.png", png("6")).bytes())
                .with("__MACOSX/._good.png", png("7"))
                .with("notes.txt", "text".getBytes(StandardCharsets.UTF_8))
                .with("deep/down/good.png", png("8"))
                .bytes();
    }

    @Test
    void namesThatLeadOutAreRefusedAndTheRestIsLoaded() throws IOException {
        Load load = Load.of(server, put("hostile.zip", hostileZip()));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("total")).isEqualTo(9);
        assertThat(load.count("refused")).isEqualTo(5);
        assertThat(load.count("stored")).isEqualTo(1);
        assertThat(load.count("left out")).isEqualTo(3);
        assertThat(load.output())
                .contains(
                        "an absolute name in an archive\t/etc/out.png", "a name that leads out of the archive\t../out")
                .contains("1 .zip (an archive)", "(hidden)");
        assertThat(server.stored).containsExactly(FakeGlimpse.sha256(png("8")));
    }

    @Test
    void zipFromAPipeIsTheSame() throws IOException {
        Load load = Load.of(server.url(), hostileZip(), "-");

        assertThat(load.count("refused")).as(load.output()).isEqualTo(5);
        assertThat(load.count("stored")).isEqualTo(1);
        assertThat(load.count("left out")).isEqualTo(3);
    }

    @Test
    void tarIsReadPackedOrNotAndThroughAPipe() throws IOException {
        byte[] tar = new FakePictures.Tar()
                .with("a.png", png("a"))
                .with("../b.png", png("b"))
                .with("/c.png", png("c"))
                .link("link.png", "/etc/passwd")
                .with("deep/d.png", png("d", 100_000))
                .bytes();

        Load plain = Load.of(server, put("a.tar", tar));
        Load gzip = Load.of(server, put("a.tgz", packed(tar)));
        Load piped = Load.of(server.url(), packed(tar), "-");

        assertThat(plain.count("stored")).as(plain.output()).isEqualTo(2);
        assertThat(plain.count("refused")).isEqualTo(2);
        assertThat(plain.output()).contains("1 .png (a link)");
        assertThat(gzip.count("known")).as(gzip.output()).isEqualTo(2);
        assertThat(piped.count("known")).as(piped.output()).isEqualTo(2);
        assertThat(server.stored).contains(FakeGlimpse.sha256(png("d", 100_000)));
    }

    @Test
    void zipWithoutItsEndGivesWhatIsThere() throws IOException {
        FakePictures.Zip zip = new FakePictures.Zip();
        for (int i = 0; i < 10; i++) {
            zip.plain("p" + i + ".png", png("picture " + i, 5_000));
        }
        byte[] whole = zip.bytes();

        Load load = Load.of(server, put("cut.zip", Arrays.copyOf(whole, 5 * 5_000)));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).isEqualTo(4);
        assertThat(load.output()).contains("the archive cannot be read to its end");
    }

    @Test
    void tarWithoutItsEndGivesWhatIsThere() throws IOException {
        byte[] whole = new FakePictures.Tar()
                .with("a.png", png("a", 10_000))
                .with("b.png", png("b", 10_000))
                .bytes();

        Load load = Load.of(server, put("cut.tar", Arrays.copyOf(whole, 15_000)));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).as(load.output()).isEqualTo(1);
        assertThat(load.output()).contains("the archive cannot be read to its end");
    }

    @Test
    void entryThatIsDamagedFailsAlone() throws IOException {
        byte[] zip = new FakePictures.Zip()
                .plain("a.png", png("a"))
                .plain("b.png", png("here it breaks"))
                .plain("c.png", png("c"))
                .bytes();
        int at = new String(zip, StandardCharsets.ISO_8859_1).indexOf("here it breaks");
        zip[at] ^= 1;

        Load load = Load.of(server, put("damaged.zip", zip));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).isEqualTo(2);
        assertThat(load.count("failed")).isEqualTo(1);
        assertThat(load.output()).contains("the archive is damaged\tb.png");
    }

    /** Many large entries of zeros; each begins like a picture. */
    private static byte[] bombZip() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (int i = 0; i < 3; i++) {
                zip.putNextEntry(new ZipEntry("bomb" + i + ".png"));
                zeros(zip, png("bomb " + i), 40 << 20);
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static void zeros(OutputStream out, byte[] start, int size) throws IOException {
        out.write(start);
        byte[] zeros = new byte[1 << 20];
        for (int left = size - start.length; left > 0; left -= zeros.length) {
            out.write(zeros, 0, Math.min(left, zeros.length));
        }
    }

    @Test
    void zipBombIsRefused() throws IOException {
        Load load = Load.of(server, put("bomb.zip", bombZip()));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).isZero();
        assertThat(load.output()).contains("more than 100 times its size");
        assertThat(load.count("total")).isEqualTo(3); // the first, the second, and the archive
    }

    @Test
    void packedTarBombIsRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
            TarArchiveEntry entry = new TarArchiveEntry("bomb.png");
            entry.setSize(BOMB);
            tar.putArchiveEntry(entry);
            zeros(tar, png("bomb"), BOMB);
            tar.closeArchiveEntry();
        }

        Load load = Load.of(server, put("bomb.tar.gz", bytes.toByteArray()));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.output()).contains("larger than 200000000 bytes\tbomb.png", "more than 100 times its size");
        assertThat(server.uploads).hasValue(0);
    }

    @Test
    void tarWithAnEndlessHeaderIsRefused() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            TarArchiveEntry entry = new TarArchiveEntry("././@LongLink", TarArchiveEntry.LF_GNUTYPE_LONGNAME);
            entry.setSize(5 << 20);
            tar.putArchiveEntry(entry);
            zeros(tar, new byte[0], 5 << 20);
            tar.closeArchiveEntry();
        }

        Load load = Load.of(server, put("header.tar", bytes.toByteArray()));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.output()).contains("the header of an entry is too long");
    }

    @Test
    void encryptedEntryIsNamedAsSuch() throws IOException {
        byte[] zip = new FakePictures.Zip().plain("a.png", png("a")).bytes();
        int directory = new String(zip, StandardCharsets.ISO_8859_1).indexOf("PK\u0001\u0002");
        zip[6] |= 1;
        zip[directory + 8] |= 1;

        Load load = Load.of(server, put("secret.zip", zip));

        assertThat(load.count("failed")).isEqualTo(1);
        assertThat(load.output()).contains("encrypted\ta.png");
    }

    @Test
    void notesBesideAPictureAreFoundInAZip() throws IOException {
        byte[] zip = new FakePictures.Zip()
                .with("set/0001.png", png("a"))
                .with("set/0001.txt", "a caption".getBytes(StandardCharsets.UTF_8))
                .bytes();

        Load load = Load.of(server, put("set.zip", zip), "--sidecars");

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(server.captions).containsEntry("0001.png", "a caption");
    }

    @Test
    void largeEntryIsKeptInAFileAndArrivesWhole() throws IOException {
        byte[] large = new byte[9 << 20];
        new Random(1).nextBytes(large);
        System.arraycopy(png(""), 0, large, 0, 8);

        Load load = Load.of(
                server,
                put("large.zip", new FakePictures.Zip().with("l.png", large).bytes()));

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(server.stored).containsExactly(FakeGlimpse.sha256(large));
    }

    @Test
    void archiveOfAnotherKindAndAVideoAreNoSources() throws IOException {
        Load ofSeven = Load.of(server, put("a.7z", "7z\u00bc\u00af....".getBytes(StandardCharsets.ISO_8859_1)));
        Load ofVideo =
                Load.of(server, put("a.mov", "\0\0\0\u0014ftypqt  \0\0\0\0".getBytes(StandardCharsets.ISO_8859_1)));

        assertThat(ofSeven.status()).isEqualTo(2);
        assertThat(ofSeven.errors()).contains("a.7z is an archive of a kind that is not read: zip, tar and tar.gz are");
        assertThat(ofVideo.status()).isEqualTo(2);
        assertThat(ofVideo.errors()).contains("a.mov is neither a folder, nor a picture", "a video");
    }

    @Test
    void gzipOfSomethingElseIsToldAsSuch() throws IOException {
        Load load = Load.of(server, put("a.gz", packed("hello".getBytes(StandardCharsets.UTF_8))));

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("failed")).as(load.output()).isEqualTo(1);
    }
}

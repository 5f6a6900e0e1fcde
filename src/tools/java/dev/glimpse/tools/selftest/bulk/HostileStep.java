package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.bulk.FakePictures;
import dev.glimpse.testing.Report;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Sources that were made to do harm, or that are damaged: each load ends, and its report says what is in the server. */
final class HostileStep {
    private final Ground ground;
    private final Report report;
    private final Path folder;

    HostileStep(Ground ground) throws IOException {
        this.ground = ground;
        this.report = ground.report();
        this.folder = Files.createDirectories(ground.root().resolve("hostile-sources"));
    }

    void run() throws Exception {
        report.say("");
        report.say("hostile: archives and lists that are made to do harm");
        try (Place place = Place.ofFolder(ground, "hostile")) {
            place.startServer();
            load(place, "bomb", 1, "times its size", put("bomb.zip", bomb()));
            load(place, "names", 1, "leads out of the archive", put("names.zip", names()));
            load(place, "cut", 1, "cannot be read to its end", put("cut.zip", cut()));
            load(place, "list", 1, "no such file", "--list", put("list.txt", list()));
            load(place, "list again", 0, "not a readable file", "--list", put("list.txt", list()));
            report.bar(
                    place.client().search("a red circle", 10).status() == 200,
                    "the server searches; VmHWM %.0f MB",
                    place.server().memory().getOrDefault("VmHWM", Double.NaN));
        }
    }

    private void load(Place place, String name, int stored, String reason, String... source) throws Exception {
        long before = place.rows();
        Loader.Result result = Loader.bulkLoad(ground, place, "hostile-" + name.replace(' ', '-'), source)
                .await(ground, place);
        long added = place.rows() - before;
        long of = 0;
        for (String each : List.of("stored", "known", "refused", "leftOut", "failed", "notSent")) {
            of += result.count(each);
        }
        report.bar(
                result.status() == 1
                        && result.count("stored") == stored
                        && added == stored
                        && result.count("total") == of
                        && result.count("notSent") == 0
                        && result.count("refused") + result.count("failed") > 0
                        && result.output().contains(reason),
                "%s: status %d after %.1f s, %d stored, %d known, %d refused, %d failed, %d left out of %d; %d rows more; a reason: %s",
                name,
                result.status(),
                result.wall(),
                result.count("stored"),
                result.count("known"),
                result.count("refused"),
                result.count("failed"),
                result.count("leftOut"),
                result.count("total"),
                added,
                reason);
    }

    private String put(String name, byte[] bytes) throws IOException {
        return Files.write(folder.resolve(name), bytes).toString();
    }

    private byte[] picture(int i) throws IOException {
        return Files.readAllBytes(ground.pictures().file(i));
    }

    /** A picture, and three entries that begin like pictures and unfold to 40 MB each. */
    private byte[] bomb() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.putNextEntry(new ZipEntry("good.jpg"));
            zip.write(picture(0));
            zip.closeEntry();
            for (int i = 0; i < 3; i++) {
                zip.putNextEntry(new ZipEntry("bomb" + i + ".png"));
                zip.write(FakePictures.png("bomb " + i));
                zeros(zip, 40);
                zip.closeEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static void zeros(OutputStream out, int megabytes) throws IOException {
        byte[] zeros = new byte[1 << 20];
        for (int i = 0; i < megabytes; i++) {
            out.write(zeros);
        }
    }

    private byte[] names() throws IOException {
        return new FakePictures.Zip()
                .with("../up.jpg", picture(2))
                .with("a/../../up.jpg", picture(3))
                .with("/tmp/absolute.jpg", picture(4))
                .with("C:\\absolute.jpg", picture(5))
                .with("good/inside.jpg", picture(1))
                .bytes();
    }

    /** Two pictures, and the archive ends in the second. */
    private byte[] cut() throws IOException {
        byte[] whole = new FakePictures.Zip()
                .plain("good.jpg", picture(6))
                .plain("half.jpg", picture(7))
                .bytes();
        return Arrays.copyOf(whole, picture(6).length + picture(7).length / 2);
    }

    private byte[] list() throws IOException {
        String damaged = put("damaged.jpg", Arrays.copyOf(picture(9), 2_000));
        String text = put("notes.jpg", "no picture".getBytes(StandardCharsets.UTF_8));
        Path dangling = folder.resolve("dangling.jpg");
        Files.deleteIfExists(dangling);
        Files.createSymbolicLink(dangling, folder.resolve("nowhere.jpg"));
        return String.join(
                        "\n",
                        "# a list with odd lines",
                        "",
                        "   ",
                        ground.pictures().file(8) + "\r",
                        folder.resolve("absent.jpg").toString(),
                        folder.toString(),
                        dangling.toString(),
                        damaged,
                        text,
                        "/proc/self/mem",
                        "http://127.0.0.1:1/picture.jpg",
                        "http://[",
                        "a\0b.jpg",
                        "\u202eright to left.jpg",
                        "x".repeat(40_000))
                .getBytes(StandardCharsets.UTF_8);
    }
}

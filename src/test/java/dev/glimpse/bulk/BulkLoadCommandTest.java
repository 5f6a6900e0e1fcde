package dev.glimpse.bulk;

import static dev.glimpse.bulk.FakePictures.png;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What bulk-load promises, against a server that fails as it is told to. */
class BulkLoadCommandTest {
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
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.write(file, bytes);
    }

    private void pictures(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            put("d" + i % 7 + "/p" + i + ".png", png("picture " + i));
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void picturesAreSentManyInARequestAndEachOnce() throws IOException {
        pictures(200);

        Load load = Load.of(server, folder);

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(load.count("stored")).isEqualTo(200);
        assertThat(server.stored).hasSize(200);
        assertThat(server.received.values()).containsOnly(1);
        assertThat(server.uploads.get()).isLessThan(50);
    }

    @Test
    void secondRunAsksAndSendsNothing() throws IOException {
        pictures(200);
        Load.of(server, folder);
        int uploads = server.uploads.get();
        long bytes = server.bytes.get();

        Load again = Load.of(server, folder);

        assertThat(again.status()).isZero();
        assertThat(again.count("stored")).isZero();
        assertThat(again.count("known")).isEqualTo(200);
        assertThat(server.uploads).hasValue(uploads);
        assertThat(server.bytes).hasValue(bytes);
    }

    @Test
    void runThatWasStoppedGoesOnWithWhatIsMissing() throws IOException {
        pictures(200);
        server.failing = (upload, pictures) -> upload > 2 ? new FakeGlimpse.Failure(401, null, false) : null;
        Load stopped = Load.of(server, folder, "-j", "1");
        server.failing = (upload, pictures) -> null;

        Load rest = Load.of(server, folder);

        assertThat(stopped.status()).isEqualTo(1);
        assertThat(stopped.count("stored")).isPositive();
        assertThat(stopped.count("stored") + stopped.count("not sent")).isLessThanOrEqualTo(200);
        assertThat(stopped.output()).contains("The server refuses: told to fail", "run it again to go on");
        assertThat(rest.status()).as(rest.output()).isZero();
        assertThat(rest.count("known")).isEqualTo(stopped.count("stored"));
        assertThat(rest.count("stored")).isEqualTo(200 - stopped.count("stored"));
        assertThat(server.received.values()).containsOnly(1);
    }

    @Test
    void everythingIsSentOnDemandAndWhenTheServerCannotBeAsked() throws IOException {
        pictures(20);
        Load.of(server, folder);

        Load fresh = Load.of(server, "--fresh", folder);
        int asked = server.asked.get();
        server.canBeAsked = false;
        Load unasked = Load.of(server, folder);

        assertThat(fresh.count("known")).isEqualTo(20);
        assertThat(asked).isEqualTo(1);
        assertThat(unasked.count("known")).isEqualTo(20);
        assertThat(server.received.values()).containsOnly(3);
    }

    @Test
    void sameBytesUnderTwoNamesAreSentOnce() throws IOException {
        for (int i = 0; i < 20; i++) {
            put("p" + i + ".png", png("same"));
        }

        Load load = Load.of(server, folder);

        assertThat(load.count("stored")).isEqualTo(1);
        assertThat(load.count("known")).isEqualTo(19);
        assertThat(server.received.values()).containsOnly(1);
    }

    @ParameterizedTest
    @CsvSource({"429, 0", "503, 0", "503,"})
    void busyServerIsAskedAgainAndNothingIsLost(int status, String retryAfter) throws IOException {
        pictures(200);
        server.failing =
                (upload, pictures) -> upload % 3 == 1 ? new FakeGlimpse.Failure(status, retryAfter, false) : null;

        Load load = Load.of(server, folder);

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(load.count("stored")).isEqualTo(200);
        assertThat(server.received.values()).containsOnly(1);
    }

    @Test
    void serverThatStaysBusyIsGivenUpAndTheReportSaysWhatWasNotSent() throws IOException {
        pictures(20);
        server.failing = (upload, pictures) -> new FakeGlimpse.Failure(503, "0", false);

        Load load = Load.of(server, folder, "--wait", "1");

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("not sent")).isEqualTo(20);
        assertThat(load.output()).contains("The server takes nothing: told to fail");
    }

    @Test
    void answerThatIsLostIsAskedForAndNothingIsSentTwice() throws IOException {
        pictures(200);
        server.failing = (upload, pictures) -> upload == 2 ? new FakeGlimpse.Failure(0, null, true) : null;

        Load load = Load.of(server, folder);

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(load.count("stored")).isEqualTo(200);
        assertThat(server.received.values()).containsOnly(1);
    }

    @Test
    void serverThatIsKilledAndStartedAgainGetsTheRest() throws IOException {
        pictures(300);
        CompletableFuture<FakeGlimpse> restarted = new CompletableFuture<>();
        int port = server.port();
        server.failing = (upload, pictures) -> {
            if (upload == 3) {
                CompletableFuture<FakeGlimpse> unused = restarted.completeAsync(() -> {
                    server.close();
                    try {
                        FakeGlimpse other = new FakeGlimpse(port);
                        other.stored.addAll(server.stored);
                        return other;
                    } catch (IOException e) {
                        throw new IllegalStateException(e);
                    }
                });
                return new FakeGlimpse.Failure(0, null, false);
            }
            return null;
        };

        Load load = Load.of(server, folder);

        try (FakeGlimpse other = restarted.join()) {
            assertThat(load.status()).as(load.output()).isZero();
            assertThat(load.count("stored")).isEqualTo(300);
            assertThat(other.stored).hasSize(300);
        }
    }

    @Test
    void pictureThatBreaksEveryRequestFailsAloneAfterFiveAttempts() throws IOException {
        pictures(100);
        put("poison.png", png("poison"));
        server.failing = (upload, pictures) -> pictures.stream().anyMatch(picture -> picture.contains("poison"))
                ? new FakeGlimpse.Failure(500, null, false)
                : null;

        Load load = Load.of(server, folder);

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).isEqualTo(100);
        assertThat(load.count("failed")).isEqualTo(1);
        assertThat(load.output()).contains("500\ttold to fail\tpoison.png");
    }

    @Test
    void requestThatIsTooLargeForTheServerIsSentPictureByPicture() throws IOException {
        pictures(40);
        server.failing = (upload, pictures) -> pictures.size() > 1 ? new FakeGlimpse.Failure(413, null, false) : null;

        Load load = Load.of(server, folder);

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(load.count("stored")).isEqualTo(40);
        assertThat(server.batches).containsOnly(1);
    }

    @Test
    void brokenPictureIsRefusedAndTheOthersOfItsRequestAreStored() throws IOException {
        pictures(40);
        put("bad.png", png("broken"));
        Path report = folder.resolveSibling(folder.getFileName() + "-report.json");

        Load load = Load.of(server, folder, "--report", report);

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("stored")).isEqualTo(40);
        assertThat(load.count("refused")).isEqualTo(1);
        assertThat(load.output()).contains("400\tdamaged\tbad.png");
        Json json = Json.of(Files.readAllBytes(report));
        assertThat(json.at("stored").number()).isEqualTo(40);
        assertThat(json.at("refused").number()).isEqualTo(1);
        assertThat(json.at("files").items()).hasSize(1);
        Json file = json.at("files").items().get(0);
        assertThat(file.at("file").text()).isEqualTo("bad.png");
        assertThat(file.at("outcome").text()).isEqualTo("refused");
        assertThat(file.at("status").number()).isEqualTo(400);
        Files.delete(report);
    }

    @Test
    void summaryForProgramsIsTheOnlyOutput() throws IOException {
        pictures(3);
        put("a.txt", text("text"));

        Load load = Load.of(server, folder, "--json");

        Json json = Json.of(text(load.output()));
        assertThat(json.at("total").number()).isEqualTo(4);
        assertThat(json.at("stored").number()).isEqualTo(3);
        assertThat(json.at("leftOut").number()).isEqualTo(1);
        assertThat(json.at("leftOutKinds").at(".txt (text)").number()).isEqualTo(1);
        assertThat(json.at("bytesSent").number()).isEqualTo((int) server.bytes.get());
        assertThat(load.errors()).contains("  stored       3");
    }

    @Test
    void captionsComeFromTheTableThenFromFilesBeside() throws IOException {
        put("a/one.png", png("1"));
        put("b/one.png", png("2"));
        put("two.png", png("3"));
        put("three.png", png("4"));
        put("three.png.json", text("{\"caption\": \"from JSON\", \"tags\": [\"x\", \"y\"]}"));
        put("two.txt", text("from text\n"));
        Path table = put(
                ".captions.csv",
                text(String.join(
                        "\r\n",
                        "\ufefftags,file,note,caption",
                        "\"cat, home\",a/one.png,,\"says \"\"meow\"\",",
                        "loudly\"",
                        "dog,one.png,,any",
                        "",
                        ",two.png,,")));

        Load load = Load.of(server, folder, "--captions", table, "--sidecars", "-j", "1");

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(load.count("left out")).isEqualTo(3);
        assertThat(load.output()).contains("1 .json (notes beside a picture)", "1 .txt (notes beside a picture)");
        assertThat(server.captions).containsEntry("two.png", "from text").containsEntry("three.png", "from JSON");
        assertThat(server.captions.get("one.png")).isIn("any", "says \"meow\",\r\nloudly");
        assertThat(server.tags).containsEntry("three.png", "x,y").containsEntry("two.png", "");
        assertThat(server.tags.get("one.png")).isIn("dog", "cat,home");
    }

    @Test
    void listNamesFilesAndUrlsAndTellsWhatIsWrongWithALine() throws IOException {
        Path picture = put("a.png", png("a"));
        Path list = put(
                "list",
                text("# pictures\r\n" + picture + "\r\n\n" + folder + "\nno-such.png\nhttp://127.0.0.1:1/x.png\n"
                        + "http://[/\n" + "x".repeat(50_000) + "\n/dev/zero\n"));

        Load load = Load.of(server, list);
        Load again = Load.of(server, "--list", list);

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.count("total")).isEqualTo(7);
        assertThat(load.count("stored")).isEqualTo(1);
        assertThat(load.count("failed")).isEqualTo(6);
        assertThat(load.output())
                .contains("no such file\tno-such.png", "not a readable file\t/dev/zero", "not a URL", "32768 bytes")
                .contains("cannot fetch: 127.0.0.1 is not asked");
        assertThat(again.count("known")).isEqualTo(1);
        assertThat(again.count("failed")).isEqualTo(6);
    }

    @Test
    void urlsOfThisMachineAreFetchedOnDemandAlone() throws IOException {
        byte[] list = text(server.url() + "/stats\n" + server.url() + "/stats?again\n");

        Load refused = Load.of(server.url(), list, "-");
        Load fetched = Load.of(server.url(), list, "-", "--any-address", "--all");

        assertThat(refused.count("failed")).isEqualTo(2);
        assertThat(fetched.count("failed")).as(fetched.output()).isZero();
        assertThat(fetched.count("stored")).isEqualTo(1);
    }

    @Test
    void largeFileIsNotHeldInMemoryAndArrivesWhole() throws IOException {
        byte[] large = png("large", 9 << 20);
        put("large.png", large);

        Load load = Load.of(server, folder);

        assertThat(load.status()).as(load.output()).isZero();
        assertThat(server.stored).containsExactly(FakeGlimpse.sha256(large));
    }

    @ParameterizedTest
    @CsvSource({
        "--no-such, there is no option --no-such. Options: --server",
        "--server, --server needs a value",
        "-j 0 x, -j must be 1 to 64",
        "-j 65 x, -j must be 1 to 64",
        "--rate 0 x, --rate must be a positive number",
        "--wait no x, --wait must be 1 to",
        "--server ftp://x y, the server must be an http(s) URL",
        "--fresh, 'a folder, an archive, a picture or a list, please'",
        "no-such-folder, 'no such folder, archive or list: no-such-folder'",
        "--list no-such samples, cannot be read: no-such",
        "--captions no-such samples, the captions cannot be read",
        "--captions pom.xml samples, its first line must name the columns",
    })
    void whatCannotBeginIsToldInOneLine(String arguments, String told) {
        Load load = Load.of(server, (Object[]) arguments.split(" "));

        assertThat(load.status()).isEqualTo(2);
        assertThat(load.errors().lines()).hasSize(1);
        assertThat(load.errors()).contains(told);
        assertThat(load.output()).isEmpty();
    }

    @Test
    void serverThatIsNotThereIsNamedInOneLineWithWhatToDo() {
        String url = server.url();
        server.close();

        Load load = Load.of(url, new byte[0], "samples");

        assertThat(load.status()).isEqualTo(2);
        assertThat(load.errors().lines()).hasSize(1);
        assertThat(load.errors())
                .contains("no Glimpse at " + url, "nothing listens there", "scripts/run", "GLIMPSE_URL");
        assertThat(load.output()).isEmpty();
    }

    @Test
    void nothingLoadedIsAFailure() throws IOException {
        put("a.txt", text("a"));

        Load load = Load.of(server, folder);

        assertThat(load.status()).isEqualTo(1);
        assertThat(load.output()).contains("Nothing was loaded from ");
    }
}

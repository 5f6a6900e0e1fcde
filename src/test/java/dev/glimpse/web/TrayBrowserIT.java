package dev.glimpse.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.FilePayload;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Uploads: how they are begun, what they say, and what they survive. */
class TrayBrowserIT extends PageTest {
    @TempDir
    Path folder;

    private final List<String> sent = new ArrayList<>();

    @BeforeEach
    void countRequests() {
        page.onRequest(
                request -> sent.add(request.method() + " " + request.url().replaceAll(".*:\\d+", "")));
        page.navigate("/");
        waitFor("document.querySelector('.tile, .empty') !== null");
    }

    private static FilePayload png(String name, int n) {
        return new FilePayload(name, "image/png", TestPictures.png(n));
    }

    private static FilePayload text(String name) {
        return new FilePayload(name, "image/png", "no picture".getBytes(StandardCharsets.UTF_8));
    }

    private void choose(FilePayload... files) {
        page.locator("#files").setInputFiles(files);
    }

    private long sent(String request) {
        return sent.stream().filter(request::equals).count();
    }

    /** What the tray says in the end. */
    private void ends(String said) {
        assertThat(page.locator("#tray-title")).hasText(said);
    }

    @Test
    void chosenPictureIsAddedLinkedAndListed() {
        choose(png("my picture.png", 401));

        ends("1 added");
        assertThat(tile(0).locator("img")).hasAttribute("alt", "my picture.png");
        page.locator("#tray-links a").click();
        assertThat(page.locator(".stage-picture img")).hasAttribute("alt", "my picture.png");
    }

    @Test
    void whatIsHereAlreadyIsNotSent() {
        choose(png("a.png", 402), png("b.png", 403));
        ends("2 added");
        sent.clear();

        page.reload();
        choose(png("a.png", 402), png("again.png", 403));

        ends("2 here already");
        assertThat(sent("POST /images/known")).isEqualTo(1);
        assertThat(sent("POST /upload")).isZero();
        assertThat(page.locator("#tray-links a")).hasCount(2);
    }

    @Test
    void withoutTheMeansToHashAllAreSent() {
        choose(png("a.png", 404));
        ends("1 added");
        page.addInitScript("Object.defineProperty(crypto, 'subtle', {value: undefined})");
        page.reload();

        choose(png("a.png", 404));

        ends("1 here already");
        assertThat(sent("POST /upload")).isEqualTo(2);
    }

    @Test
    void refusalsAreGroupedByTheirReason() {
        choose(text("one.png"), text("<b>two</b>.png"), png("good.png", 405));

        ends("1 added · 2 refused");
        assertThat(page.locator("#tray-groups summary")).hasCount(1);
        assertThat(page.locator("#tray-groups summary")).containsText("2 files: not a picture we can read");
        page.locator("#tray-groups summary").click();
        assertThat(page.locator("#tray-groups li")).hasText(new String[] {"one.png", "<b>two</b>.png"});
        assertThat(page.locator("#tray-retry")).isHidden();
    }

    @Test
    void wholeFoldersAreTakenWithoutWhatIsHiddenOrNoPicture() throws IOException {
        Path deep = Files.createDirectories(folder.resolve("album/2024/may"));
        Files.write(folder.resolve("album/top.png"), TestPictures.png(406));
        Files.write(deep.resolve("deep.png"), TestPictures.png(407));
        Files.write(deep.resolve(".hidden.png"), TestPictures.png(408));
        Files.writeString(deep.resolve("notes.txt"), "text");

        page.locator("#folder").setInputFiles(folder.resolve("album"));

        ends("2 added · 1 refused");
        assertThat(page.locator("#tray-groups summary")).hasText("1 file: not a picture");
        assertThat(sent("POST /upload")).isEqualTo(2);
    }

    @Test
    void droppedAndPastedPicturesAreAdded() {
        for (int i = 0; i < 2; i++) {
            page.evaluate(
                    """
                    ([event, base64]) => {
                      const data = new DataTransfer();
                      data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], event + '.png', {type: 'image/png'}));
                      const options = {bubbles: true, cancelable: true};
                      document.querySelector('#results').dispatchEvent(event === 'drop'
                        ? new DragEvent('drop', {dataTransfer: data, ...options})
                        : new ClipboardEvent('paste', {clipboardData: data, ...options}));
                    }""",
                    List.of(i == 0 ? "drop" : "paste", Base64.getEncoder().encodeToString(TestPictures.png(409 + i))));
            ends(i + 1 + " added");
        }

        assertThat(tile(0).locator("img")).hasAttribute("alt", "paste.png");
    }

    @Test
    void droppedFolderIsTakenWithAllFoldersInItButWhatIsHidden() {
        // A test cannot drop a folder of the disk; the browser's own objects for one are stood in for.
        page.evaluate(
                """
                pictures => {
                  const file = (path, base64) => ({
                    isFile: true, name: path.split('/').pop(), fullPath: path,
                    file: found => found(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], path.split('/').pop(), {type: 'image/png'})),
                  });
                  const folder = (path, ...batches) => ({
                    isDirectory: true, name: path.split('/').pop(), fullPath: path,
                    createReader: () => { const left = [...batches]; return {readEntries: found => found(left.shift() ?? [])}; },
                  });
                  const album = folder('/album',
                    [file('/album/a.png', pictures[0]), folder('/album/.cache', [file('/album/.cache/b.png', pictures[1])])],
                    [folder('/album/deep', [folder('/album/deep/deeper', [file('/album/deep/deeper/c.png', pictures[2])])])]);
                  DataTransferItem.prototype.webkitGetAsEntry = () => album;
                  const data = new DataTransfer();
                  data.items.add(new File([''], 'album'));
                  document.querySelector('#results').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
                }""",
                IntStream.of(433, 434, 435)
                        .mapToObj(n -> Base64.getEncoder().encodeToString(TestPictures.png(n)))
                        .toList());

        ends("2 added");
        assertThat(client.get("/" + TestPictures.id(433)).status()).isEqualTo(200);
        assertThat(client.get("/" + TestPictures.id(434)).status()).isEqualTo(404);
        assertThat(client.get("/" + TestPictures.id(435)).status()).isEqualTo(200);
    }

    @Test
    void whatTheServerCannotReadIsRefusedWithoutSendingIt() {
        page.route("**/stats", route -> {
            var stats = (ObjectNode) JsonMapper.shared().readTree(route.fetch().body());
            stats.putArray("formats").add("image/jpeg").add("image/png");
            json(route, stats);
        });
        page.reload();

        choose(
                new FilePayload("a.heic", "image/heic", "anything".getBytes(StandardCharsets.UTF_8)),
                new FilePayload("b.avif", "image/avif", "anything".getBytes(StandardCharsets.UTF_8)),
                png("c.png", 436));

        ends("1 added · 2 refused");
        assertThat(page.locator("#tray-groups summary"))
                .hasText(new String[] {"1 file: this server takes no HEIC", "1 file: this server takes no AVIF"});
        assertThat(sent("POST /upload")).isEqualTo(1);
    }

    @Test
    void busyServerIsAskedAgainWhenItSaysSo() {
        List<Route> refused = new ArrayList<>();
        page.route("**/upload", route -> {
            if (refused.isEmpty()) {
                refused.add(route);
                problem(route, 503, "busy", "a queue is full", "1");
            } else {
                route.fallback();
            }
        });

        choose(png("a.png", 411));

        ends("1 added");
        assertThat(sent("POST /upload")).isEqualTo(2);
    }

    @Test
    void allThatFailedIsTriedAgainTogether() {
        page.addInitScript("window.random = Math.random; Math.random = () => 0;");
        List<Route> failing = new ArrayList<>();
        page.route("**/upload", route -> {
            if (failing.size() < 20) {
                failing.add(route);
                problem(route, 503, "store-unavailable", "the bucket does not answer", "0");
            } else {
                route.fallback();
            }
        });
        choose(png("a.png", 412), png("b.png", 413));
        ends("2 failed");
        assertThat(page.locator("#tray-groups summary")).hasText("2 files: the bucket does not answer");

        page.locator("#tray-retry").click();

        ends("2 added");
        assertThat(page.locator("#tray-groups summary")).hasCount(0);
    }

    @Test
    void uploadsPauseGoOnAndAreCancelled() {
        List<Route> held = new ArrayList<>();
        page.route("**/upload", held::add);
        choose(IntStream.range(420, 430).mapToObj(n -> png(n + ".png", n)).toArray(FilePayload[]::new));
        assertThat(page.locator("#tray-active li")).hasCount(4);
        ends("0 of 10");

        page.locator("#tray-pause").click();
        assertThat(page.locator("#tray-detail")).hasText("Paused");
        assertThat(page.locator("#tray-active li")).hasCount(0);
        page.unroute("**/upload");
        page.locator("#tray-pause").click();
        ends("10 added");

        page.route("**/upload", held::add);
        choose(png("never.png", 431));
        assertThat(page.locator("#tray-active li")).hasCount(1);
        page.locator("#tray-cancel").click();
        ends("10 added");
        assertThat(client.get("/" + TestPictures.id(431)).status()).isEqualTo(404);
    }

    @Test
    void uploadsSurviveNavigationInThePageAndWarnBeforeItIsLeft() {
        List<Route> held = new ArrayList<>();
        page.route("**/upload", held::add);
        choose(png("slow.png", 432));
        assertThat(page.locator("#tray-active li")).hasCount(1);
        search("anything");
        assertThat(page).hasURL(Pattern.compile("q=anything"));
        page.goBack();

        List<String> warnings = new ArrayList<>();
        page.onDialog(dialog -> {
            warnings.add(dialog.type());
            dialog.dismiss();
        });
        page.locator("#text").click(); // browsers warn only whoever has done something
        page.waitForCondition(() -> {
            if (warnings.isEmpty()) {
                page.close(new Page.CloseOptions().setRunBeforeUnload(true));
            }
            return !warnings.isEmpty();
        });

        assertThat(warnings).contains("beforeunload");
        page.unroute("**/upload");
        held.get(0).resume();
        ends("1 added");
        assertThat((Boolean) evaluate("dispatchEvent(new Event('beforeunload', {cancelable: true}))"))
                .isTrue();
    }

    @Test
    void fiveThousandFilesDoNotFreezeThePage() {
        // As a server that has all but a few of them.
        List<Integer> questions = new ArrayList<>();
        page.route("**/images/known", route -> {
            var hashes =
                    JsonMapper.shared().readTree(route.request().postData()).get("sha256");
            questions.add(hashes.size());
            json(
                    route,
                    Map.of(
                            "ids",
                            hashes.valueStream()
                                    .map(hash -> "images/" + hash.stringValue() + ".png")
                                    .filter(id -> !id.startsWith("images/00"))
                                    .toList()));
        });
        page.evaluate("""
                () => {
                  window.longest = 0;
                  new PerformanceObserver(list => {
                    for (const each of list.getEntries()) window.longest = Math.max(window.longest, each.duration);
                  }).observe({type: 'longtask'});
                  const data = new DataTransfer();
                  for (let i = 0; i < 5000; i++) data.items.add(new File(['file ' + i], `folder/file ${i}.png`, {type: 'image/png'}));
                  document.querySelector('#results').dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
                }""");
        evaluate("window.longest = 0"); // the task that made the files is the test's own
        assertThat(page.locator("#tray-title")).hasText(Pattern.compile(".* of 5,000"));
        // Meanwhile the page searches.
        search("anything");
        assertThat(page).hasURL(Pattern.compile("q=anything"));
        assertThat(page.locator("#tray")).hasClass(Pattern.compile("busy"));

        assertThat(page.locator("#tray-title"))
                .hasText(
                        Pattern.compile("4,9\\d\\d here already · \\d\\d refused"),
                        new com.microsoft.playwright.assertions.LocatorAssertions.HasTextOptions().setTimeout(60_000));

        assertThat(questions.stream().mapToInt(Integer::intValue).sum()).isEqualTo(5000);
        assertThat(questions).allMatch(each -> each <= 100);
        assertThat((Integer) evaluate("document.querySelectorAll('#tray *').length"))
                .isLessThan(300);
        System.out.println("page: longestTaskMillis=" + evaluate("window.longest"));
    }
}

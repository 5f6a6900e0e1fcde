package dev.glimpse.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestPictures;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The page at {@code /}: what it finds, and how it shows it. */
class GalleryBrowserIT extends PageTest {
    private static final String SHIFTS = """
            window.shifted = 0;
            new PerformanceObserver(list => {
              for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifted += each.value;
            }).observe({type: 'layout-shift', buffered: true});""";

    /** What a search finds, with facets of its own. */
    private void serveSearch(List<JsonNode> asked, List<Map<String, Object>> hits) {
        serveThumbnails();
        page.route("**/search", route -> {
            JsonNode query = JsonMapper.shared().readTree(route.request().postData());
            asked.add(query);
            Map<String, Object> answer = new HashMap<>(
                    Map.of("query", "", "model", "mini-clip", "mode", "hybrid", "truncated", false, "stale", false));
            answer.put("note", null);
            answer.put("next", null);
            answer.put("results", hits);
            answer.put(
                    "facets",
                    Map.of(
                            "rows", 90,
                            "formats", List.of(count("image/jpeg", 60), count("image/png", 30)),
                            "orientations", List.of(count("landscape", 70), count("square", 20)),
                            "tags", List.of(count("beach", 12), count("<i>dog</i>", 3)),
                            "months", List.of(count("2026-10", 40), count("2026-11", 50))));
            json(route, answer);
        });
    }

    private static Map<String, Object> count(String value, int rows) {
        return Map.of("value", value, "rows", rows);
    }

    private static Map<String, Object> hit(int n, @Nullable Double relevance, String... matched) {
        Map<String, Object> hit = madeUp(n);
        hit.put("_distance", 0.5);
        hit.put("relevance", relevance);
        hit.put("matched", List.of(matched));
        return hit;
    }

    // ---- what is found

    @Test
    void newestPicturesAreThereBeforeAnySearchWithTheCursorInTheBox() {
        upload("older.png", TestPictures.png(201), "older one", "");
        upload("newer.png", TestPictures.png(202), "newer one", "");

        page.navigate("/");

        assertThat(tile(0).locator("img")).hasAttribute("alt", "newer one");
        assertThat(tile(1).locator("img")).hasAttribute("alt", "older one");
        assertThat(page.locator("#text")).isFocused();
        assertThat(page.locator("#status")).containsText("the newest first");
        shot("newest");
    }

    @Test
    void addressBringsTheSearchAgainByReloadBackAndForward() {
        upload("quokka.png", TestPictures.png(203), "quokka", "");
        page.navigate("/");
        search("quokka");
        assertThat(tile(0).locator("img")).hasAttribute("alt", "quokka");
        assertThat(tile(0).locator(".badge.words")).hasText("in its caption");
        assertThat(page).hasURL(Pattern.compile("/\\?q=quokka$"));

        page.reload();
        assertThat(page.locator("#text")).hasValue("quokka");
        assertThat(tile(0).locator("img")).hasAttribute("alt", "quokka");
        page.goBack();
        assertThat(page.locator("#status")).containsText("the newest first");
        assertThat(page.locator("#text")).hasValue("");
        page.goForward();

        assertThat(page.locator("#text")).hasValue("quokka");
        assertThat(tile(0).locator("img")).hasAttribute("alt", "quokka");
        assertThat(page).hasTitle("quokka – Glimpse");
    }

    @Test
    void relevanceIsAWordAndBelowTheCutItSaysThatNothingElseLooksLikeIt() {
        List<JsonNode> asked = new ArrayList<>();
        Map<String, Object> worded = hit(3, 0.4, "vector", "text");
        worded.put("tags", List.of("Apple"));
        serveSearch(asked, List.of(hit(1, 0.9, "vector"), hit(2, 0.6, "vector"), worded));
        page.navigate("/?q=apple");

        assertThat(page.locator(".badge")).hasText(new String[] {"Clear match", "Likely", "Perhaps", "in its tags"});
        assertThat(page.locator(".cut")).hasText("Nothing else looks like it");
        page.locator("#foot button").click();

        assertThat(page).hasURL(Pattern.compile("all=1"));
        assertThat(page.locator(".cut")).hasCount(0);
        assertThat(asked.get(0).get("minRelevance").doubleValue()).isEqualTo(0.25);
        assertThat(last(asked).has("minRelevance")).isFalse();
        assertThat((String) evaluate("document.querySelector('#results').innerText"))
                .doesNotContain("0.");
    }

    @Test
    void saysSoWhenNothingMatches() {
        serveSearch(new ArrayList<>(), List.of());

        page.navigate("/?q=apple");

        assertThat(page.locator("#foot h1")).hasText("Nothing here matches");
        assertThat(page.locator("#foot button")).hasText("Show the nearest all the same");
    }

    @Test
    void chipsHaveCountsAndNarrowTheSearchInTheAddress() {
        List<JsonNode> asked = new ArrayList<>();
        serveSearch(asked, List.of(hit(1, 0.9, "vector")));
        page.navigate("/?q=apple");
        assertThat(page.locator(".chip.with-tag")).hasText(new String[] {"beach12", "<i>dog</i>3"});
        assertThat(page.locator(".chip-group").first().locator(".chip"))
                .hasText(new String[] {"Landscape70", "Square20"});

        page.locator(".chip", new com.microsoft.playwright.Page.LocatorOptions().setHasText("beach"))
                .click();
        assertThat(page).hasURL(Pattern.compile("tag=beach"));
        page.locator(".chip", new com.microsoft.playwright.Page.LocatorOptions().setHasText("PNG"))
                .click();
        assertThat(page).hasURL(Pattern.compile("type=png"));
        page.locator(".chip", new com.microsoft.playwright.Page.LocatorOptions().setHasText("Oct 2026"))
                .click();
        assertThat(page).hasURL(Pattern.compile("month=2026-10"));

        assertThat(page.locator(".chip[aria-pressed=true]")).hasCount(3);
        JsonNode last = last(asked);
        assertThat(last.at("/tag/0").stringValue()).isEqualTo("beach");
        assertThat(last.at("/type/0").stringValue()).isEqualTo("png");
        assertThat(last.get("uploadedAfter").stringValue()).isEqualTo("2026-10-01T00:00:00.000Z");
        assertThat(last.get("uploadedBefore").stringValue()).isEqualTo("2026-11-01T00:00:00.000Z");
        page.locator(".chip.clear").click();
        assertThat(page.locator(".chip[aria-pressed=true]")).hasCount(0);
        assertThat(page).hasURL(Pattern.compile("/\\?q=apple$"));
    }

    @Test
    void nothingThatAnUploaderWritesIsReadAsHtml() {
        String hostile = "<img src=x onerror=document.title=1>";
        String rightToLeft = "\u202Egnp.exe ".repeat(20);
        upload("<svg onload=alert(1)>.png", TestPictures.png(204), hostile, "<b>tag</b>");
        upload("long.png", TestPictures.png(205), rightToLeft, "");
        page.navigate("/");
        assertThat(tile(1).locator(".name")).hasText(hostile);

        search("<script>document.title=2</script>");
        assertThat(page).hasTitle("<script>document.title=2</script> – Glimpse");
        page.navigate("/?open=x\"><script>1</script>&tag=<b>&q=<i>");

        assertThat(page.locator(".tile .name img, .tag b")).hasCount(0);
        assertThat(page.locator(".stage-message")).containsText("not here");
        assertThat((Integer) evaluate("document.documentElement.scrollWidth - innerWidth"))
                .isLessThanOrEqualTo(0);
    }

    @Test
    void pictureOnTheBoxIsSearchedWithAndNotUploaded() {
        client.upload("same.png", TestPictures.png(206));
        List<String> sent = new ArrayList<>();
        page.onRequest(
                request -> sent.add(request.method() + " " + request.url().replaceAll(".*:\\d+", "")));
        page.navigate("/");
        assertThat(tile(0)).isVisible();

        for (String event : List.of("drop", "paste")) {
            page.evaluate("""
                    ([event, base64]) => {
                      const data = new DataTransfer();
                      data.items.add(new File([Uint8Array.from(atob(base64), c => c.charCodeAt(0))], 'a.png', {type: 'image/png'}));
                      const options = {bubbles: true, cancelable: true};
                      document.querySelector('#text').dispatchEvent(event === 'drop'
                        ? new DragEvent('drop', {dataTransfer: data, ...options})
                        : new ClipboardEvent('paste', {clipboardData: data, ...options}));
                    }""", List.of(event, Base64.getEncoder().encodeToString(TestPictures.png(206))));
            assertThat(page.locator(".token")).containsText("Like your picture");
            assertThat(page.locator("#status")).hasText("The most alike first");
            page.reload();
            assertThat(page.locator("#status")).hasText("The most alike first");
            page.locator(".token button").click();
            assertThat(page.locator(".token")).hasCount(0);
        }

        assertThat(sent).contains("POST /search").doesNotContain("POST /upload");
    }

    // ---- how it is shown

    @ParameterizedTest
    @CsvSource({"390, 600, LIGHT", "1280, 10000, DARK", "2560, 1500, LIGHT"})
    void nothingJumpsWhileThousandsOfPicturesScrollBy(int width, int total, ColorScheme scheme) {
        fresh(new NewContextOptions()
                .setViewportSize(width, width < 600 ? 844 : 1200)
                .setColorScheme(scheme));
        page.addInitScript(SHIFTS);
        serveListing(total);
        page.navigate("/");
        assertThat(tile(0)).isVisible();
        waitFor("document.querySelectorAll('.tile.loaded').length > 8");

        int most = 0;
        while (!(Boolean) evaluate("document.querySelector('#foot').textContent !== ''")) {
            page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
            most = Math.max(most, tiles().count());
        }

        assertThat(page.locator("#foot")).containsText("That is all");
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)");
        assertThat(page.locator(".tile[data-index='" + (total - 1) + "']")).isVisible();
        assertThat(most).isLessThan(600);
        assertThat(((Number) evaluate("window.shifted")).doubleValue()).isLessThan(0.02);
        assertThat((Integer) evaluate("document.documentElement.scrollWidth - innerWidth"))
                .isLessThanOrEqualTo(0);
        assertThat((Boolean) evaluate("""
                [...document.querySelectorAll('.tile')].every(each => each.getBoundingClientRect().right <= innerWidth)""")).isTrue();
        System.out.println("page: width=" + width + " shifted=" + evaluate("window.shifted") + " mostTiles=" + most);
        shot("ten-thousand-" + width);
    }

    @Test
    void placeIsInTheAddressAndComesBackWithIt() {
        serveListing(2000);
        page.navigate("/");
        assertThat(tile(0)).isVisible();
        page.evaluate("scrollTo(0, 6000)");
        waitFor("location.search.includes('at=')");
        String address = page.url();
        int at = Integer.parseInt(query(address).get("at"));

        page.reload();
        assertThat(page.locator(".tile[data-index='" + at + "']")).isInViewport();
        page.evaluate("document.querySelector(\".tile[data-index='" + at + "'] a\").click()");
        assertThat(page.locator("#viewer")).isVisible();
        page.goBack();

        assertThat(page.locator("#viewer")).isHidden();
        assertThat(page.locator(".tile[data-index='" + at + "']")).isInViewport();
        assertThat(page).hasURL(address);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void picturesAreSharpOnScreensOfThisDensity(int density) {
        upload("large.png", TestImages.png(1600, 1200, 9), "large and sharp", "");
        fresh(new NewContextOptions().setViewportSize(1280, 800).setDeviceScaleFactor(density));

        page.navigate("/");

        Locator image = page.locator(".tile img[alt='large and sharp']");
        assertThat(image).isVisible();
        waitFor("document.querySelector(\".tile img[alt='large and sharp']\").complete");
        int pixels = (Integer) image.evaluate(
                "async image => { const probe = new Image(); probe.src = image.currentSrc; await probe.decode();"
                        + " return probe.naturalWidth; }");
        int wide = (Integer) image.evaluate("image => Math.round(image.clientWidth)");
        assertThat(pixels).isGreaterThanOrEqualTo(Math.min(wide * density, 1000));
    }

    @Test
    void keyboardReachesEverythingFromEndToEnd() {
        serveListing(300);
        page.navigate("/");
        assertThat(tile(0)).isVisible();

        page.keyboard().press("Tab");
        assertThat(page.locator("#by-picture")).isFocused();
        page.evaluate("document.querySelector('nav a:last-child').focus()");
        page.keyboard().press("Tab");
        assertThat(tile(0)).isFocused();
        page.keyboard().press("ArrowRight");
        assertThat(tile(1)).isFocused();
        page.keyboard().press("End");
        waitFor("Number(document.activeElement.closest('.tile')?.dataset.index) > 40");
        page.keyboard().press("Home");
        assertThat(tile(0)).isFocused();
        page.keyboard().press("ArrowDown");
        waitFor("Number(document.activeElement.closest('.tile')?.dataset.index) > 1");
        page.keyboard().press("/");

        assertThat(page.locator("#text")).isFocused();
    }

    @Test
    void pageWeighsLessThan150KilobytesBeforeThumbnails() {
        List<Response> loaded = new ArrayList<>();
        page.onResponse(loaded::add);

        page.navigate("/");
        waitFor("document.querySelector('.tile, .empty') !== null");

        int bytes = List.copyOf(loaded).stream()
                .filter(each -> each.url().matches(".*/(|[^?]*\\.(js|css|svg|html))"))
                .mapToInt(each -> each.body().length)
                .sum();
        assertThat(loaded).hasSizeGreaterThan(15);
        assertThat(bytes).isBetween(30_000, 150_000);
        assertThat(loaded.get(0).headers().get("content-security-policy"))
                .contains("default-src 'self'")
                .doesNotContain("unsafe");
        System.out.println("page: bytes=" + bytes);
    }

    @Test
    void demonstrationModelSaysWhatItKnowsAndHowToChangeIt() {
        page.navigate("/");

        assertThat(page.locator("#model")).containsText("Demonstration model: drawn things only.");
        assertThat(page.locator("#model code")).containsText("scripts/run --model");
        page.navigate("/stats");
        assertThat(page.locator("#model")).containsText("demonstration model: drawn things only");
        assertThat(client.search("a cat", 1).json().get("model").stringValue()).isEqualTo("mini-clip");
    }

    @Test
    void motionIsReducedForThoseWhoAskForIt() {
        fresh(new NewContextOptions().setViewportSize(1280, 800).setReducedMotion(ReducedMotion.REDUCE));
        serveListing(20);
        page.navigate("/");
        assertThat(tile(0)).isVisible();

        assertThat(tile(0).locator("img").evaluate("image => getComputedStyle(image).transitionDuration"))
                .isEqualTo("0s");
    }

    // ---- servers in trouble

    @Test
    void whoDoesNotWantToWaitForAServerInTroubleTriesNow() {
        page.route("**/search", route -> problem(route, 503, "busy", "too many searches", "600"));
        page.navigate("/?q=anything");
        assertThat(page.locator("#trouble")).containsText("Trying again in");
        page.unroute("**/search");

        page.locator("#trouble button").click();

        waitFor("document.querySelector('.tile, .empty') !== null");
        assertThat(page.locator("#trouble")).isHidden();
    }

    @Test
    void pageRecoversByItselfAfterAnOutage() {
        List<Route> refused = new ArrayList<>();
        page.route("**/images?*", route -> {
            if (refused.size() < 2) {
                refused.add(route);
                if (refused.size() == 1) {
                    route.abort();
                } else {
                    problem(route, 503, "busy", "a queue is full", "0");
                }
            } else {
                json(route, page(0, 5, 5, PageTest::madeUp));
            }
        });
        serveThumbnails();

        page.navigate("/");
        assertThat(page.locator("#trouble")).containsText("Trying again in");

        assertThat(tiles()).hasCount(5);
        assertThat(page.locator("#trouble")).isHidden();
        assertThat(refused).hasSize(2);
    }

    @Test
    void slowAnswerOfAnEarlierQuestionDoesNotTakeThePlaceOfALaterOne() {
        List<Route> held = new ArrayList<>();
        serveThumbnails();
        page.route("**/search", route -> {
            if (route.request().postData().contains("\"slow\"")) {
                held.add(route);
            } else {
                json(route, found("quick"));
            }
        });
        page.navigate("/");
        search("slow");
        assertThat(page.locator("#status")).hasText("Searching…");
        search("quick");
        assertThat(tile(0).locator("img")).hasAttribute("alt", "quick");

        json(held.get(0), found("slow"));
        page.waitForResponse(
                "**/stats", () -> page.evaluate("fetch('/stats', {headers: {Accept: 'application/json'}})"));

        assertThat(tile(0).locator("img")).hasAttribute("alt", "quick");
    }

    private static Map<String, Object> found(String caption) {
        Map<String, Object> hit = hit(1, null, "vector");
        hit.put("caption", caption);
        Map<String, Object> answer = page(0, 1, 1, n -> hit);
        answer.put(
                "facets",
                Map.of(
                        "rows",
                        1,
                        "formats",
                        List.of(),
                        "orientations",
                        List.of(),
                        "tags",
                        List.of(),
                        "months",
                        List.of()));
        answer.put("mode", "vector");
        return answer;
    }

    @Test
    void brokenThumbnailIsAskedForAgain() {
        List<Route> asked = new ArrayList<>();
        serveListing(3);
        page.route("**/thumbnail*", route -> {
            asked.add(route);
            if (asked.size() <= 3) {
                route.abort();
            } else {
                route.fallback();
            }
        });

        page.navigate("/");

        waitFor("document.querySelectorAll('.tile.loaded:not(.broken)').length === 3");
        assertThat(asked).hasSizeGreaterThanOrEqualTo(6);
    }

    // ---- people

    @ParameterizedTest
    @CsvSource({"390, LIGHT", "1280, DARK", "2560, LIGHT"})
    void axeFindsNothingSeriousInAnyState(int width, ColorScheme scheme) {
        fresh(new NewContextOptions()
                .setViewportSize(width, 900)
                .setColorScheme(scheme)
                .setReducedMotion(ReducedMotion.REDUCE));
        serveListing(80);
        serveSearch(new ArrayList<>(), List.of(hit(1, 0.9, "vector"), hit(2, 0.3, "vector", "text")));
        page.navigate("/");
        assertThat(tile(3)).isVisible();
        assertThat(page.locator("#model")).isVisible();
        assertThat(barriers()).as("start").isEmpty();

        search("apple");
        assertThat(page.locator(".cut")).isVisible();
        assertThat(barriers()).as("search").isEmpty();
        shot("search-" + width);
        page.locator("#files").setInputFiles(new com.microsoft.playwright.options.FilePayload[] {
            new com.microsoft.playwright.options.FilePayload("a.png", "image/png", TestPictures.png(207)),
            new com.microsoft.playwright.options.FilePayload("b.png", "image/png", new byte[] {1, 2, 3})
        });
        assertThat(page.locator("#tray-groups summary")).isVisible();
        assertThat(page.locator("#tray-links img")).hasCount(1);
        assertThat(barriers()).as("tray").isEmpty();
        shot("tray-" + width);
        page.locator("#tray-links a").click();
        assertThat(page.locator("#delete")).isVisible();
        assertThat(page.locator(".tag-input")).isVisible();
        assertThat(barriers()).as("viewer").isEmpty();
        shot("viewer-" + width);
        page.locator("#region").click();
        assertThat(barriers()).as("region").isEmpty();
        page.unroute("**/images?*");
        page.route("**/images?*", route -> json(route, page(0, 0, 0, PageTest::madeUp)));
        page.navigate("/");
        assertThat(page.locator("#foot h1")).hasText("Nothing here yet");
        assertThat(barriers()).as("empty").isEmpty();
    }
}

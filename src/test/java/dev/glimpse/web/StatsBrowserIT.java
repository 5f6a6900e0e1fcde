package dev.glimpse.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Dialog;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Response;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.ColorScheme;
import dev.glimpse.testing.TestPictures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The dashboard in a real browser. */
class StatsBrowserIT extends PageTest {
    private static final int[] WIDTHS = {390, 1280, 2560};

    @BeforeEach
    void work() {
        client.upload("a.png", TestPictures.png(104));
        client.search("a red apple", 3);
    }

    private void open() {
        page.navigate("/stats");
        shows("ok");
    }

    private void shows(String state) {
        page.locator("#condition[data-state='" + state + "']").waitFor();
    }

    private String figure(String name) {
        return page.locator("[data-figure='" + name + "'] .value").textContent();
    }

    /** What the server says, changed, and the history that it has. */
    private void answer(Consumer<ObjectNode> change) {
        page.route("**/stats", route -> {
            if (!"application/json".equals(route.request().headers().get("accept"))) {
                route.resume();
                return;
            }
            ObjectNode stats = (ObjectNode) client.get("/stats").json();
            change.accept(stats);
            fulfill(route, stats);
        });
    }

    private static void fulfill(Route route, JsonNode body) {
        route.fulfill(new Route.FulfillOptions()
                .setStatus(200)
                .setContentType("application/json")
                .setBody(JsonMapper.shared().writeValueAsString(body)));
    }

    /** An hour and a day that had much to do. */
    private void busyHistory() {
        page.route("**/stats/history?*", route -> {
            boolean isHour = route.request().url().contains("span=hour");
            ObjectNode history = (ObjectNode) client.get("/stats/history?span=" + (isHour ? "hour" : "day"))
                    .json();
            int interval = isHour ? 10 : 300;
            int samples = isHour ? 360 : 288;
            long now = System.currentTimeMillis() / 1000;
            List<Long> times = new ArrayList<>();
            for (int i = samples - 1; i >= 0; i--) {
                times.add(now - (long) i * interval);
            }
            history.set("times", JsonMapper.shared().valueToTree(times));
            ObjectNode series = (ObjectNode) history.get("series");
            for (String name : series.propertyNames().toArray(String[]::new)) {
                double scale = name.matches(".*P\\d+")
                        ? 0.01 * Integer.parseInt(name.replaceAll("\\D", "")) / 50
                        : name.equals("heap") ? 3e8 : name.equals("pictures") ? 5e4 : 4;
                List<Double> values = new ArrayList<>();
                for (int i = 0; i < samples; i++) {
                    double wave =
                            1 + Math.sin(i / 17.0 + name.length()) / 2 + (i * 7919L + name.length()) % 100 / 400.0;
                    values.add(name.equals("failures") ? 0 : name.equals("pictures") ? scale + i * 21.0 : scale * wave);
                }
                series.set(name, JsonMapper.shared().valueToTree(values));
            }
            fulfill(route, history);
        });
    }

    @Test
    void operatorSeesAtOnceThatAllIsWellAndTheNumbersOfTheServer() {
        open();

        JsonNode stats = client.get("/stats").json();
        assertThat(page.locator("#word")).hasText("All is well");
        assertThat(figure("pictures")).isEqualTo(stats.get("rowCount").toString());
        assertThat(figure("spent")).isEqualTo("$0");
        assertThat(page.locator("#search-steps li")).hasCount(5);
        assertThat(page.locator("#upload-steps li")).hasCount(4);
        assertThat(page.locator("#budgets li")).hasCount(5);
        assertThat(page.locator("#charts figure:not([hidden]) canvas")).hasCount(7);
        assertThat(page.locator("#model")).containsText("scripts/run --model");
        assertThat(page.locator("#columns")).containsText("fixed_size_list<item: float>[512]");
        assertThat(page.locator("#no-costs")).isVisible();
        assertThat(page.locator(".wide")).containsText("A restart begins anew.");
    }

    @Test
    void indexIsBuiltOnRequest() {
        open();

        page.locator("#build").click();

        // Lance takes some seconds to build it.
        page.locator("#indices tbody td").first().waitFor();
        assertThat(page.locator("#indices tbody td").first()).hasText("vec_idx");
    }

    @Test
    void conditionIsAWordWithItsColourAndItsReason() {
        answer(stats -> stats.set(
                "health",
                JsonMapper.shared()
                        .valueToTree(Map.of("status", "refusing", "reasons", List.of("the token may only read")))));
        page.navigate("/stats");
        shows("refusing");
        assertThat(page.locator("#word")).hasText("No uploads");
        assertThat(page.locator("#reasons")).hasText("the token may only read");
        String refusing = color();

        page.unrouteAll();
        answer(stats -> stats.set(
                "health",
                JsonMapper.shared()
                        .valueToTree(Map.of("status", "degraded", "reasons", List.of("the bucket does not answer")))));
        page.reload();
        shows("degraded");
        assertThat(page.locator("#word")).hasText("Degraded");
        String degraded = color();

        page.unrouteAll();
        page.reload();
        shows("ok");
        assertThat(List.of(refusing, degraded, color())).doesNotHaveDuplicates();
    }

    private String color() {
        return String.valueOf(evaluate("getComputedStyle(document.getElementById('condition')).color"));
    }

    @Test
    void whatNeedsALookIsSaidThoughTheServerIsWell() {
        answer(stats -> ((ObjectNode) stats.get("budgets").get(1))
                .put("used", stats.get("budgets").get(1).get("limit").longValue()));

        page.navigate("/stats");

        shows("attention");
        assertThat(page.locator("#reasons")).hasText("pictures coming in: 100 % of its limit is in use.");
    }

    @Test
    void problemsAreListedAsTextWithWhatToDo() {
        LoggerFactory.getLogger("dev.glimpse.test.Part")
                .warn("problem={} {}", "store-unavailable", "<img src=x onerror=alert(1)> does not answer");

        page.navigate("/stats");

        assertThat(page.locator("#problems li").first()).containsText("<img src=x onerror=alert(1)> does not answer");
        assertThat(page.locator("#problems li").first()).containsText("What to do: Try again later.");
        assertThat(page.locator("#problems img")).hasCount(0);
    }

    @Test
    void messagesAndIndexAreForAdministrators() {
        LoggerFactory.getLogger("dev.glimpse.test.Part").warn("something is wrong");
        answer(stats -> {
            stats.set("scopes", JsonMapper.shared().valueToTree(List.of("read")));
            stats.get("recentProblems").forEach(problem -> ((ObjectNode) problem).putNull("message"));
        });

        page.navigate("/stats");

        assertThat(page.locator("#problems li").first()).containsText("a key with the scope admin shows it");
        assertThat(page.locator("#build")).isHidden();
        assertThat(page.locator("#job")).hasText("Building an index needs a key with the scope admin.");
    }

    @Test
    void pageRecoversByItselfAfterAnOutage() {
        page.clock().install();
        open();
        page.route("**/stats", Route::abort);

        page.clock().runFor(11_000);

        shows("gone");
        assertThat(page.locator("#word")).hasText("No answer");
        assertThat(page.locator("#reasons")).containsText("What is below is as of");
        page.unrouteAll();
        page.clock().runFor(40_000);
        shows("ok");
    }

    @Test
    void pageAsksEveryTenSecondsAndNotWhileItIsHidden() {
        page.clock().install();
        open();
        List<String> asked = new ArrayList<>();
        page.onRequest(request -> asked.add(request.url()));

        for (int i = 0; i < 3; i++) {
            // It is asked for after the figures have come.
            page.waitForResponse(
                    response -> response.url().contains("span=hour"),
                    () -> page.clock().runFor(10_000));
            shows("ok");
        }
        // The page's clock goes on by itself as well.
        assertThat(asked.stream().filter(url -> url.endsWith("/stats")).count()).isBetween(3L, 6L);
        // Newer samples alone.
        assertThat(asked.stream().filter(url -> url.contains("span=hour")))
                .allMatch(url -> url.matches(".*after=[1-9].*"));
        evaluate(
                "Object.defineProperty(document, 'hidden', {value: true, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))");
        asked.clear();
        page.clock().runFor(60_000);
        assertThat(asked).isEmpty();
        page.waitForResponse(
                "**/stats",
                () -> evaluate(
                        "Object.defineProperty(document, 'hidden', {value: false, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"));
    }

    @Test
    void hourAndDayAreChosenByKeyboard() {
        busyHistory();
        open();

        page.locator("#day").focus();
        page.keyboard().press("Enter");

        assertThat(page.locator("#day")).hasAttribute("aria-pressed", "true");
        assertThat(page.locator("#hour")).hasAttribute("aria-pressed", "false");
        assertThat(page.locator("#charts figure:not([hidden]) canvas")).hasCount(7);
    }

    @Test
    void nothingIsInTheWayOfAnybodyAndNothingIsCutOff() {
        for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            for (int width : WIDTHS) {
                fresh(new NewContextOptions()
                        .setViewportSize(width, width == 390 ? 844 : 1000)
                        .setColorScheme(scheme));
                busyHistory();
                answer(StatsBrowserIT::onABucket);
                page.navigate("/stats");
                shows("ok");
                page.locator("#charts canvas").first().waitFor();

                assertThat(barriers()).as(width + " " + scheme).isEmpty();
                assertThat(evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))
                        .as("no scrolling aside at " + width)
                        .isEqualTo(true);
                page.screenshot(new Page.ScreenshotOptions()
                        .setFullPage(true)
                        .setPath(SHOTS.resolve(
                                "stats-" + width + "-" + scheme.name().toLowerCase(Locale.ROOT) + ".png")));
                if (width == 1280 && scheme == ColorScheme.LIGHT) {
                    page.screenshot(new Page.ScreenshotOptions().setPath(Path.of("target/screens/stats.png")));
                }
            }
        }
    }

    /** As a server with fifty thousand pictures on a bucket. */
    private static void onABucket(ObjectNode stats) {
        stats.put("store", "s3")
                .put("rowCount", 56_027)
                .put("committedRows", 56_020)
                .put("pendingRows", 7)
                .put("bytes", 121_000_000L);
        stats.put("pictureBytes", 41_300_000_000L).put("version", 1_204).put("fragments", 9);
        ((ObjectNode) stats.get("search"))
                .put("mode", "codes")
                .put("candidates", 240)
                .put("recall", 0.987);
        ObjectNode costs = (ObjectNode) stats.get("costs");
        costs.put("today", 0.0382).put("requestsPerMonth", 1.42).put("storagePerMonth", 0.62);
        Map<String, Integer> uses = Map.of("uploads", 7_211, "commits", 1_130, "upkeep", 210, "polls", 0, "other", 14);
        costs.get("uses").forEach(use -> {
            int classA = uses.getOrDefault(use.get("use").stringValue(), 0);
            ((ObjectNode) use)
                    .put("classA", classA)
                    .put("classB", classA / 2 + 90)
                    .put("free", classA / 9)
                    .put("dollars", classA * 4.5e-6);
        });
        ((ObjectNode) stats.get("requests"))
                .put("classA", 8_565)
                .put("classB", 5_002)
                .put("free", 951)
                .put("dollars", 0.0403);
        for (String kind : List.of("uploads", "searches")) {
            ((ObjectNode) stats.get("activity").get(kind).get("latency"))
                    .put("p50", 0.012)
                    .put("p95", 0.041)
                    .put("p99", 0.094);
        }
    }

    @Test
    void pageWeighsLessThanAHundredAndFiftyKilobytes() {
        List<Response> loaded = new ArrayList<>();
        page.onResponse(loaded::add);

        open();

        int bytes = loaded.stream()
                .filter(response -> !response.url().contains("/stats/history"))
                .mapToInt(response -> response.body().length)
                .sum();
        assertThat(bytes).isBetween(50_000, 150_000);
        System.out.println("dashboard: bytes=" + bytes);
    }

    // ---- another model for the table

    /** What the server would say of models while a table moves from one to another, and what it is asked meanwhile. */
    private List<String> models(ObjectNode state) {
        List<String> asked = new ArrayList<>();
        page.route(Pattern.compile(".*/admin/models.*"), route -> {
            String method = route.request().method();
            asked.add(method + " "
                    + route.request()
                            .url()
                            .replaceAll("^.*/admin/models", "")
                            .replaceAll("[0-9a-f]{64}", "FINGERPRINT"));
            if (route.request().url().contains("dryRun")) {
                fulfill(
                        route,
                        JsonMapper.shared()
                                .valueToTree(Map.of(
                                        "rows",
                                        1000,
                                        "classA",
                                        30,
                                        "classB",
                                        1000,
                                        "dollars",
                                        0.0005,
                                        "bytesStored",
                                        2_048_000,
                                        "dollarsPerMonth",
                                        0.00003)));
            } else {
                if (method.equals("POST")) {
                    ((ArrayNode) state.get("models")).add(model("other", false, 0));
                }
                fulfill(route, state);
            }
        });
        return asked;
    }

    private static ObjectNode model(String name, boolean isActive, int rowsLeft) {
        return JsonMapper.shared()
                .createObjectNode()
                .put("name", name)
                .put("fingerprint", (isActive ? "a" : "b").repeat(64))
                .put("dimension", 512)
                .put("active", isActive)
                .put("here", true)
                .put("rowsLeft", rowsLeft);
    }

    @Test
    void administratorMovesTheTableToAnotherModelStepByStep() {
        ObjectNode state = (ObjectNode) client.get("/admin/models").json();
        state.putArray("models").add(model("one", true, 0));
        ((ArrayNode) state.get("here")).add(model("other", false, 0).put("folder", "the-other"));
        ((ArrayNode) state.get("here")).remove(0);
        List<String> asked = models(state);
        open();
        Locator panel = page.locator("#models-panel");

        panel.locator("button").click();
        assertThat(panel.locator("li").nth(1))
                .containsText("1,000 pictures, 30 class A and 1,000 class B requests, $0.0005");
        panel.locator("button").click();
        assertThat(panel.locator("li").nth(1)).containsText("every row has a vector");
        panel.getByText("Search with it").click();
        page.onDialog(Dialog::accept);
        panel.getByText("Drop its vectors").click();

        page.waitForCondition(() -> asked.stream().anyMatch(each -> each.startsWith("DELETE")));
        assertThat(asked)
                .contains(
                        "POST ?dryRun=true&model=the-other",
                        "POST ?model=the-other",
                        "PUT /active?model=FINGERPRINT",
                        "DELETE ?model=FINGERPRINT");
    }

    @Test
    void whoDoesNotAdministerSeesNoModelsToChange() {
        answer(stats -> stats.putArray("scopes").add("read"));
        List<String> asked = models((ObjectNode) client.get("/admin/models").json());

        open();

        assertThat(page.locator("#models-panel")).isHidden();
        assertThat(asked).isEmpty();
    }
}

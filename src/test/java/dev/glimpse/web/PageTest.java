package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server and a page of it in a browser. The tests of a class share the server and its table; each has a browser's profile of its own. After
 * each test the page must have thrown nothing, broken no policy and asked no other server.
 */
@DirtiesContext
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
abstract class PageTest {
    static final Path SHOTS = Path.of("target/screens");

    private static Browser browser;

    @LocalServerPort
    int port;

    Client client;
    BrowserContext context;
    Page page;

    private final List<String> complaints = new ArrayList<>();

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        Path data = Files.createTempDirectory(Files.createDirectories(Path.of("target/pages")), "data");
        registry.add("glimpse.data", data::toString);
    }

    @BeforeAll
    static void openBrowser() {
        browser = Browser.open();
        // For machines on which much else runs.
        PlaywrightAssertions.setDefaultAssertionTimeout(60_000);
    }

    @AfterAll
    static void closeBrowser() {
        browser.close();
    }

    @BeforeEach
    void openPage() {
        client = new Client(port);
        fresh(new NewContextOptions().setViewportSize(1280, 800));
    }

    @AfterEach
    void closePage() {
        context.close();
        assertThat(complaints).isEmpty();
    }

    /** Another profile in place of the one that the test began with. */
    final void fresh(NewContextOptions options) {
        if (context != null) {
            context.close();
        }
        context = browser.chromium().newContext(options.setBaseURL("http://127.0.0.1:" + port));
        context.setDefaultTimeout(60_000);
        page = context.newPage();
        page.onPageError(complaints::add);
        page.onConsoleMessage(message -> {
            // The browser itself says of each answer that is no success, and Swagger UI of each format that it does not
            // know.
            if (!message.text().startsWith("Failed to load resource")
                    && !message.text().startsWith("Could not find component: JsonSchema_")) {
                complaints.add(message.text());
            }
        });
        page.onRequest(request -> {
            if (!request.url().matches("(http://127\\.0\\.0\\.1:" + port + "/|blob:|data:).*")) {
                complaints.add("asked another server: " + request.url());
            }
        });
    }

    final void search(String text) {
        page.locator("#text").fill(text);
        page.locator("#text").press("Enter");
    }

    final Locator tiles() {
        return page.locator(".tile");
    }

    /** The picture of this number, on the page's first screens. */
    final Locator tile(int index) {
        return page.locator(".tile[data-index='" + index + "'] a");
    }

    final String upload(String name, byte[] bytes, String caption, String tags) {
        return client.multipart(
                        "/upload",
                        List.of(Part.file(name, bytes), Part.field("caption", caption), Part.field("tags", tags)))
                .json()
                .get("id")
                .stringValue();
    }

    final Object evaluate(String script) {
        return page.evaluate(script);
    }

    /** The page's policy forbids what Playwright would do by itself. */
    final void waitFor(String condition) {
        page.waitForCondition(() -> Boolean.TRUE.equals(page.evaluate(condition)));
    }

    final void shot(String name) {
        page.screenshot(new Page.ScreenshotOptions().setPath(SHOTS.resolve(name + ".png")));
    }

    /** Ids of barriers for people that axe calls serious or worse. */
    final List<?> barriers() {
        page.evaluate(Browser.axe());
        return (List<?>) page.evaluate("""
                async () => (await axe.run(document, {resultTypes: ['violations']})).violations
                  .filter(each => ['serious', 'critical'].includes(each.impact))
                  .map(each => each.id + ' ' + each.nodes.map(node => node.html.slice(0, 120) + ' ' + (node.any[0]?.message ?? '')).join(' | '))""");
    }

    // ---- servers that answer as a test says

    static void json(Route route, Object body) {
        route.fulfill(new Route.FulfillOptions()
                .setStatus(200)
                .setContentType("application/json")
                .setBody(JsonMapper.shared().writeValueAsString(body)));
    }

    static void problem(Route route, int status, String type, String detail, String retryAfter) {
        route.fulfill(new Route.FulfillOptions()
                .setStatus(status)
                .setContentType("application/problem+json")
                .setHeaders(Map.of("Retry-After", retryAfter, "Content-Type", "application/problem+json"))
                .setBody(JsonMapper.shared()
                        .writeValueAsString(
                                Map.of("type", "/problems/" + type, "status", status, "title", "", "detail", detail))));
    }

    /** A picture that no server has, of a shape that its number decides. */
    static Map<String, Object> madeUp(int n) {
        Map<String, Object> picture = new java.util.HashMap<>();
        picture.put("id", "images/" + String.format(Locale.ROOT, "%064x", n) + ".png");
        picture.put("contentType", "image/png");
        picture.put("bytes", 1000 + n);
        picture.put("width", 300 + n * 37 % 500);
        picture.put("height", 300 + n * 53 % 400);
        picture.put("uploadedAt", "2026-11-29T12:00:00Z");
        picture.put("filename", "made up " + n + ".png");
        picture.put("caption", null);
        picture.put("tags", List.of());
        picture.put("takenAt", null);
        return picture;
    }

    /** A listing of so many pictures, with thumbnails. */
    final void serveListing(int total) {
        serveThumbnails();
        page.route("**/images?*", route -> {
            Map<String, String> query = query(route.request().url());
            int from = Integer.parseInt(query.getOrDefault("cursor", "0"));
            int to = Math.min(total, from + Integer.parseInt(query.get("limit")));
            json(route, page(from, to, total, PageTest::madeUp));
        });
    }

    final void serveThumbnails() {
        byte[] thumbnail = TestPictures.png(7);
        page.route(
                "**/thumbnail*",
                route -> route.fulfill(
                        new Route.FulfillOptions().setContentType("image/png").setBodyBytes(thumbnail)));
    }

    static Map<String, Object> page(int from, int to, int total, IntFunction<Map<String, Object>> picture) {
        Map<String, Object> page = new java.util.HashMap<>();
        page.put("total", total);
        page.put("results", IntStream.range(from, to).mapToObj(picture).toList());
        page.put("next", to < total ? Integer.toString(to) : null);
        return page;
    }

    static <T> T last(List<T> list) {
        return list.get(list.size() - 1);
    }

    static Map<String, String> query(String url) {
        Map<String, String> query = new java.util.HashMap<>();
        for (String pair : url.substring(url.indexOf('?') + 1).split("&", -1)) {
            String[] sides = pair.split("=", 2);
            query.put(sides[0], sides[1]);
        }
        return query;
    }
}

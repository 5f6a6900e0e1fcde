package dev.glimpse.web;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Download;
import com.microsoft.playwright.options.BoundingBox;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** One picture, large over the page. */
class ViewerBrowserIT extends PageTest {
    private String oldest = "";
    private String middle = "";
    private String newest = "";

    /** Restored pictures keep the time of their upload, so these are the newest of all. */
    @BeforeEach
    void uploadThree() {
        int n = 300 + 3 * used++;
        oldest = upload("oldest.png", TestPictures.png(n), "oldest " + n, "");
        middle = upload("middle.png", TestPictures.png(n + 1), "middle " + n, "");
        newest = upload("newest.png", TestPictures.png(n + 2), "newest " + n, "");
    }

    private static int used;

    private void open(int index) {
        page.navigate("/");
        tile(index).click();
        assertThat(page.locator("#viewer")).isVisible();
        assertThat(page.locator(".stage-picture img")).isVisible();
    }

    private static Pattern opened(String id) {
        return Pattern.compile("open=" + id.replace("images/", ""));
    }

    @Test
    void arrowsGoToNeighboursAndEscapeBringsFocusBack() {
        open(0);
        assertThat(page).hasURL(opened(newest));

        page.keyboard().press("ArrowRight");
        assertThat(page).hasURL(opened(middle));
        page.keyboard().press("ArrowRight");
        assertThat(page).hasURL(opened(oldest));
        page.keyboard().press("ArrowLeft");
        assertThat(page).hasURL(opened(middle));
        // Focus stays in the dialog, however often one goes on.
        for (int i = 0; i < 25; i++) {
            page.keyboard().press("Tab");
            assertThat(
                            (Boolean)
                                    evaluate(
                                            "document.activeElement === document.body || document.activeElement.closest('#viewer') !== null"))
                    .isTrue();
        }
        page.keyboard().press("Escape");

        assertThat(page.locator("#viewer")).isHidden();
        assertThat(tile(1)).isFocused();
        assertThat(page).hasURL(Pattern.compile(":\\d+/$"));
    }

    @Test
    void addressOpensThePictureAndBackClosesIt() {
        open(1);
        page.goBack();
        assertThat(page.locator("#viewer")).isHidden();
        page.goForward();
        assertThat(page.locator(".stage-picture img")).hasAttribute("alt", Pattern.compile("middle"));

        page.navigate("/?open=" + oldest.replace("images/", ""));
        assertThat(page.locator(".stage-picture img")).hasAttribute("alt", Pattern.compile("oldest"));
        page.locator("#viewer-close").click();

        assertThat(page).hasURL(Pattern.compile(":\\d+/$"));
    }

    @Test
    void fingerSwipesToTheNextPicture() {
        fresh(new NewContextOptions()
                .setViewportSize(390, 844)
                .setHasTouch(true)
                .setIsMobile(true));
        open(0);

        page.evaluate("""
                () => {
                  const stage = document.querySelector('#stage');
                  const at = (type, x) => stage.dispatchEvent(new PointerEvent(type,
                    {pointerType: 'touch', isPrimary: true, clientX: x, clientY: 300, bubbles: true}));
                  at('pointerdown', 300);
                  at('pointerup', 100);
                }""");

        assertThat(page).hasURL(opened(middle));
    }

    @Test
    void factsAndTheTimeOfTheCameraAreShown() {
        Map<String, Object> picture = madeUp(1);
        picture.put("takenAt", "2024-05-06T07:08:00Z");
        serveListing(3);
        page.route("**/images/*/metadata", route -> json(route, picture));
        page.route("**/images/*/similar", route -> json(route, Map.of("results", List.of())));
        page.navigate("/");
        tile(1).click();

        assertThat(page.locator("#facts dl")).containsText("made up 1.png");
        assertThat(page.locator("#facts dl")).containsText("337 × 353");
        assertThat(page.locator("#facts dl")).containsText("May 6, 2024");
    }

    @Test
    void captionAndTagsAreEditedInPlace() {
        open(0);
        page.locator("textarea.caption").fill("Told <anew>");
        page.keyboard().press("Enter");
        assertThat(page.locator(".editor-status")).hasText("Saved");
        page.locator(".tag-input").fill("one, two");
        page.keyboard().press("Enter");
        assertThat(page.locator("#facts .tag span")).hasText(new String[] {"one", "two"});
        page.locator("#facts .tag button").first().click();
        assertThat(page.locator("#facts .tag span")).hasText(new String[] {"two"});
        page.locator("textarea.caption").fill("thought better of");
        page.keyboard().press("Escape");
        assertThat(page.locator("textarea.caption")).hasValue("Told <anew>");
        page.keyboard().press("Escape");

        assertThat(page.locator("#viewer")).isHidden();
        JsonNode kept = client.get("/" + newest + "/metadata").json();
        assertThat(kept.get("caption").stringValue()).isEqualTo("Told <anew>");
        assertThat(kept.get("tags").toString()).isEqualTo("[\"two\"]");
        assertThat(tile(0).locator(".name")).hasText("Told <anew>");
    }

    @Test
    void whoMayNotEditReadsCaptionAndTags() {
        page.route(
                "**/stats",
                route -> json(
                        route,
                        Map.of("scopes", List.of("read"), "formats", List.of("image/png"), "model", new HashMap<>())));
        open(0);

        assertThat(page.locator("#facts .fine")).containsText("need a key with the scope admin");
        assertThat(page.locator("#facts textarea, .tag-input")).hasCount(0);
        assertThat(page.locator("#delete")).isHidden();
        assertThat(page.locator("#add")).isDisabled();
    }

    /** What the page will have searched for, as the server gets it. */
    private List<JsonNode> searches() {
        List<JsonNode> asked = new ArrayList<>();
        page.route("**/search", route -> {
            asked.add(JsonMapper.shared().readTree(route.request().postData()));
            route.fallback();
        });
        return asked;
    }

    @Test
    void moreLikeThisAndNotLikeThisSearch() {
        List<JsonNode> asked = searches();
        open(0);
        page.locator("#viewer-tools button[aria-label='More like this']").click();
        assertThat(page.locator("#viewer")).isHidden();
        assertThat(page.locator(".token")).containsText("Like this picture");
        assertThat(page.locator("#status")).hasText("The most alike first");
        assertThat(asked.get(0).get("like").stringValue()).isEqualTo(newest);

        tile(0).click();
        page.locator("#unlike").click();

        assertThat(page.locator(".token")).hasCount(2);
        assertThat(page.locator("#status")).hasText("The most alike first");
        assertThat(last(asked).get("like").stringValue()).isEqualTo(newest);
        assertThat(last(asked).get("notLike").size()).isEqualTo(1);
    }

    @Test
    void regionIsDrawnWithTheMouseOrTheKeys() {
        List<JsonNode> asked = searches();
        open(0);
        page.locator("#region").click();
        BoundingBox image = page.locator(".stage-picture img").boundingBox();
        page.mouse().move(image.x + image.width / 2, image.y + image.height / 2);
        page.mouse().down();
        page.mouse().move(image.x + image.width - 1, image.y + image.height - 1);
        page.mouse().up();
        page.locator(".region-tools .primary").click();
        assertThat(page.locator(".token")).containsText("Like a part of this picture");
        assertThat(page.locator("#status")).hasText("The most alike first");
        // The picture has 64 by 48 pixels.
        assertThat(asked.get(0).get("crop").stringValue()).matches("3[12],2[34],3[0-3],2[2-5]");

        page.goBack();
        assertThat(page.locator("#viewer")).isVisible();
        page.locator("#region").click();
        assertThat(page.locator(".region-frame")).isFocused();
        page.keyboard().press("ArrowRight");
        page.keyboard().press("Shift+ArrowDown");
        page.keyboard().press("Enter");

        assertThat(page.locator("#viewer")).isHidden();
        assertThat(page).hasURL(Pattern.compile("crop=17%2C12%2C32%2C25"));
    }

    @Test
    void picturesThatNearlyAreTheSameAreNamed() throws IOException {
        byte[] scene = Files.readAllBytes(TestPictures.SCENES.resolve("violin.jpg"));
        String first = client.upload("violin.jpg", scene).json().get("id").stringValue();
        // The same pixels in another file: a comment more.
        byte[] other = new byte[scene.length + 6];
        System.arraycopy(scene, 0, other, 0, 2);
        System.arraycopy(new byte[] {(byte) 0xff, (byte) 0xfe, 0, 4, 'h', 'i'}, 0, other, 2, 6);
        System.arraycopy(scene, 2, other, 8, scene.length - 2);
        String second = client.upload("twin.jpg", other).json().get("id").stringValue();

        page.navigate("/?open=" + first.replace("images/", ""));

        assertThat(page.locator("#twins li")).hasCount(1);
        assertThat(page.locator("#twins li")).containsText("same pixels");
        page.locator("#twins a").click();
        assertThat(page).hasURL(opened(second));
        assertThat(client.get("/" + second + "/similar")
                        .json()
                        .at("/results/0/picture/id")
                        .stringValue())
                .isEqualTo(first);
    }

    @Test
    void deleteIsTakenBack() {
        open(0);
        assertThat(page.locator("#delete")).isVisible();
        page.keyboard().press("Delete");
        assertThat(page.locator(".notice")).containsText("Picture deleted");
        assertThat(page).hasURL(opened(middle));
        page.locator(".notice .text-button").click();
        assertThat(page.locator(".notice")).hasText(Pattern.compile("Picture restored"));

        page.keyboard().press("ArrowLeft");

        assertThat(page).hasURL(opened(newest));
        assertThat(client.get("/" + newest).status()).isEqualTo(200);
    }

    @Test
    void deleteThatFailsBringsThePictureBackAndSaysWhy() {
        page.route("**/" + newest, route -> {
            if (route.request().method().equals("DELETE")) {
                problem(route, 503, "busy", "another server holds the lock", "1");
            } else {
                route.fallback();
            }
        });
        open(0);
        assertThat(page.locator("#delete")).isVisible();
        page.locator("#delete").click();

        assertThat(page.locator(".notice.error")).containsText("another server holds the lock");
        page.keyboard().press("ArrowLeft");
        assertThat(page).hasURL(opened(newest));
    }

    @Test
    void pictureIsDownloadedUnderItsNameAndItsLinkCopied() {
        fresh(new NewContextOptions()
                .setViewportSize(1280, 800)
                .setPermissions(List.of("clipboard-read", "clipboard-write")));
        open(0);

        Download download = page.waitForDownload(() -> page.locator("#download").click());
        page.locator("#copy").click();
        assertThat(page.locator(".notice")).containsText("Link copied");

        assertThat(download.suggestedFilename()).isEqualTo("newest.png");
        assertThat((String) evaluate("navigator.clipboard.readText()"))
                .endsWith("/?open=" + newest.replace("images/", ""));
    }
}

package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.glimpse.image.DecodedImage;
import dev.glimpse.search.OldCursors;
import dev.glimpse.testing.Agent;
import dev.glimpse.testing.Agent.Outcome;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestDecoder;
import dev.glimpse.testing.TestExif;
import dev.glimpse.testing.TestImages;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.testing.Variants;
import dev.glimpse.testing.Variants.Variant;
import io.modelcontextprotocol.spec.McpSchema.ImageContent;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The HTTP contract, on the real model and a real table, whatever store is behind it. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
abstract class GlimpseContract {
    private static final String JSON = "application/json";

    private static final AtomicInteger PICTURES = new AtomicInteger();

    @LocalServerPort
    int port;

    Client client;

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    /** A picture that no other test has uploaded. */
    static byte[] newPicture() {
        return TestPictures.png(PICTURES.getAndIncrement());
    }

    long rows() {
        return client.get("/stats").json().get("rowCount").longValue();
    }

    @Test
    void changesHeedWhatTheyAreToDependOn() {
        String path =
                "/" + client.upload("a.png", newPicture()).json().get("id").stringValue();
        String tag = client.get(path).header("ETag");

        for (String[] condition :
                List.of(new String[] {"If-Match", "\"other\""}, new String[] {"If-None-Match", "*"}, new String[] {
                    "If-None-Match", "\"other\", W/" + tag
                })) {
            assertThat(client.delete(path, condition).status()).isEqualTo(412);
            assertThat(client.patch(path, JSON, "{\"caption\": \"x\"}", condition)
                            .status())
                    .isEqualTo(412);
        }
        assertThat(client.get(path, "If-None-Match", "*").status()).isEqualTo(304);
        assertThat(client.patch(path, JSON, "{\"caption\": \"x\"}", "If-Match", "\"other\", " + tag)
                        .status())
                .isEqualTo(200);
        assertThat(client.delete(path, "If-Match", tag).status()).isEqualTo(204);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-99999999999999999999 | 206 | 0-end",
                "bytes=00000000000000000000000-3 | 206 | 0-3",
                "bytes=0-1, 99999999- | 206 | 0-1",
                "bytes=-99999999999999999999 | 206 | 0-end",
                "bytes=0-1,4-5 | 200 | ",
                "lines=0-3 | 200 | ",
                "bytes= | 416 | ",
                "bytes=- | 416 | ",
                "bytes=a-b | 416 | ",
                "bytes=-0 | 416 | "
            })
    void rangeIsReadAsTheStandardSays(String range, int status, String bytes) {
        byte[] picture = newPicture();
        String path = "/" + client.upload("a.png", picture).json().get("id").stringValue();

        Answer answer = client.get(path, "Range", range);

        assertThat(answer.status()).isEqualTo(status);
        assertThat(answer.header("Content-Range"))
                .isEqualTo(
                        switch (status) {
                            case 206 ->
                                "bytes " + bytes.replace("end", Integer.toString(picture.length - 1)) + "/"
                                        + picture.length;
                            case 416 -> "bytes */" + picture.length;
                            default -> "";
                        });
    }

    @Test
    void filterLeavesWhatMeetsItAlone() {
        String tag = "tag-" + PICTURES.getAndIncrement();
        List<String> tagged = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            List<Part> form = List.of(
                    Part.file("Café-" + i + ".png", newPicture()),
                    Part.field("tags", tag),
                    Part.field("caption", "No " + i));
            tagged.add(client.multipart("/upload", form).json().get("id").stringValue());
        }
        client.upload("other.png", newPicture());
        String search = "/search?text=anything&limit=1000&tag=" + tag;

        assertThat(ids(client.get(search))).containsExactlyInAnyOrderElementsOf(tagged);
        assertThat(ids(client.get(
                        search + "&filenamePrefix=CAFE&type=png&minWidth=64&maxWidth=64&orientation=landscape")))
                .containsExactlyInAnyOrderElementsOf(tagged);
        assertThat(ids(client.get(search + "&caption=no+1"))).containsExactly(tagged.get(1));
        assertThat(ids(client.get(search + "&uploadedBefore=2020-01-01T00:00:00Z")))
                .isEmpty();
        assertThat(ids(client.get(search + "&type=jpg"))).isEmpty();
        assertThat(ids(client.get("/search?text=a&limit=1000&tag=%27%20OR%201=1%20--")))
                .isEmpty();
    }

    @Test
    void pagesOfASearchHaveEachPictureOnceWhileOthersComeAndGo() {
        String tag = "page-" + PICTURES.getAndIncrement();
        List<String> staying = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            staying.add(tagged(tag));
        }
        String leaving = tagged(tag);
        String search = "/search?text=anything&tag=" + tag;
        List<String> found = new ArrayList<>();
        String next = "";

        for (int page = 0; page < 4; page++) {
            Answer answer = client.get(search + "&limit=3" + next);
            found.addAll(ids(answer));
            next = "&cursor=" + answer.json().get("next").asString();
            if (page == 0) {
                client.delete("/" + leaving);
                tagged(tag);
            }
            if (answer.json().get("next").isNull()) {
                break;
            }
        }

        assertThat(found).doesNotHaveDuplicates().containsAll(staying);
        assertThat(ids(client.get(search + "&limit=1000"))).hasSize(10);
        assertThat(client.get(search + "&limit=10").json().get("next").isNull()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "hybrid"})
    void pagesOfWordsHaveEachPictureOnce(String mode) {
        String tag = "worded-" + PICTURES.getAndIncrement();
        Set<String> worded = new HashSet<>();
        for (int i = 0; i < 4; i++) {
            worded.add(client.multipart(
                            "/upload",
                            List.of(
                                    Part.file("a.png", newPicture()),
                                    Part.field("tags", tag),
                                    Part.field("caption", "a zebracorn")))
                    .json()
                    .get("id")
                    .stringValue());
        }
        tagged(tag);
        tagged(tag);
        List<String> found = new ArrayList<>();
        String next = "";

        while (!next.equals("null") && found.size() < 20) {
            Answer page = client.get("/search?text=zebracorn&explain=true&limit=3&mode=" + mode + "&tag=" + tag
                    + (next.isEmpty() ? "" : "&cursor=" + next));
            found.addAll(ids(page));
            JsonNode cursor = page.json().get("next");
            next = cursor.isNull() ? "null" : cursor.stringValue();
        }

        assertThat(found).doesNotHaveDuplicates().containsAll(worded).hasSize(mode.equals("text") ? 4 : 6);
    }

    private String tagged(String tag) {
        return client.multipart("/upload", List.of(Part.file("a.png", newPicture()), Part.field("tags", tag)))
                .json()
                .get("id")
                .stringValue();
    }

    @Test
    void cursorGoesOnWithItsQueryAlone() {
        String tag = "cursor-" + PICTURES.getAndIncrement();
        String id = tagged(tag);
        tagged(tag);
        byte[] picture = newPicture();
        String next = client.get("/search?text=a&limit=1&tag=" + tag)
                .json()
                .get("next")
                .stringValue();
        String byFile = client.multipart("/search?limit=1", List.of(Part.file("a.png", picture)))
                .json()
                .get("next")
                .stringValue();

        Answer asJson = client.send(
                "POST", "/search", """
                {"text": ["a"], "tag": "%s", "limit": 5, "cursor": "%s", "explain": true, "facets": true}""".formatted(tag, next).getBytes(StandardCharsets.UTF_8), "Content-Type", JSON);
        Answer sameFile = client.multipart("/search?limit=2&cursor=" + byFile, List.of(Part.file("b.png", picture)));

        assertThat(asJson.json().get("results").size()).isEqualTo(1);
        assertThat(sameFile.status()).isEqualTo(200);
        for (Answer other : List.of(
                client.get("/search?text=b&tag=" + tag + "&cursor=" + next),
                client.get("/search?text=a&cursor=" + next),
                client.get("/search?text=a&exact=true&tag=" + tag + "&cursor=" + next),
                client.get("/search?text=a&like=" + id + "&tag=" + tag + "&cursor=" + next),
                client.multipart("/search?cursor=" + byFile, List.of(Part.file("a.png", newPicture()))),
                client.get("/search?text=a&tag=" + tag + "&cursor=" + next.substring(1)),
                client.get("/search?text=a&tag=" + tag + "&cursor=next"))) {
            assertThat(other.status()).as(other.toString()).isEqualTo(400);
            assertThat(other.json().get("detail").stringValue()).startsWith("cursor ");
        }
        assertThat(client.get("/search?text=a&cursor=" + OldCursors.expired()).toString())
                .startsWith("410")
                .contains("cursor-expired");
    }

    @Test
    void searchSaysWhatItTookAndCountsWhatMayBeFound() {
        String tag = "facet-" + PICTURES.getAndIncrement();
        tagged(tag);
        tagged(tag);

        JsonNode answer = client.get("/search?text=anything&limit=1&facets=true&explain=true&tag=" + tag)
                .json();

        assertThat(answer.at("/facets/rows").intValue()).isEqualTo(2);
        assertThat(answer.at("/facets/formats").toString()).isEqualTo("[{\"value\":\"image/png\",\"rows\":2}]");
        assertThat(answer.at("/facets/orientations/0/rows").intValue()).isEqualTo(2);
        assertThat(answer.at("/facets/tags").toString()).isEqualTo("[{\"value\":\"" + tag + "\",\"rows\":2}]");
        assertThat(answer.at("/facets/months/0/rows").intValue()).isEqualTo(2);
        JsonNode explained = answer.get("explain");
        assertThat(explained.get("method").stringValue()).isIn("exact", "codes", "scan");
        assertThat(explained.at("/milliseconds/total").doubleValue())
                .isGreaterThanOrEqualTo(explained.at("/milliseconds/table").doubleValue());
        assertThat(explained.get("bucketRequests").toString()).isEqualTo("{\"classA\":0,\"classB\":0,\"free\":0}");
        assertThat(client.get("/search?text=anything").json().properties())
                .extracting(Map.Entry::getKey)
                .containsExactly("query", "model", "mode", "truncated", "stale", "note", "results", "next");
        assertThat(client.get("/search?text=anything&facets=true&version=1").status())
                .isEqualTo(400);
    }

    @Test
    void pictureFindsItselfAsAFileAndOthersById() {
        byte[] picture = newPicture();
        String id = client.upload("a.png", picture).json().get("id").stringValue();
        client.upload("b.png", newPicture());
        long before = rows();

        Answer byFile = client.multipart("/search?exact=true", List.of(Part.file("any.png", picture)));
        Answer byId = client.get("/search?exact=true&limit=1000&like=" + id);

        assertThat(ids(byFile)).first().isEqualTo(id);
        assertThat(byFile.json().at("/results/0/_distance").doubleValue()).isLessThan(1e-4);
        assertThat(byFile.json().get("query").stringValue()).isEqualTo("file");
        assertThat(ids(byId)).isNotEmpty().doesNotContain(id);
        assertThat(rows()).isEqualTo(before);
    }

    @Test
    void partOfAPictureFindsThePictureThatShowsIt() {
        byte[] part = newPicture();
        byte[] whole = TestPictures.beside(part, newPicture());
        String id = client.upload("part.png", part).json().get("id").stringValue();
        String wholeId = client.upload("whole.png", whole).json().get("id").stringValue();

        Answer byFile = client.multipart("/search?limit=1&crop=0,0,64,48", List.of(Part.file("any.png", whole)));
        Answer byId = client.get("/search?limit=1&explain=true&crop=0,0,64,48&like=" + wholeId);

        assertThat(ids(byFile)).containsExactly(id);
        assertThat(byFile.json().at("/results/0/_distance").doubleValue()).isLessThan(1e-4);
        assertThat(ids(byId)).containsExactly(id);
        for (String crop : List.of("0,0,0,48", "64,0,65,48", "0,0,64", "a,b,c,d", "-1,0,4,4", "0,0,99999999999,1")) {
            Answer refused = client.get("/search?crop=" + crop + "&like=" + wholeId);
            assertThat(refused.status()).as(refused.toString()).isEqualTo(400);
            assertThat(refused.json().get("detail").stringValue()).startsWith("crop ");
        }
        assertThat(client.get("/search?text=cat&crop=0,0,1,1").status()).isEqualTo(400);
        assertThat(client.get("/search?crop=0,0,1,1&like=" + id + "&like=" + wholeId)
                        .status())
                .isEqualTo(400);
    }

    @Test
    void mixtureIsTheSumOfItsParts() {
        String first = client.upload("a.png", newPicture()).json().get("id").stringValue();
        String second = client.upload("b.png", newPicture()).json().get("id").stringValue();
        client.upload("c.png", newPicture());

        String parts = "/search?exact=true&limit=1000&text=a+drawing&like=" + first + "&likeWeight=2&notLike=" + second;
        Answer sum = client.get(parts + "&notLikeWeight=0.5");
        Answer json = client.send(
                "POST", "/search", """
                {"text": "a drawing", "like": ["%s"], "likeWeight": 2, "notLike": "%s", "notLikeWeight": [0.5], "limit": 1000,
                 "exact": true}""".formatted(first, second).getBytes(StandardCharsets.UTF_8), "Content-Type", JSON);

        assertThat(ids(sum)).isNotEmpty().doesNotContain(first, second);
        // Not the distances: their last digits are others if rows come into memory between both.
        assertThat(ids(json)).isEqualTo(ids(sum));
        assertThat(json.json().get("query")).isEqualTo(sum.json().get("query"));
        assertThat(sum.json().get("query").stringValue()).isEqualTo("a drawing + 2.0 " + first + " - 0.5 " + second);
    }

    @Test
    void queryThatCancelsItselfOutOrIsLikeNothingKnownIsRefused() {
        Answer nothing = client.get("/search?text=cat&not=cat");
        Answer nobody = client.get("/search?like=images/" + "0".repeat(64) + ".png");
        Answer text = client.multipart("/search", List.of(Part.file("a.txt", "text".getBytes(StandardCharsets.UTF_8))));

        assertThat(nothing.status()).isEqualTo(400);
        assertThat(nothing.json().get("detail").stringValue()).contains("cancel");
        assertThat(nobody.status()).isEqualTo(404);
        assertThat(nobody.json().get("type").stringValue()).isEqualTo("/problems/picture-not-found");
        assertThat(text.status()).isEqualTo(415);
    }

    @Test
    void newPictureIs201AndFoundAtOnceAndServedBackAsItWas() {
        byte[] picture = newPicture();

        Answer upload = client.multipart(
                "/upload",
                List.of(
                        Part.file("my picture.png", picture),
                        Part.field("caption", "A <b>caption</b>"),
                        Part.field("tags", "one"),
                        Part.field("tags", "two")));

        assertThat(upload.status()).as(upload.toString()).isEqualTo(201);
        String id = upload.json().get("id").stringValue();
        assertThat(id).matches("images/[0-9a-f]{64}\\.png");
        assertThat(upload.json().get("vectorDim").intValue()).isEqualTo(512);
        assertThat(upload.json().get("stored").booleanValue()).isTrue();
        assertThat(upload.json().get("path").stringValue()).isEqualTo(pathOf(id));
        assertThat(upload.header("Location")).isEqualTo("/" + id);

        JsonNode hits = client.search("anything", 1000).json().get("results");
        JsonNode hit = hits.valueStream()
                .filter(h -> h.get("id").stringValue().equals(id))
                .findFirst()
                .orElseThrow();
        assertThat(hit.get("path").stringValue()).isEqualTo(pathOf(id));
        assertThat(hit.get("filename").stringValue()).isEqualTo("my picture.png");
        assertThat(hit.get("caption").stringValue()).isEqualTo("A <b>caption</b>");
        assertThat(hit.get("tags").toString()).isEqualTo("[\"one\",\"two\"]");
        assertThat(hit.get("contentType").stringValue()).isEqualTo("image/png");
        assertThat(hit.get("bytes").intValue()).isEqualTo(picture.length);
        assertThat(hit.get("width").intValue()).isEqualTo(64);
        assertThat(hit.get("height").intValue()).isEqualTo(48);

        Answer original = client.get("/" + id);
        assertThat(original.bytes()).isEqualTo(picture);
        assertThat(original.header("Content-Type")).isEqualTo("image/png");
        assertThat(original.header("X-Content-Type-Options")).isEqualTo("nosniff");
        Answer thumbnail = client.get("/" + id + "/thumbnail");
        assertThat(thumbnail.header("Content-Type")).isEqualTo("image/jpeg");
        assertThat(thumbnail.bytes()).startsWith(0xFF, 0xD8, 0xFF);
    }

    @Test
    void originalMayBeFetchedInPartsAndIsNotSentToWhoHasItNorRunByABrowser() {
        byte[] picture = newPicture();
        String id = client.upload("a.png", picture).json().get("id").stringValue();

        Answer whole = client.get("/" + id);
        Answer part = client.get("/" + id, "Range", "bytes=10-19");
        Answer beyond = client.get("/" + id, "Range", "bytes=999999-");
        Answer again = client.get("/" + id, "If-None-Match", whole.header("ETag"));

        assertThat(part.status()).isEqualTo(206);
        assertThat(part.bytes()).isEqualTo(Arrays.copyOfRange(picture, 10, 20));
        assertThat(part.header("Content-Range")).isEqualTo("bytes 10-19/" + picture.length);
        for (Answer refused : List.of(beyond, client.get("/" + id, "Range", "bytes=9-3"))) {
            assertThat(refused.status()).isEqualTo(416);
            assertThat(refused.header("Content-Range")).isEqualTo("bytes */" + picture.length);
            assertThat(refused.json().get("type").stringValue()).isEqualTo("/problems/range-not-satisfiable");
        }
        assertThat(again.status()).isEqualTo(304);
        assertThat(again.bytes()).isEmpty();
        assertThat(whole.header("Content-Security-Policy")).contains("default-src 'none'", "sandbox");
        assertThat(whole.header("Content-Disposition"))
                .isEqualTo("inline; filename=\"" + id.substring("images/".length()) + "\"");
    }

    @Test
    void rangeThatDoesNotCountGetsTheWholePicture() {
        byte[] picture = newPicture();
        String path = "/" + client.upload("a.png", picture).json().get("id").stringValue();
        String tag = client.get(path).header("ETag");

        assertThat(client.get(path, "Range", "bytes=0-3", "If-Range", tag).status())
                .isEqualTo(206);
        assertThat(client.get(path, "Range", "bytes=-4").bytes())
                .isEqualTo(Arrays.copyOfRange(picture, picture.length - 4, picture.length));
        for (Answer whole : List.of(
                client.get(path, "Range", "bytes=0-3", "If-Range", "\"another\""),
                client.get(path, "Range", "pixels=0-3"))) {
            assertThat(whole.status()).isEqualTo(200);
            assertThat(whole.header("Accept-Ranges")).isEqualTo("bytes");
            assertThat(whole.bytes()).isEqualTo(picture);
        }
        Answer head = client.send("HEAD", path, new byte[0], "Range", "bytes=0-3");
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.header("Content-Length")).isEqualTo(Integer.toString(picture.length));
    }

    @Test
    void cacheThatKeepsAPictureAsksEachTimeAndLearnsThatItWasDeleted() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        for (String path : List.of("/" + id, "/" + id + "/thumbnail")) {
            Answer whole = client.get(path);
            Answer again = client.get(path, "If-None-Match", whole.header("ETag"));
            assertThat(again.status()).isEqualTo(304);
            for (Answer answer : List.of(whole, again)) {
                assertThat(answer.header("Cache-Control")).isEqualTo("public, no-cache");
                assertThat(answer.header("ETag")).isEqualTo(whole.header("ETag"));
            }
            assertThat(client.get(path, "If-None-Match", "\"another\"").status())
                    .isEqualTo(200);
        }
        String tag = client.get("/" + id).header("ETag");
        client.delete("/" + id);

        Answer deleted = client.get("/" + id, "If-None-Match", tag);
        assertThat(deleted.status()).isEqualTo(404);
        assertThat(deleted.header("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void pictureThatIsAlsoAPageOrAnArchiveIsServedAsThePictureItIs() {
        byte[] picture = newPicture();
        byte[] page = "<script>alert(1)</script>PK\3\4".getBytes(StandardCharsets.UTF_8);
        byte[] both = Arrays.copyOf(picture, picture.length + page.length);
        System.arraycopy(page, 0, both, picture.length, page.length);

        Answer upload = client.upload("page.html", both);
        Answer original = client.get("/" + upload.json().get("id").stringValue());

        assertThat(upload.status()).isEqualTo(201);
        assertThat(original.header("Content-Type")).isEqualTo("image/png");
        assertThat(original.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(client.get("/" + upload.json().get("id").stringValue() + "/thumbnail")
                        .bytes())
                .startsWith(0xFF, 0xD8, 0xFF);
    }

    /** The path of a picture in answers. */
    abstract String pathOf(String id);

    @Test
    void samePictureAgainIs200AndAddsNothing() {
        byte[] picture = newPicture();
        client.upload("a.png", picture);
        long before = rows();

        Answer again = client.upload("b.png", picture);
        Answer oldPath = client.multipart("/vectorize_and_store", List.of(Part.file("c.jpg", picture)));

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().get("stored").booleanValue()).isFalse();
        assertThat(oldPath.status()).isEqualTo(200);
        assertThat(oldPath.json().get("id")).isEqualTo(again.json().get("id"));
        assertThat(rows()).isEqualTo(before);
    }

    @Test
    void severalFilesAreAnsweredOneByOneInOrder() {
        byte[] known = newPicture();
        client.upload("known.png", known);

        Answer answer = client.multipart(
                "/upload",
                List.of(
                        Part.file("new.png", newPicture()),
                        Part.file("note.txt", "hello".getBytes(StandardCharsets.UTF_8)),
                        Part.file("known.png", known),
                        Part.file("empty.png", new byte[0])));

        assertThat(answer.status()).isEqualTo(200);
        List<JsonNode> items = answer.json().get("results").valueStream().toList();
        assertThat(items).extracting(item -> item.get("status").intValue()).containsExactly(201, 415, 200, 400);
        assertThat(items.get(0).get("stored").booleanValue()).isTrue();
        assertThat(items.get(1).get("problem").get("type").stringValue()).isEqualTo("/problems/unsupported-image");
        assertThat(items.get(1).has("id")).isFalse();
        assertThat(items.get(3).get("problem").get("detail").stringValue()).contains("empty.png");
    }

    @Test
    void everyBadUploadIsAClear4xxAndTheServerStaysWell() throws Exception {
        byte[] good = newPicture();
        byte[] jpegStart = {(byte) 0xFF, (byte) 0xD8, (byte) 0xFF, (byte) 0xE0, 0, 16, 'J', 'F', 'I', 'F'};
        byte[] noise = new byte[5000];
        new Random(1).nextBytes(noise);
        Map<String, byte[]> files = new TreeMap<>(Map.of(
                "empty.png", new byte[0],
                "text.jpg", "just some words".getBytes(StandardCharsets.UTF_8),
                "page.png", "<!DOCTYPE html><script>alert(1)</script>".getBytes(StandardCharsets.UTF_8),
                "drawing.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>".getBytes(StandardCharsets.UTF_8),
                "archive.jpg", new byte[] {'P', 'K', 3, 4, 0, 0, 0, 0},
                "half.png", Arrays.copyOf(good, good.length / 2),
                "start.jpg", jpegStart,
                "noise.jpg", noise,
                "bomb.png", hugePng()));
        Map<String, Integer> statuses = new TreeMap<>();
        List<String> types = new ArrayList<>();

        files.forEach((name, bytes) -> {
            Answer answer = client.upload(name, bytes);
            statuses.put(name, answer.status());
            assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(answer.json().get("detail").stringValue()).isNotBlank();
            types.add(answer.json().get("type").stringValue());
        });

        assertThat(statuses)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "empty.png", 400,
                        "text.jpg", 415,
                        "page.png", 415,
                        "drawing.svg", 415,
                        "archive.jpg", 415,
                        "half.png", 400,
                        "start.jpg", 400,
                        "noise.jpg", 415,
                        "bomb.png", 413));
        assertThat(types).allMatch(type -> type.startsWith("/problems"));
        assertThat(client.upload("good.png", good).status()).isEqualTo(201);
        assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
    }

    /** 30,000 x 30,000 pixels of black in a hundred kilobytes. */
    private static byte[] hugePng() throws Exception {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        png.write(new byte[] {(byte) 0x89, 'P', 'N', 'G', 0x0D, 0x0A, 0x1A, 0x0A});
        chunk(
                png,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(30_000)
                        .putInt(30_000)
                        .put((byte) 1)
                        .array());
        ByteArrayOutputStream rows = new ByteArrayOutputStream();
        try (DeflaterOutputStream deflater = new DeflaterOutputStream(rows)) {
            for (int i = 0; i < 30_000; i++) {
                deflater.write(new byte[1 + 30_000 / 8]);
            }
        }
        chunk(png, "IDAT", rows.toByteArray());
        chunk(png, "IEND", new byte[0]);
        return png.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream png, String type, byte[] data) {
        byte[] body = ByteBuffer.allocate(4 + data.length)
                .put(type.getBytes(StandardCharsets.US_ASCII))
                .put(data)
                .array();
        CRC32 crc = new CRC32();
        crc.update(body);
        png.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
        png.writeBytes(body);
        png.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }

    @Test
    void headersThatAreTooLargeAreAProblemToo() {
        Answer answer = client.get("/stats", "X-Long", "x".repeat(20_000));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        assertThat(answer.json().get("detail").stringValue()).contains("too long");
    }

    @Test
    void requestWithoutAFileIs400() {
        assertThat(client.post("/upload").status()).isEqualTo(400);
        assertThat(client.multipart("/upload", List.of(Part.field("caption", "y")))
                        .status())
                .isEqualTo(400);
    }

    @Test
    void fileOver20MegabytesIs413() {
        Answer answer = client.upload("large.png", new byte[21 << 20]);

        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/upload-too-large");
        assertThat(answer.json().get("detail").stringValue()).contains("20 MB");
    }

    @Test
    void moreThanAHundredFilesAre413() {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < 101; i++) {
            parts.add(Part.file(i + ".png", new byte[] {1}));
        }

        Answer answer = client.multipart("/upload", parts);

        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/too-many-files");
    }

    @Test
    void captionTooLongForTheObjectsMetadataIs400AndStoresNothing() {
        long before = rows();

        Answer answer = client.multipart(
                "/upload", List.of(Part.file("a.png", newPicture()), Part.field("caption", "x".repeat(2000))));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/metadata-too-long");
        assertThat(rows()).isEqualTo(before);
    }

    @Test
    void partThatIsNotWhatItsNameSaysIs400() {
        Part picture = Part.file("a.png", newPicture());
        Part file = Part.file("caption", "t.txt", new byte[] {'x'});
        Part latin1 = Part.withHeader("name=\"caption\"", new byte[] {(byte) 0xe9});

        for (String path : new String[] {"/upload", "/search"}) {
            assertRefused(
                    client.multipart(path, List.of(picture, file)),
                    "bad-multipart",
                    "caption is a file and must be text");
            assertRefused(
                    client.multipart(path, List.of(picture, latin1)), "invalid-query", "caption must be text in UTF-8");
        }
        assertRefused(
                client.multipart("/search", List.of(Part.field("text", "a cat"), Part.field("file", "x"))),
                "invalid-query",
                "file is text and must be a picture");
    }

    @Test
    void bodyOfASearchThatCannotBeTakenIsRefused() {
        String form = "application/x-www-form-urlencoded";

        assertRefused(
                search("GET", "?text=a+cat", "{\"text\": \"a dog\"}", JSON),
                "invalid-query",
                "this call takes no body");
        assertRefused(
                search("POST", "", "{\"text\": \"a dog\", \"limt\": 5}", JSON),
                "unknown-parameter",
                "did you mean limit?");
        assertRefused(search("POST", "", "text=" + "x".repeat(3 << 20), form), "upload-too-large", "2 MB");
        assertRefused(
                search("POST", "", "text=cat&not=" + "x".repeat(1001), form),
                "invalid-query",
                "not has 1001 characters");
    }

    @Test
    void cursorOfAnotherCallIs400() {
        client.upload("a.png", newPicture());
        client.upload("b.png", newPicture());
        String next = client.get("/search?text=cat&limit=1&mode=vector")
                .json()
                .get("next")
                .stringValue();

        for (String path : new String[] {"/images", "/duplicates"}) {
            assertRefused(
                    client.get(path + "?cursor=" + next),
                    "invalid-query",
                    "cursor must be the next of an answer of this call");
        }
    }

    @Test
    void labelledTextThatCannotBeSearchedForIsNamed() {
        String id = id(client.upload("a.png", newPicture()).json());
        String query = "{\"text\": \"%s\", \"relevant\": [\"" + id + "\"]}";
        String body = "{\"queries\": [" + query.formatted("a cat") + "," + query.formatted(" ") + "]}";

        Answer answer = client.send("POST", "/eval", body.getBytes(StandardCharsets.UTF_8), "Content-Type", JSON);

        assertRefused(answer, "invalid-query", "queries[1]: text is empty");
    }

    private Answer search(String method, String query, String body, String type) {
        return client.send(method, "/search" + query, body.getBytes(StandardCharsets.UTF_8), "Content-Type", type);
    }

    private static void assertRefused(Answer answer, String type, String detail) {
        assertThat(answer.json().path("type").asString()).isEqualTo("/problems/" + type);
        assertThat(answer.json().path("detail").asString()).contains(detail);
    }

    @Test
    void badQueriesAre400AndSayWhy() {
        assertThat(client.get("/search").toString()).startsWith("400").contains("nothing is looked for");
        assertThat(client.get("/search?text=%20").status()).isEqualTo(400);
        assertThat(client.search("x".repeat(1001), 10).toString())
                .startsWith("400")
                .contains("1001");
        for (String limit : new String[] {"0", "-1", "1001", "many", "99999999999"}) {
            Answer answer = client.get("/search?text=cat&limit=" + limit);
            assertThat(answer.toString()).startsWith("400").contains(limit);
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        }
    }

    @Test
    void parametersThatCannotBeReadAre400() {
        for (String query : new String[] {"text=cat&=x", "text=%FF", "text=%C0%AF"}) {
            Answer answer = client.get("/search?" + query);

            assertThat(answer.status()).as(query).isEqualTo(400);
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        }
    }

    @Test
    void fileWhereATextBelongsIs400() {
        for (int files : new int[] {1, 2}) {
            Answer answer = client.multipart(
                    "/upload",
                    Stream.concat(
                                    Stream.of(Part.file("a.png", newPicture())),
                                    Stream.generate(() -> Part.file("tags", "t.txt", new byte[] {'x'}))
                                            .limit(files))
                            .toList());

            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.json().get("detail").stringValue()).isEqualTo("tags is a file and must be text");
        }
    }

    @Test
    void textBeyondTheContextIsTruncatedAndTheAnswerSaysSo() {
        assertThat(client.search("cat ".repeat(200), 1).json().get("truncated").booleanValue())
                .isTrue();
        assertThat(client.search("cat", 1).json().get("truncated").booleanValue())
                .isFalse();
    }

    @Test
    void limitIsKept() {
        client.upload("a.png", newPicture());
        client.upload("b.png", newPicture());

        assertThat(client.search("cat", 1).json().get("results").size()).isEqualTo(1);
    }

    @Test
    void listingShowsTheNewestFirstAtOnceAndPageByPage() {
        List<String> uploaded = Stream.generate(() -> client.upload("a.png", newPicture()))
                .limit(5)
                .map(answer -> answer.json().get("id").stringValue())
                .toList();
        List<String> newestFirst = new ArrayList<>(uploaded);
        Collections.reverse(newestFirst);

        Answer all = client.get("/images?limit=1000");
        assertThat(all.status()).as(all.toString()).isEqualTo(200);
        assertThat(all.json().propertyNames()).containsExactly("total", "results", "next");
        assertThat(all.json().get("total").longValue()).isEqualTo(rows());
        assertThat(all.json().get("next").isNull()).isTrue();
        List<String> ids = ids(all);
        assertThat(ids).startsWith(newestFirst.toArray(String[]::new)).hasSize((int) rows());
        assertThat(ids(client.get("/images"))).isEqualTo(ids.subList(0, Math.min(50, ids.size())));
        List<String> walked = new ArrayList<>();
        String next = "";
        do {
            Answer page = client.get("/images?sort=uploaded&limit=3" + next);
            walked.addAll(ids(page));
            next = page.json().get("next").isNull()
                    ? ""
                    : "&cursor=" + page.json().get("next").stringValue();
        } while (!next.isEmpty());
        assertThat(walked).isEqualTo(ids);
    }

    private static List<String> ids(Answer listing) {
        return listing.json()
                .get("results")
                .valueStream()
                .map(picture -> picture.get("id").stringValue())
                .toList();
    }

    @Test
    void walkThroughTheListingIsNotDisturbedByUploadsAndDeletes() {
        List<String> uploaded = Stream.generate(() -> client.upload("a.png", newPicture()))
                .limit(4)
                .map(answer -> answer.json().get("id").stringValue())
                .toList();
        Answer first = client.get("/images?limit=2");

        client.upload("new.png", newPicture());
        client.delete("/" + uploaded.get(2));
        client.delete("/" + uploaded.get(0));
        Answer second =
                client.get("/images?limit=2&cursor=" + first.json().get("next").stringValue());

        assertThat(ids(first)).containsExactly(uploaded.get(3), uploaded.get(2));
        assertThat(ids(second)).startsWith(uploaded.get(1)).doesNotContain(uploaded.get(0));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "limit=0 | limit must be 1 to 1000: 0",
                "limit=1001 | limit must be 1 to 1000: 1001",
                "limit=many | limit must be a whole number: many",
                "sort=size | sort must be uploaded: size",
                "cursor= | cursor is empty",
                "cursor=50 | cursor must be",
                "cursor=AgAAAAAAAAAAAAAAAAA | cursor must be"
            })
    void listingThatCannotBeAskedForIs400AndSaysWhy(String query, String detail) {
        Answer answer = client.get("/images?" + query);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        assertThat(answer.json().get("detail").stringValue()).startsWith(detail);
    }

    @Test
    void metadataOfAPictureIsWhatTheListingAndSearchesShow() {
        String id = client.multipart(
                        "/upload",
                        List.of(
                                Part.file("my picture.png", newPicture()),
                                Part.field("caption", "a caption"),
                                Part.field("tags", "one,two")))
                .json()
                .get("id")
                .stringValue();

        Answer metadata = client.get("/" + id + "/metadata");
        Answer preferred = client.get("/" + id, "Accept", "application/json");

        assertThat(metadata.status()).as(metadata.toString()).isEqualTo(200);
        assertThat(metadata.header("Content-Type")).isEqualTo(JSON);
        assertThat(metadata.json().propertyNames())
                .containsExactly(
                        "id",
                        "path",
                        "contentType",
                        "bytes",
                        "width",
                        "height",
                        "uploadedAt",
                        "filename",
                        "caption",
                        "tags",
                        "takenAt");
        assertThat(metadata.json().get("filename").stringValue()).isEqualTo("my picture.png");
        assertThat(preferred.text()).isEqualTo(metadata.text());
        assertThat(client.get("/images?limit=1").json().get("results").get(0)).isEqualTo(metadata.json());
        ObjectNode found = (ObjectNode) hit(client.search("anything", 1000), id);
        assertThat(found.remove("_distance").isNumber()).isTrue();
        assertThat(found.remove("matched").toString()).isEqualTo("[\"vector\"]");
        assertThat(found.has("relevance")).isTrue();
        found.remove("relevance");
        assertThat(found).isEqualTo(metadata.json());
    }

    @Test
    void pathOfAPictureIsThePictureForAllWhoDoNotPreferJson() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        for (String accept : List.of(
                "*/*",
                "application/json,text/plain,*/*",
                "image/avif,image/webp,image/*,*/*;q=0.8",
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                "image/*,application/json;q=0.5")) {
            Answer answer = client.get("/" + id, "Accept", accept);
            assertThat(answer.header("Content-Type")).as(accept).isEqualTo("image/png");
            assertThat(answer.header("Vary")).containsIgnoringCase("accept");
        }
        Answer json = client.get("/" + id, "Accept", "application/json,*/*;q=0.1");
        assertThat(json.header("Content-Type")).isEqualTo(JSON);
        assertThat(json.header("Vary")).containsIgnoringCase("accept");
        assertThat(client.get("/" + id + "/metadata", "Accept", "image/png").status())
                .isEqualTo(406);
    }

    @Test
    void thumbnailsHaveTheSizeAndTheFormatThatAreAskedFor() {
        byte[] picture = TestImages.jpeg(1500, 1000, 77);
        String id = client.upload("a.jpg", picture).json().get("id").stringValue();
        Set<String> tags = new HashSet<>();

        for (int size : new int[] {256, 512, 1024}) {
            for (String type : List.of("image/jpeg", "image/webp")) {
                Answer thumbnail = client.get("/" + id + "/thumbnail?size=" + size, "Accept", type);

                assertThat(thumbnail.status()).as(thumbnail.toString()).isEqualTo(200);
                assertThat(thumbnail.header("Content-Type")).isEqualTo(type);
                assertThat(thumbnail.header("Vary")).containsIgnoringCase("accept");
                DecodedImage seen = new TestDecoder().decode(thumbnail.bytes());
                assertThat(seen.format().mediaType()).isEqualTo(type);
                assertThat(seen.width()).isEqualTo(size);
                assertThat(seen.height()).isEqualTo(Math.round(size / 1.5f));
                tags.add(thumbnail.header("ETag"));
                Answer again = client.get(
                        "/" + id + "/thumbnail?size=" + size,
                        "Accept",
                        type,
                        "If-None-Match",
                        thumbnail.header("ETag"));
                assertThat(again.status()).isEqualTo(304);
                assertThat(again.header("Vary")).containsIgnoringCase("accept");
            }
        }

        assertThat(tags).hasSize(6);
        Answer usual = client.get("/" + id + "/thumbnail");
        assertThat(usual.bytes())
                .isEqualTo(client.get("/" + id + "/thumbnail?size=256", "Accept", "*/*")
                        .bytes());
    }

    @Test
    void thumbnailOfASmallPictureIsNotEnlarged() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        DecodedImage seen = new TestDecoder()
                .decode(client.get("/" + id + "/thumbnail?size=1024").bytes());

        assertThat(seen.width()).isEqualTo(64);
        assertThat(seen.height()).isEqualTo(48);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "300", "-256", "256.0", "large", "99999999999"})
    void thumbnailOfAnotherSizeIs400AndSaysWhichThereAre(String size) {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        Answer answer = client.get("/" + id + "/thumbnail?size=" + size);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        assertThat(answer.json().get("detail").stringValue()).isEqualTo("size must be 256, 512 or 1024: " + size);
    }

    @Test
    void thumbnailForWhoTakesNeitherJpegNorWebpIs406() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        Answer answer = client.get("/" + id + "/thumbnail", "Accept", "image/png");

        assertThat(answer.status()).isEqualTo(406);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/not-acceptable");
    }

    @Test
    void unknownPicturesAre404() {
        assertThat(client.get("/images/" + "0".repeat(64) + ".png").status()).isEqualTo(404);
        assertThat(client.get("/images/" + "0".repeat(64) + ".png/thumbnail").status())
                .isEqualTo(404);
        assertThat(client.get("/images/" + "0".repeat(64) + ".png/metadata").status())
                .isEqualTo(404);
        assertThat(client.get("/images/" + "0".repeat(64) + ".png", "Accept", JSON)
                        .status())
                .isEqualTo(404);
        assertThat(client.get("/images/passwd/metadata").status()).isEqualTo(404);
        assertThat(client.get("/images/passwd").status()).isEqualTo(404);
        assertThat(client.get("/images/..%2F..%2Fetc%2Fpasswd").status()).isIn(400, 404);
    }

    @Test
    void statsAreJsonForCurlAndAPageForABrowser() {
        Answer curl = client.get("/stats", "Accept", "*/*");
        Answer browser = client.get("/stats", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

        assertThat(curl.header("Content-Type")).isEqualTo("application/json");
        assertThat(curl.header("Vary")).containsIgnoringCase("accept");
        assertThat(curl.json().propertyNames())
                .contains("rowCount", "columnCount", "columns", "lastVectorDim", "tablePath", "indices")
                .contains("committedRows", "pendingRows", "version");
        assertThat(curl.json().get("columns").propertyNames()).startsWith("id", "path", "vector");
        assertThat(curl.json().get("columnCount").intValue())
                .isEqualTo(curl.json().get("columns").size());
        assertThat(curl.json().get("lastVectorDim").intValue()).isEqualTo(512);
        assertThat(curl.json().get("tablePath").stringValue()).endsWith("vectors/images.lance");
        assertThat(browser.header("Content-Type")).startsWith("text/html");
        assertThat(browser.header("Vary")).containsIgnoringCase("accept");
    }

    @Test
    void indexIsBuiltOnRequestAndShownInStats() {
        client.multipart("/upload?durability=committed", List.of(Part.file("a.png", newPicture())));

        Answer answer = client.post("/admin/index");

        assertThat(answer.status()).isEqualTo(202);
        JsonNode stats = client.get("/stats").json();
        while (stats.get("indexJob").get("state").stringValue().equals("running")) {
            stats = client.get("/stats").json();
        }
        assertThat(stats.get("indexJob").get("state").stringValue()).isEqualTo("done");
        JsonNode index = stats.get("indices").get(0);
        assertThat(index.get("type").stringValue()).isEqualTo("IVF_FLAT");
        assertThat(index.get("metric").stringValue()).isEqualTo("cosine");
        assertThat(index.get("indexedRows").longValue()
                        + index.get("unindexedRows").longValue())
                .isEqualTo(stats.get("committedRows").longValue());
    }

    @Test
    void uploadThatAsksForItIsAnsweredAfterTheCommit() {
        List<Part> parts = List.of(Part.file("a.png", newPicture()));

        Answer answer = client.multipart("/upload?durability=committed", parts);

        assertThat(answer.status()).isEqualTo(201);
        assertThat(client.get("/stats").json().get("pendingRows").longValue()).isZero();
    }

    @Test
    void durabilityThatDoesNotExistIs400() {
        Answer answer = client.multipart("/upload?durability=maybe", List.of(Part.file("a.png", newPicture())));

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains("maybe", "committed");
    }

    @Test
    void deletedPictureIsGoneEverywhereAndCanBeUploadedAgain() {
        byte[] picture = newPicture();
        String id = client.upload("a.png", picture).json().get("id").stringValue();
        client.get("/" + id + "/thumbnail");

        assertThat(client.delete("/" + id).status()).isEqualTo(204);

        assertThat(client.get("/" + id).status()).isEqualTo(404);
        assertThat(client.get("/" + id + "/thumbnail").status()).isEqualTo(404);
        assertThat(client.get("/" + id + "/metadata").status()).isEqualTo(404);
        assertThat(ids(client.get("/images?limit=1000"))).doesNotContain(id);
        assertThat(client.search("anything", 1000).json().get("results").valueStream())
                .noneMatch(hit -> hit.get("id").stringValue().equals(id));
        assertThat(client.delete("/" + id).status()).isEqualTo(404);
        assertThat(client.upload("a.png", picture).status()).isEqualTo(201);
    }

    @Test
    void deleteCanBeTakenBackAndEverythingIsAsItWas() {
        byte[] picture = newPicture();
        Answer upload =
                client.multipart("/upload", List.of(Part.file("a.png", picture), Part.field("caption", "as it was")));
        String id = upload.json().get("id").stringValue();
        JsonNode before = hit(client.search("anything", 1000), id);
        client.delete("/" + id);

        Answer restored = client.post("/" + id + "/restore");

        assertThat(restored.status()).isEqualTo(200);
        assertThat(restored.json().get("restored").booleanValue()).isTrue();
        assertThat(client.get("/" + id).bytes()).isEqualTo(picture);
        JsonNode after = hit(client.search("anything", 1000), id);
        for (String field : List.of("caption", "filename", "uploadedAt", "width", "bytes")) {
            assertThat(after.get(field)).as(field).isEqualTo(before.get(field));
        }
        assertThat(after.get("_distance").doubleValue())
                .isCloseTo(before.get("_distance").doubleValue(), within(1e-5));
        assertThat(client.post("/" + id + "/restore").json().get("restored").booleanValue())
                .isFalse();
        assertThat(client.post("/images/" + "0".repeat(64) + ".png/restore").status())
                .isEqualTo(404);
        assertThat(client.post("/" + id + "/restore", "X-Forwarded-For", "127.0.0.1")
                        .status())
                .isEqualTo(401);
    }

    @Test
    void captionAndTagsAreChangedAndAllElseStays() {
        byte[] picture = newPicture();
        Answer upload = client.multipart(
                "/upload",
                List.of(Part.file("a.png", picture), Part.field("caption", "before"), Part.field("tags", "one,two")));
        String id = upload.json().get("id").stringValue();
        JsonNode before = hit(client.search("anything", 1000), id);

        Answer edited = client.patch("/" + id, JSON, "{\"caption\": \"  Größe 😀 \"}");

        assertThat(edited.status()).as("%s", edited).isEqualTo(200);
        assertThat(edited.text())
                .isEqualTo("{\"id\":\"" + id + "\",\"caption\":\"Größe 😀\",\"tags\":[\"one\",\"two\"]}");
        // An answer waits two seconds for searches.
        await().until(() -> hit(client.search("anything", 1000), id)
                .get("caption")
                .asString("")
                .equals("Größe 😀"));
        JsonNode after = hit(client.search("anything", 1000), id);
        for (String field : List.of("tags", "filename", "uploadedAt", "width", "bytes")) {
            assertThat(after.get(field)).as(field).isEqualTo(before.get(field));
        }
        assertThat(client.get("/" + id).bytes()).isEqualTo(picture);
        Answer removed = client.patch("/" + id, JSON, "{\"tags\": null, \"caption\": \" \"}");
        assertThat(removed.text()).isEqualTo("{\"id\":\"" + id + "\",\"caption\":null,\"tags\":[]}");
        assertThat(client.upload("a.png", picture).json().get("stored").booleanValue())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"caption\": \"a\", \"rating\": 5} | there is no field rating",
                "{\"caption\": 5} | caption must be a text",
                "{\"tags\": \"a,b\"} | tags must be a list",
                "{\"tags\": [\"a\", null]} | tags[1] must be a text",
                "{\"caption\": \"a\", \"caption\": \"b\"} | not valid JSON",
                "{\"caption\": \"a\"} {} | not valid JSON",
                "{\"caption\": | not valid JSON",
                "[] | must be a JSON object",
                "'' | must be a JSON object"
            })
    void editThatCannotBeReadIs400AndSaysWhy(String body, String detail) {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        Answer answer = client.patch("/" + id, JSON, body);

        assertThat(answer.status()).as("%s", answer).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-edit");
        assertThat(answer.json().get("detail").stringValue()).contains(detail);
    }

    @Test
    void editThatIsTooLongOrNoJsonOrOfNoPictureIsRefused() {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();
        String caption = "{\"caption\": \"new\"}";

        Answer tooLong = client.patch("/" + id, JSON, "{\"caption\": \"" + "x".repeat(1_500) + "\"}");
        assertThat(tooLong.status()).isEqualTo(400);
        assertThat(tooLong.json().get("type").stringValue()).isEqualTo("/problems/metadata-too-long");
        assertThat(tooLong.json().get("detail").stringValue()).contains("1,500 characters", "at most");
        assertThat(client.patch("/" + id, JSON, "{\"caption\": \"" + "x".repeat(20_000) + "\"}")
                        .status())
                .isEqualTo(413);
        Answer form = client.patch("/" + id, "application/x-www-form-urlencoded", "caption=new");
        assertThat(form.status()).isEqualTo(415);
        assertThat(form.header("Accept-Patch")).isEqualTo(JSON);
        assertThat(client.patch("/images/" + "0".repeat(64) + ".png", JSON, caption)
                        .status())
                .isEqualTo(404);
        assertThat(client.patch("/images/cat.png", JSON, caption).status()).isEqualTo(404);
        assertThat(client.patch("/" + id, JSON, caption, "X-Forwarded-For", "127.0.0.1")
                        .status())
                .isEqualTo(401);
        client.delete("/" + id);
        assertThat(client.patch("/" + id, JSON, caption).status()).isEqualTo(404);
    }

    private static JsonNode hit(Answer search, String id) {
        return search.json()
                .get("results")
                .valueStream()
                .filter(hit -> hit.get("id").stringValue().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void pictureThatLooksTheSameIsNamedGroupedAndKept() {
        List<Variant> files = Variants.of(TestPictures.scene("zebra.jpg"), 1);
        JsonNode original = upload(files.get(0));
        JsonNode same = upload(files.get(1));
        JsonNode alike = upload(files.get(4));
        Set<String> group =
                Stream.of(original, same, alike).map(GlimpseContract::id).collect(Collectors.toSet());

        assertThat(original.get("takenAt").isNull()).isTrue();
        assertThat(similar(same)).first().isEqualTo(id(original) + " same");
        assertThat(similar(alike)).contains(id(original) + " alike", id(same) + " alike");
        assertThat(similar(upload(files.get(0)))).first().isEqualTo(id(same) + " same");
        // While they are made, they are refused for a moment.
        await().ignoreException(NullPointerException.class)
                .until(() -> groups("").contains(group));
        assertThat(groups("&kind=same")).contains(Set.of(id(original), id(same)));
        assertThat(groups("&kind=alike")).contains(group);
        assertAgentFinds(group);

        assertThat(decide("keep", group)).isEqualTo(200);
        assertThat(groups("")).doesNotContain(group);
        assertThat(groups("&kind=same")).doesNotContain(Set.of(id(original), id(same)));
        assertThat(groups("&kept=true")).contains(group);

        assertThat(decide("undo", group)).isEqualTo(200);
        assertThat(decide("undo", group)).isEqualTo(400);
        assertThat(groups("")).contains(group);
        assertThat(client.delete("/" + id(same)).status()).isEqualTo(204);
        assertThat(groups("")).contains(Set.of(id(original), id(alike)));
    }

    /** Page by page. */
    private void assertAgentFinds(Set<String> group) {
        List<Set<String>> found = new ArrayList<>();
        try (Agent agent = new Agent(port, Map.of())) {
            JsonNode next = null;
            do {
                Outcome page = agent.call(
                        "find_duplicates",
                        next == null
                                ? Map.of("kind", "alike", "limit", 1)
                                : Map.of("kind", "alike", "limit", 1, "cursor", next.stringValue()));
                assertThat(page.failed()).isFalse();
                page.json().get("groups").forEach(one -> {
                    assertThat(one.get("kind").stringValue()).isEqualTo("alike");
                    found.add(one.get("pictures")
                            .valueStream()
                            .map(GlimpseContract::id)
                            .collect(Collectors.toSet()));
                });
                next = page.json().get("next");
            } while (next != null);
        }
        assertThat(found).contains(group).doesNotHaveDuplicates();
    }

    private JsonNode upload(Variant file) {
        return client.upload(file.name(), file.bytes()).json();
    }

    private static String id(JsonNode answer) {
        return answer.get("id").stringValue();
    }

    private static List<String> similar(JsonNode answer) {
        return answer.get("similarTo")
                .valueStream()
                .map(other -> id(other) + " " + other.get("kind").stringValue())
                .toList();
    }

    private List<Set<String>> groups(String query) {
        return client.get("/duplicates?limit=100" + query)
                .json()
                .get("groups")
                .valueStream()
                .map(group -> group.get("pictures")
                        .valueStream()
                        .map(GlimpseContract::id)
                        .collect(Collectors.toSet()))
                .toList();
    }

    private int decide(String decision, Set<String> ids) {
        return client.send(
                        "POST",
                        "/duplicates/decisions",
                        JsonMapper.shared().writeValueAsBytes(Map.of("decision", decision, "ids", ids)),
                        "Content-Type",
                        JSON)
                .status();
    }

    @Test
    void picturesAreFoundByTheTimeTheyWereTaken() {
        byte[] block = TestExif.block("2019:05:06 07:08:09", "+02:00");
        byte[] picture = Variants.withExif(TestPictures.scene("yo-yo.jpg"), block);
        JsonNode uploaded = client.upload("a.jpg", picture).json();
        String search = "/search?text=a+yo-yo&takenAfter=2019-05-06T05:08:09Z&takenBefore=";

        assertThat(uploaded.get("takenAt").stringValue()).isEqualTo("2019-05-06T05:08:09Z");
        assertThat(ids(client.get(search + "2019-05-06T05:08:10Z"))).containsExactly(id(uploaded));
        assertThat(ids(client.get(search + "2019-05-06T05:08:09Z"))).isEmpty();
        assertThat(client.get("/" + id(uploaded) + "/metadata")
                        .json()
                        .get("takenAt")
                        .stringValue())
                .isEqualTo("2019-05-06T05:08:09Z");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/duplicates?kind=other | kind must be same or alike",
                "/duplicates?limit=101 | limit must be 1 to 100",
                "/duplicates?cursor=x | cursor must be the next",
                "/search?text=x&takenAfter=yesterday | takenAfter must be a time",
                "/search?text=x&takenAfter=2020-01-01T00:00:00Z&takenBefore=2019-01-01T00:00:00Z | takenAfter is later than takenBefore"
            })
    void duplicatesAndTimesThatCannotBeAskedForAre400(String path, String detail) {
        Answer answer = client.get(path);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains(detail);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{} | decision must be keep or undo",
                "{\"decision\": \"keep\"} | ids must name 2 to 100",
                "{\"decision\": \"keep\", \"ids\": [\"a.jpg\"]} | ids must be ids of pictures",
                "{\"decision\": \"drop\"} | decision must be keep or undo",
                "[] | must be a JSON object",
            })
    void decisionThatCannotBeReadIs400(String body, String detail) {
        Answer answer = client.send(
                "POST", "/duplicates/decisions", body.getBytes(StandardCharsets.UTF_8), "Content-Type", JSON);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains(detail);
    }

    @Test
    void versionsThatAreKeptCanBeSearchedAsTheyWere() {
        String id =
                client.uploadCommitted("a.png", newPicture()).json().get("id").stringValue();
        long version = client.get("/stats").json().get("version").longValue();
        client.delete("/" + id);

        Answer then = client.get("/search?text=anything&limit=1000&version=" + version);

        assertThat(then.json().get("version").longValue()).isEqualTo(version);
        assertThat(then.json().get("complete").booleanValue()).isTrue();
        assertThat(hit(then, id)).isNotNull();
        assertThat(client.search("anything", 1000).json().get("results").valueStream())
                .noneMatch(hit -> hit.get("id").stringValue().equals(id));
        JsonNode kept = client.get("/versions").json().get("versions");
        assertThat(kept.valueStream().map(each -> each.get("version").longValue()))
                .contains(version, version + 1);
        String now = Instant.now().plusSeconds(2).toString();
        JsonNode asOfNow = client.get("/search?text=anything&asOf=" + now).json();
        assertThat(asOfNow.get("version").longValue()).isGreaterThan(version);
        Answer never = client.get("/search?text=anything&version=" + (version + 100_000));
        assertThat(never.status()).isEqualTo(404);
        assertThat(never.json().get("detail").stringValue()).contains("kept are");
        assertThat(client.get("/search?text=anything&version=soon").status()).isEqualTo(400);
        for (String time : new String[] {"yesterday", "-0001-01-01T00:00:00Z", "%2B10000-01-01T00:00:00Z"}) {
            assertThat(client.get("/search?text=anything&asOf=" + time).status())
                    .as(time)
                    .isEqualTo(400);
        }
    }

    @Test
    void beforeTheVersionsThatAreKeptTodaysPicturesAreSearchedAndTheAnswerSaysSo() {
        client.uploadCommitted("a.png", newPicture());

        JsonNode answer =
                client.get("/search?text=anything&asOf=2001-01-01T00:00:00Z").json();

        assertThat(answer.get("version").isNull()).isTrue();
        assertThat(answer.get("complete").booleanValue()).isFalse();
        assertThat(answer.get("note").stringValue()).contains("deleted since");
        assertThat(answer.get("results").size()).isZero();
    }

    @Test
    void deletesAreClosedToForwardedCallers() {
        Answer answer = client.delete("/images/" + "0".repeat(64) + ".png", "X-Forwarded-For", "127.0.0.1");

        assertThat(answer.status()).isEqualTo(401);
    }

    @Test
    void administrationIsClosedToForwardedCallers() {
        Answer answer = client.post("/admin/index", "X-Forwarded-For", "127.0.0.1");

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
    }

    @Test
    void verificationOfLessThanNoPicturesIsRefused() {
        Answer answer = client.post("/admin/verify?sample=-1");

        assertThat(answer.status()).as("%s", answer).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        assertThat(answer.json().get("detail").stringValue()).isEqualTo("sample must be 0 to 9223372036854775807: -1");
    }

    @Test
    void ecosystemFindsWhatItExpects() {
        assertThat(client.get("/swagger-ui").header("Location")).endsWith("/swagger-ui/index.html");
        assertThat(client.get("/swagger-ui/index.html").status()).isEqualTo(200);
        assertThat(client.get("/actuator/health/liveness").status()).isEqualTo(200);
        assertThat(client.get("/actuator/prometheus").status()).isEqualTo(200);
        assertThat(client.get("/").header("Content-Type")).startsWith("text/html");
    }

    @Test
    void unknownPathAndWrongMethodAreProblems() {
        assertThat(client.get("/nowhere").status()).isEqualTo(404);
        assertThat(client.get("/nowhere").header("Content-Type")).isEqualTo("application/problem+json");
        Answer upload = client.get("/upload");
        assertThat(upload.status()).isEqualTo(405);
        assertThat(upload.header("Allow")).isEqualTo("OPTIONS, POST");
        assertThat(upload.json().get("detail").stringValue()).endsWith("it takes OPTIONS, POST");
    }

    @ParameterizedTest
    @CsvSource({
        "/search, 'GET, HEAD, OPTIONS, POST'",
        "/upload, 'OPTIONS, POST'",
        "/images/a, 'DELETE, GET, HEAD, OPTIONS, PATCH'",
        "/actuator/health, 'GET, HEAD, OPTIONS'",
        "/app.js, 'GET, HEAD, OPTIONS'"
    })
    void pathTakesNoTraceAndTellsItsMethods(String path, String methods) {
        Answer answer = client.send("TRACE", path, new byte[0], "X-Secret", "1234");

        assertThat(answer.status()).as("%s", answer).isEqualTo(405);
        assertThat(answer.header("Allow")).isEqualTo(methods);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/method-not-allowed");
        assertThat(answer.text()).doesNotContain("1234");
    }

    @ParameterizedTest
    @CsvSource({
        "/search, 'GET,HEAD,POST,OPTIONS'",
        "/upload, 'POST,OPTIONS'",
        "/images/a, 'GET,HEAD,DELETE,PATCH,OPTIONS'",
        "/images/a/restore, 'POST,OPTIONS'",
        "/admin/verify, 'GET,HEAD,POST,OPTIONS'",
        "/, 'GET,HEAD,OPTIONS'",
        "/app.js, 'GET,HEAD,OPTIONS'"
    })
    void pathTellsItsMethods(String path, String methods) {
        Answer answer = client.send("OPTIONS", path, new byte[0]);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Allow").split(",")).containsExactlyInAnyOrder(methods.split(","));
        if (methods.contains("HEAD")) {
            assertThat(client.send("HEAD", path + (path.equals("/search") ? "?text=cat" : ""), new byte[0])
                            .status())
                    .isIn(200, 404);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /search/, /search",
        "GET, //search, /search",
        "GET, /Search, /search",
        "GET, /serach, /search",
        "GET, /api/search, /search",
        "GET, /api/v1/stats/, /stats",
        "POST, /upload/, /upload",
        "POST, /UPLOAD, /upload",
        "GET, /image/abc.png, /images/abc.png",
        "GET, /images/abc.png/thumbnial, /images/abc.png/thumbnail",
        "GET, /health, /actuator/health",
        "GET, /problems/no-fiel, /problems/no-file"
    })
    void pathThatIsNearlyRightIs404AndNamesTheOneThatIsMeant(String method, String path, String meant) {
        Answer answer = client.send(method, path, new byte[0]);

        assertThat(answer.status()).as("%s", answer).isEqualTo(404);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/not-found");
        assertThat(answer.json().get("detail").stringValue()).endsWith("did you mean " + meant + "?");
    }

    @Test
    void answerThatIsThereInOtherFormsNamesThem() {
        Answer answer = client.get("/versions", "Accept", "image/png");

        assertThat(answer.status()).isEqualTo(406);
        assertThat(answer.json().get("detail").stringValue()).endsWith("it is there as application/json");
    }

    @Test
    void everyProblemIsExplainedAtItsAddress() {
        for (JsonNode listed : client.get("/problems").json().get("problems")) {
            JsonNode problem = client.get(listed.get("type").stringValue()).json();
            assertThat(problem).isEqualTo(listed);
            assertThat(problem.get("whatToDo").stringValue()).isNotBlank();
        }
        Answer page = client.get("/problems/no-file", "Accept", "text/html,*/*;q=0.8");
        assertThat(page.header("Content-Type")).startsWith("text/html");
        assertThat(page.text()).contains("<h1>no-file</h1>", "400 Bad Request", "<code>curl -F file=@cat.jpg");
        Answer text = client.get("/problems/no-file", "Accept", "text/plain");
        assertThat(text.text()).startsWith("400 /problems/no-file: ").contains("What to do: ");
    }

    @Test
    void parameterThatAnEndpointDoesNotHaveIs400AndNamesTheNearest() {
        byte[] picture = newPicture();
        String path = "/" + client.upload("a.png", picture).json().get("id").stringValue();
        List<Answer> answers = List.of(
                client.get("/search?text=cat&limt=5"),
                client.multipart("/upload", List.of(Part.file("a.png", picture), Part.field("captoin", "x"))),
                client.multipart("/upload", List.of(Part.file("image", "a.png", picture))),
                client.multipart("/upload?tag=a", List.of(Part.file("a.png", picture))),
                client.send("POST", "/upload?captoin=x", picture, "Content-Type", "image/png"),
                client.get(path + "?size=64"),
                client.get("/stats?_=123"),
                client.get("/stats?utm_source=mail", "Accept", "text/html"),
                client.delete(path + "?purg=true"));

        for (Answer answer : answers) {
            assertThat(answer.status()).as("%s", answer).isEqualTo(400);
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/unknown-parameter");
        }
        assertThat(answers.get(0).json().get("detail").stringValue())
                .startsWith(
                        "there is no parameter \"limt\" here; did you mean limit?; there are text, textWeight, like,");
        assertThat(answers.get(1).text()).contains("did you mean caption?");
        assertThat(answers.get(2).text()).contains("did you mean file?");
        assertThat(answers.get(6).text()).contains("takes none");
        assertThat(client.get("/?utm_source=mail").status()).isEqualTo(200);
        assertThat(client.get("/app.js?v=2").status()).isEqualTo(200);
    }

    @Test
    void parametersThatContradictEachOtherAre400() {
        List<Answer> answers = List.of(
                client.get("/search?text=cat&version=1&asOf=2026-11-26T08:00:00Z"),
                client.get("/search?text=cat&minWidth=2&maxWidth=1"),
                client.get("/search?text=cat&limit=1&limit=2"),
                client.get("/search?text=cat&version="),
                client.post("/upload?durability=committed&durability=recoverable"));

        for (Answer answer : answers) {
            assertThat(answer.status()).as("%s", answer).isEqualTo(400);
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
        }
        assertThat(answers.get(0).text()).contains("version and asOf exclude each other");
        assertThat(answers.get(2).text()).contains("limit is there 2 times");
    }

    @Test
    void textIsCompressedForWhoTakesItAndPicturesNever() {
        String[] compressed = {"Accept-Encoding", "gzip"};
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();

        for (String path : List.of("/app.js", "/style.css", "/problems", "/search?text=cat&limit=50")) {
            Answer plain = client.get(path);
            Answer small = client.get(path, compressed);
            assertThat(plain.header("Content-Encoding")).as(path).isEmpty();
            assertThat(small.header("Content-Encoding")).as(path).isEqualTo("gzip");
            assertThat(small.bytes().length).as(path).isLessThan(plain.bytes().length);
            for (Answer answer : List.of(plain, small)) {
                assertThat(String.join(",", answer.headers("Vary")).toLowerCase(Locale.ROOT))
                        .as(path)
                        .contains("accept-encoding");
            }
        }
        assertThat(client.get("/" + id, compressed).header("Content-Encoding")).isEmpty();
        assertThat(client.get("/" + id + "/thumbnail", compressed).header("Content-Encoding"))
                .isEmpty();
    }

    @Test
    void pageIsAskedForEachTimeAndSentWhenItHasChanged() {
        for (String path : List.of("/", "/app.js", "/style.css", "/stats.html", "/favicon.svg")) {
            Answer first = client.get(path, "Accept-Encoding", "gzip");
            String tag = first.header("ETag");
            Answer again = client.get(path, "Accept-Encoding", "gzip", "If-None-Match", tag);

            assertThat(first.header("Cache-Control")).as(path).isEqualTo("no-cache");
            assertThat(tag).as(path).matches("W/\"[0-9a-f]{32}\"");
            assertThat(client.get(path).header("ETag")).as(path).isEqualTo(tag);
            assertThat(again.status()).as(path).isEqualTo(304);
            assertThat(again.bytes()).as(path).isEmpty();
            assertThat(client.get(path, "If-None-Match", "W/\"of another version\"")
                            .status())
                    .as(path)
                    .isEqualTo(200);
        }
    }

    // Agents

    @Test
    void agentLooksAtAPictureAndListsTheNewest() throws IOException {
        byte[] picture = TestImages.png(900, 600, 4711);
        String older = client.upload("older.png", newPicture()).json().get("id").stringValue();
        String id = client.multipart("/upload", List.of(Part.file("wide.png", picture), Part.field("caption", "wide")))
                .json()
                .get("id")
                .stringValue();
        try (Agent agent = new Agent(port, Map.of())) {
            Outcome look = agent.call("look_at_picture", Map.of("id", id));
            Outcome small = agent.call("look_at_picture", Map.of("id", id, "size", 256));
            Outcome first = agent.call("list_pictures", Map.of("limit", 1));
            Outcome second = agent.call(
                    "list_pictures",
                    Map.of("limit", 1, "cursor", first.json().get("next").stringValue()));
            client.delete("/" + id);
            Outcome deleted = agent.call("look_at_picture", Map.of("id", id));

            assertThat(jpeg(look))
                    .extracting(BufferedImage::getWidth, BufferedImage::getHeight)
                    .containsExactly(512, 341);
            assertThat(jpeg(small))
                    .extracting(BufferedImage::getWidth, BufferedImage::getHeight)
                    .containsExactly(256, 171);
            JsonNode known = JsonMapper.shared().readTree(look.text());
            assertThat(known.get("id").stringValue()).isEqualTo(id);
            assertThat(known.get("caption").stringValue()).isEqualTo("wide");
            assertThat(known.get("width").intValue()).isEqualTo(900);
            assertThat(known.has("distance")).isFalse();
            assertThat(first.json().get("pictures").get(0).get("id").stringValue())
                    .isEqualTo(id);
            assertThat(second.json().get("pictures").get(0).get("id").stringValue())
                    .isEqualTo(older);
            assertThat(deleted.failed()).isTrue();
            assertThat(deleted.text()).isEqualTo("there is no picture " + id);
        }
    }

    private static BufferedImage jpeg(Outcome look) throws IOException {
        ImageContent image = look.content().stream()
                .filter(ImageContent.class::isInstance)
                .map(ImageContent.class::cast)
                .findFirst()
                .orElseThrow();
        assertThat(image.mimeType()).isEqualTo("image/jpeg");
        return ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(image.data())));
    }

    @Test
    void agentUploadsAPictureAndFindsIt() {
        byte[] picture = newPicture();
        Map<String, Object> arguments = Map.of(
                "data",
                Base64.getEncoder().encodeToString(picture),
                "filename",
                "a.png",
                "caption",
                "Said by an agent",
                "tags",
                List.of("one", "two"));
        try (Agent agent = new Agent(port, Map.of())) {
            Outcome upload = agent.call("upload_picture", arguments);
            Outcome again = agent.call("upload_picture", arguments);
            Outcome statistics = agent.call("get_statistics", Map.of());
            Outcome search = agent.call(
                    "search_pictures", Map.of("text", "anything", "limit", 50, "tags", List.of("two", "one")));

            String id = upload.json().get("id").stringValue();
            Outcome filtered = agent.call(
                    "search_pictures",
                    Map.of("like", id, "anyTag", List.of("one", "three"), "type", "png", "caption", "AN AGENT"));
            Outcome paged = agent.call("search_pictures", Map.of("text", "anything", "limit", 1));
            Outcome next = agent.call(
                    "search_pictures",
                    Map.of(
                            "text",
                            "anything",
                            "limit",
                            1,
                            "cursor",
                            paged.json().get("next").stringValue()));
            Outcome never =
                    agent.call("search_pictures", Map.of("text", "anything", "uploadedBefore", "2001-01-01T00:00:00Z"));
            assertThat(filtered.json().get("pictures").valueStream())
                    .noneMatch(each -> each.get("id").stringValue().equals(id))
                    .allMatch(each -> each.get("caption").stringValue().equals("Said by an agent"));
            assertThat(next.json().get("pictures").get(0).get("id"))
                    .isNotEqualTo(paged.json().get("pictures").get(0).get("id"));
            assertThat(never.json().get("pictures")).isEmpty();
            assertThat(upload.json().get("stored").booleanValue()).isTrue();
            assertThat(upload.json().get("path").stringValue()).isEqualTo(pathOf(id));
            assertThat(again.json().get("stored").booleanValue()).isFalse();
            assertThat(again.json().get("id").stringValue()).isEqualTo(id);
            assertThat(client.get("/" + id).bytes()).isEqualTo(picture);
            // Rows of pictures that were deleted before go a moment later.
            await().untilAsserted(() -> assertThat(agent.call("get_statistics", Map.of())
                            .json()
                            .get("pictures")
                            .longValue())
                    .isEqualTo(rows()));
            assertThat(statistics.json().get("takesUploads").booleanValue()).isTrue();
            assertThat(JsonMapper.shared().readTree(search.text())).isEqualTo(search.json());
            JsonNode hit = search.json()
                    .get("pictures")
                    .valueStream()
                    .filter(each -> each.get("id").stringValue().equals(id))
                    .findFirst()
                    .orElseThrow();
            assertThat(hit.get("caption").stringValue()).isEqualTo("Said by an agent");
            assertThat(hit.get("tags").toString()).isEqualTo("[\"one\",\"two\"]");
            assertThat(hit.get("distance").doubleValue()).isBetween(0.0, 2.0);
            assertThat(client.get(hit.get("picture").stringValue()).bytes()).isEqualTo(picture);
            assertThat(client.get(hit.get("thumbnail").stringValue()).header("Content-Type"))
                    .isEqualTo("image/jpeg");
        }
    }
}

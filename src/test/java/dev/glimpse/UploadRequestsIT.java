package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** The ways in which clients send pictures, and what they say of them. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
class UploadRequestsIT {
    private static final AtomicInteger PICTURES = new AtomicInteger(2_000_000);

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    private Client client;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    private static byte[] newPicture() {
        return TestPictures.png(PICTURES.getAndIncrement());
    }

    private JsonNode row(JsonNode stored) {
        return client.search("anything", 1000)
                .json()
                .get("results")
                .valueStream()
                .filter(hit -> hit.get("id").equals(stored.get("id")))
                .findFirst()
                .orElseThrow();
    }

    private String nameOf(Answer upload) {
        assertThat(upload.status()).as(upload.toString()).isEqualTo(201);
        return row(upload.json()).get("filename").stringValue();
    }

    private Answer uploadAs(String parameters) {
        return client.multipart("/upload", List.of(Part.withHeader("name=\"file\"; " + parameters, newPicture())));
    }

    private static void assertProblem(Answer answer, int status, String type) {
        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/" + type);
    }

    private static List<JsonNode> items(Answer answer) {
        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        return answer.json().get("results").valueStream().toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "é", "猫", "🐈"})
    void fileNameOf255CharactersOfAnyScriptIsKept(String character) {
        String name = character.repeat(251) + ".png";

        assertThat(nameOf(client.upload(name, newPicture()))).isEqualTo(name);
    }

    @Test
    void longerFileNameIsCutBeforeItsExtension() {
        assertThat(nameOf(client.upload("🐈".repeat(300) + ".jpeg", newPicture())))
                .isEqualTo("🐈".repeat(250) + ".jpeg");
    }

    @Test
    void quoteAndEndsOfLinesAreReadAsBrowsersWriteThemAndNothingElseIsDecoded() {
        assertThat(nameOf(client.upload("a%22b%0D%0Ac %41%2F%25 100%.png", newPicture())))
                .isEqualTo("a\"b\r\nc %41%2F%25 100%.png");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "filename=\"plain.png\"; filename*=UTF-8''%C3%A4%22%2522.png",
                "filename*=UTF-8''%C3%A4%22%2522.png; filename=\"plain.png\""
            })
    void nameWithAnEncodingOfItsOwnWinsAndIsDecodedOnce(String parameters) {
        assertThat(nameOf(uploadAs(parameters))).isEqualTo("ä\"%22.png");
    }

    @ParameterizedTest
    @ValueSource(strings = {"C:\\fakepath\\x.png", "dir/x.png", "/x.png", "dir/..\\x.png"})
    void foldersOfAFileNameAreLeftOut(String name) {
        assertThat(nameOf(client.upload(name, newPicture()))).isEqualTo("x.png");
    }

    @ParameterizedTest
    @ValueSource(ints = {130, 320})
    void tooManyFilesAreToldByTheirNumber(int count) {
        List<Part> parts = IntStream.range(0, count)
                .mapToObj(i -> Part.file(i + ".png", new byte[] {1}))
                .toList();

        Answer answer = client.multipart("/upload", parts);

        assertProblem(answer, 413, "too-many-files");
        assertThat(answer.json().get("detail").stringValue())
                .isEqualTo(count + " files in one request; at most 100 are taken");
    }

    @Test
    void moreTextThanARequestMayHaveIsToldAsManyParts() {
        List<Part> parts = new ArrayList<>(List.of(Part.file("a.png", newPicture())));
        for (int i = 0; i < 320; i++) {
            parts.add(Part.field("tags", "a"));
        }

        Answer answer = client.multipart("/upload", parts);

        assertProblem(answer, 413, "too-many-files");
        assertThat(answer.json().get("detail").stringValue()).contains("more than 320 parts");
    }

    @Test
    void fileThatIsTooLargeIsRefusedAloneAndTheOthersAreStored() {
        Answer answer = client.multipart(
                "/upload",
                List.of(
                        Part.file("a.png", newPicture()),
                        Part.file("large.png", new byte[(20 << 20) + 1]),
                        Part.file("b.png", newPicture())));

        assertThat(items(answer))
                .extracting(item -> item.get("status").intValue())
                .containsExactly(201, 413, 201);
        JsonNode problem = items(answer).get(1).get("problem");
        assertThat(problem.get("type").stringValue()).isEqualTo("/problems/upload-too-large");
        assertThat(problem.get("detail").stringValue())
                .isEqualTo("the file \"large.png\" is too large: a file may have 20 MB at most");
    }

    @Test
    void requestThatIsTooLargeIsRefusedBeforeItIsRead() throws IOException {
        String answer = exchange(String.join(
                "\r\n",
                "POST /upload HTTP/1.1",
                "Host: localhost",
                "Connection: close",
                "Content-Length: 104857601",
                "Content-Type: multipart/form-data; boundary=b",
                "",
                "--b",
                ""));

        assertThat(answer)
                .startsWith("HTTP/1.1 413")
                .contains("/problems/upload-too-large", "a request may have 100 MB at most");
    }

    @Test
    void headersOfAPartThatAreTooLongAreToldAsThat() {
        Answer answer = client.upload("x".repeat(9_000), newPicture());

        assertProblem(answer, 413, "upload-too-large");
        assertThat(answer.json().get("detail").stringValue()).contains("8192 bytes", "shorter name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"file", "files", "file[]", "files[]", "file[0]"})
    void filesHaveTheNamesThatLibrariesGiveThem(String name) {
        Answer answer = client.multipart("/upload", List.of(Part.file(name, "a.png", newPicture())));

        assertThat(nameOf(answer)).isEqualTo("a.png");
    }

    @Test
    void filesOfSeveralNamesAreAnsweredInTheOrderThatTheyCameIn() {
        byte[] known = newPicture();
        client.upload("a.png", known);

        Answer answer = client.multipart(
                "/upload",
                List.of(
                        Part.file("files", "a.png", known),
                        Part.file("file", "b.png", newPicture()),
                        Part.file("file[]", "c.png", new byte[0])));

        assertThat(items(answer))
                .extracting(item -> item.get("status").intValue())
                .containsExactly(200, 201, 400);
    }

    @Test
    void pictureMayBeTheWholeBodyWithWhatIsSaidOfItInTheQuery() throws IOException {
        byte[] picture = newPicture();

        Answer answer = client.send(
                "POST",
                "/upload?caption=a,+b&tags=one,two",
                picture,
                "Content-Type",
                "image/png",
                "Content-Disposition",
                "attachment; filename=\"a.png\"");

        assertThat(nameOf(answer)).isEqualTo("a.png");
        assertThat(row(answer.json()).get("caption").stringValue()).isEqualTo("a, b");
        assertThat(row(answer.json()).get("tags").toString()).isEqualTo("[\"one\",\"two\"]");
        assertThat(client.get("/" + answer.json().get("id").stringValue()).bytes())
                .isEqualTo(picture);
        assertThat(client.send("POST", "/upload", picture, "Content-Type", "application/octet-stream")
                        .status())
                .isEqualTo(200);
        try (Stream<Path> left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            assertThat(left).noneMatch(file -> file.getFileName().toString().matches("upload-.*\\.picture"));
        }
    }

    @Test
    void bodyThatIsNoPictureOrEmptyOrTooLargeIsRefusedAsAFileIs() {
        assertProblem(send("image/png", new byte[0]), 400, "no-file");
        assertProblem(send("image/png", "words".getBytes(StandardCharsets.UTF_8)), 415, "unsupported-image");
        assertProblem(send("image/png", new byte[(20 << 20) + 1]), 413, "upload-too-large");
    }

    private Answer send(String type, byte[] body) {
        return client.send("POST", "/upload", body, "Content-Type", type);
    }

    @Test
    void pictureThatIsSentInAWayThatIsNotTakenIsToldHowItIs() {
        List<Answer> answers = List.of(
                client.multipart("/upload", List.of(Part.withHeader("name=\"file\"", newPicture()))),
                client.multipart("/upload", List.of(Part.file("a.png", newPicture()), Part.field("file", "cat.jpg"))),
                client.multipart("/upload?file=cat.jpg", List.of(Part.file("a.png", newPicture()))),
                client.post("/upload"));

        for (Answer answer : answers) {
            assertProblem(answer, 400, "no-file");
            assertThat(answer.json().get("detail").stringValue()).contains("curl -F file=@cat.jpg", "--data-binary");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/json", "multipart/mixed; boundary=b", "nonsense"})
    void bodyOfATypeThatIsNotTakenIsToldTheTypesThatAre(String type) {
        Answer answer = send(type, newPicture());

        assertProblem(answer, 415, "unsupported-media-type");
        assertThat(answer.header("Accept")).contains("multipart/form-data", "image/*");
        assertThat(answer.json().get("detail").stringValue()).contains("multipart/form-data", "image/*");
    }

    @ParameterizedTest
    @ValueSource(strings = {"filename*=bogus''a", "filename=\"", "filename*=UTF-8''%"})
    void fileNameThatCannotBeReadIsToldInPlainWords(String parameters) {
        Answer answer = uploadAs(parameters);

        assertProblem(answer, 400, "bad-multipart");
        assertThat(answer.json().get("detail").stringValue()).contains("Content-Disposition of a part cannot be read");
    }

    @Test
    void bodyWhoseFileNameCannotBeReadHasNone() {
        Answer answer = client.send(
                "POST",
                "/upload",
                newPicture(),
                "Content-Type",
                "image/png",
                "Content-Disposition",
                "attachment; filename=\"");

        assertThat(answer.status()).as(answer.toString()).isEqualTo(201);
        assertThat(row(answer.json()).get("filename").isNull()).isTrue();
    }

    @Test
    void pictureAsTheBodyWithoutItsTypeIsToldThatItNeedsOne() {
        Answer answer = send("application/x-www-form-urlencoded", newPicture());

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("detail").stringValue()).contains("Content-Type");
    }

    @Test
    void moreTextThanARequestMayHaveIsNoFileThatIsTooLarge() {
        Answer answer = client.multipart(
                "/upload", List.of(Part.file("a.png", newPicture()), Part.field("caption", "x".repeat((2 << 20) + 1))));

        assertProblem(answer, 413, "upload-too-large");
        assertThat(answer.json().get("detail").stringValue()).contains("2 MB together", "curl -F");
    }

    @ParameterizedTest
    @CsvSource({
        "Content-Type: multipart/form-data, 400, bad-multipart",
        "Content-Type: multipart/form-data; boundary=, 400, bad-multipart",
        "Expect: wonders, 417, expectation-failed",
        "Transfer-Encoding: nonsense, 501, not-implemented",
        "'Transfer-Encoding: gzip, chunked', 501, not-implemented",
        "Content-Length: -5, 400, bad-request"
    })
    void headerThatMakesNoSenseIsAProblem(String header, int status, String type) throws IOException {
        String length =
                header.startsWith("Content-Length") || header.startsWith("Transfer") ? "" : "Content-Length: 3\r\n";

        String answer = exchange("POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + "\r\n"
                + length + "\r\nabc");

        assertThat(answer).startsWith("HTTP/1.1 " + status).contains("application/problem+json", "/problems/" + type);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "PATCH", "DELETE"})
    void formThatCannotBeReadIsNoFailureOfOurs(String method) {
        Answer answer = client.send(
                method,
                "/upload",
                "a=%zz".getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                "application/x-www-form-urlencoded");

        assertProblem(answer, 400, "invalid-query");
    }

    private String exchange(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    /** Uploads new pictures with these fields; what their rows say, in order. */
    private List<JsonNode> rows(int pictures, Part... fields) {
        List<Part> parts = new ArrayList<>(List.of(fields));
        for (int i = 0; i < pictures; i++) {
            parts.add(Part.file("a.png", newPicture()));
        }
        Answer answer = client.multipart("/upload", parts);
        return pictures == 1
                ? List.of(row(answer.json()))
                : items(answer).stream().map(this::row).toList();
    }

    private static List<String> captions(List<JsonNode> rows) {
        return rows.stream().map(row -> row.get("caption").asString("none")).toList();
    }

    private static List<String> tags(List<JsonNode> rows) {
        return rows.stream().map(row -> row.get("tags").toString()).toList();
    }

    @Test
    void oneCaptionIsForAllFilesAndAsManyAsFilesAreForEachInOrder() {
        assertThat(captions(rows(2, Part.field("caption", "one, for all"))))
                .containsExactly("one, for all", "one, for all");
        assertThat(captions(
                        rows(3, Part.field("caption", "a"), Part.field("caption", ""), Part.field("caption", "c, d"))))
                .containsExactly("a", "none", "c, d");
    }

    @Test
    void tagsAreForAllFilesOrForEachLikeCaptions() {
        assertThat(tags(rows(2, Part.field("tags", "a, b")))).containsExactly("[\"a\",\"b\"]", "[\"a\",\"b\"]");
        assertThat(tags(rows(2, Part.field("tags", "a,b"), Part.field("tags", "c"))))
                .containsExactly("[\"a\",\"b\"]", "[\"c\"]");
    }

    @Test
    void allTagsOfOneFileAreItsOwnAndACommaAlwaysPartsThem() {
        assertThat(tags(rows(1, Part.field("tags", "a"), Part.field("tags", "b"))))
                .containsExactly("[\"a\",\"b\"]");
        assertThat(tags(rows(1, Part.field("tags", " a ,, b,"), Part.field("tags", "c,d"))))
                .containsExactly("[\"a\",\"b\",\"c\",\"d\"]");
        for (String query : List.of("tags=a,b&tags=c", "tags=a,b,c", "tags=a&tags=b,c")) {
            Answer answer = client.multipart("/upload?" + query, List.of(Part.file("a.png", newPicture())));
            assertThat(row(answer.json()).get("tags").toString()).as(query).isEqualTo("[\"a\",\"b\",\"c\"]");
        }
    }

    @ParameterizedTest
    @CsvSource({"3, 2, caption", "2, 3, caption", "1, 2, caption", "3, 2, tags"})
    void anyOtherNumberIs400AndNamesBothAndStoresNothing(int files, int notes, String name) {
        long before = client.get("/stats").json().get("rowCount").longValue();
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < files; i++) {
            parts.add(Part.file("a.png", newPicture()));
        }
        for (int i = 0; i < notes; i++) {
            parts.add(Part.field(name, "a"));
        }

        Answer answer = client.multipart("/upload", parts);

        assertProblem(answer, 400, "count-mismatch");
        assertThat(answer.json().get("detail").stringValue())
                .startsWith(name + " is there " + notes + " times for " + files + " picture");
        assertThat(client.get("/stats").json().get("rowCount").longValue()).isEqualTo(before);
    }

    @Test
    void captionThatIsTooLongIsToldInCharactersAndRefusesItsFileAlone() {
        Answer answer = client.multipart(
                "/upload",
                List.of(
                        Part.file("a.png", newPicture()),
                        Part.file("b.png", newPicture()),
                        Part.field("caption", "x".repeat(3_100)),
                        Part.field("caption", "short")));

        assertThat(items(answer))
                .extracting(item -> item.get("status").intValue())
                .containsExactly(400, 201);
        assertThat(items(answer).get(0).get("problem").get("detail").stringValue())
                .isEqualTo("the caption has 3,100 characters; at most 1,375 of these fit");
    }

    @Test
    void repeatSaysWhatItSaidInVain() {
        byte[] picture = newPicture();
        List<Part> first =
                List.of(Part.file("a.png", picture), Part.field("caption", "kept"), Part.field("tags", "a,b"));
        JsonNode stored = client.multipart("/upload", first).json();

        JsonNode same = client.multipart("/upload", first).json();
        JsonNode silent = client.upload("b.png", picture).json();
        JsonNode other = client.multipart(
                        "/upload",
                        List.of(
                                Part.file("a.png", picture),
                                Part.field("caption", "another"),
                                Part.field("tags", "b,a")))
                .json();
        List<JsonNode> many = items(client.multipart(
                "/upload",
                List.of(Part.file("a.png", picture), Part.file("b.png", newPicture()), Part.field("tags", "c"))));

        for (JsonNode answer : List.of(stored, same, silent, many.get(1))) {
            assertThat(answer.propertyNames()).doesNotContain("ignored", "hint");
        }
        assertThat(other.get("stored").booleanValue()).isFalse();
        assertThat(other.get("ignored").toString()).isEqualTo("[\"caption\",\"tags\"]");
        assertThat(other.get("hint").stringValue())
                .contains("PATCH /" + stored.get("id").stringValue());
        assertThat(many.get(0).get("ignored").toString()).isEqualTo("[\"tags\"]");
        assertThat(row(stored).get("caption").stringValue()).isEqualTo("kept");
    }
}

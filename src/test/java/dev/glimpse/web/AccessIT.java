package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Browser.NewContextOptions;
import com.microsoft.playwright.Page;
import dev.glimpse.testing.Agent;
import dev.glimpse.testing.Agent.Outcome;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.Nginx;
import dev.glimpse.testing.Strangers;
import dev.glimpse.testing.TestPictures;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.apache.tomcat.util.threads.ThreadPoolExecutor;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** Who may do what, call by call, on a server that has keys. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@ExtendWith(OutputCaptureExtension.class)
@DirtiesContext // it has to be stopped before its folder is removed
class AccessIT {
    private static final String NOBODY = "/images/" + "0".repeat(64) + ".png";

    /** Keys, each called as what it may do. */
    private static final Map<String, String> SCOPES =
            Map.of("read", "read", "upload", "upload", "all", "read,upload,admin");

    @TempDir
    static Path data;

    @LocalServerPort
    int port;

    @Autowired
    private ServletWebServerApplicationContext server;

    @Autowired
    @Qualifier("requestMappingHandlerMapping") private RequestMappingHandlerMapping mapping;

    private Client client;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
        SCOPES.forEach((name, scopes) -> {
            registry.add("glimpse.access.keys." + name + ".sha256", () -> Client.sha256(key(name)));
            registry.add("glimpse.access.keys." + name + ".scopes", () -> scopes);
        });
        registry.add("glimpse.access.keys.few.sha256", () -> Client.sha256(key("few")));
        registry.add("glimpse.access.keys.few.scopes", () -> "read");
        registry.add("glimpse.access.keys.few.requests-per-minute", () -> "3");
        registry.add("glimpse.access.origins", () -> "https://friend.example");
        registry.add("server.forward-headers-strategy", () -> "native");
    }

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    private static String key(String name) {
        return "the-secret-of-" + name;
    }

    private static String[] with(String name) {
        return name.equals("none") ? new String[0] : new String[] {"X-API-Key", key(name)};
    }

    // Scopes

    @ParameterizedTest
    @CsvSource({
        "/, read",
        "/app.js, read",
        "/stats, read",
        "/search?text=cat, read",
        "/versions, read",
        "/v3/api-docs, read",
        "/swagger-ui/index.html, read",
        "/actuator, read",
        "/actuator/info, read",
        "/actuator/prometheus, read",
        "/admin/verify, admin"
    })
    void whatIsReadNeedsItsScope(String path, String scope) {
        assertThat(client.get(path).status()).isEqualTo(401);
        assertThat(client.get(path, "X-API-Key", "wrong").status()).isEqualTo(401);
        assertThat(client.get(path, with("upload")).status()).isEqualTo(403);
        assertThat(client.get(path, with("read")).status()).isEqualTo(scope.equals("read") ? 200 : 403);
        assertThat(client.get(path, with("all")).status()).isEqualTo(200);
    }

    @Test
    void pictureOfOthersNeedsTheScopeAsWell() {
        assertThat(client.get(NOBODY).status()).isEqualTo(401);
        assertThat(client.get(NOBODY + "/thumbnail", with("upload")).status()).isEqualTo(403);
        assertThat(client.get(NOBODY, with("read")).status()).isEqualTo(404);
    }

    @Test
    void searchByPicturesIsARead() {
        List<Part> parts = List.of(Part.file("a.png", TestPictures.png(1)));

        assertThat(client.multipart("/search", parts).status()).isEqualTo(401);
        assertThat(client.multipart("/search", parts, with("upload")).status()).isEqualTo(403);
        assertThat(client.multipart("/search", parts, with("read")).status()).isEqualTo(200);
    }

    @Test
    void agentNeedsTheScopeToReadAndIsOfferedUploadsWithTheirScopeAlone(CapturedOutput log) {
        byte[] ping = "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}".getBytes(StandardCharsets.UTF_8);
        Map<String, Object> picture =
                Map.of("data", Base64.getEncoder().encodeToString(TestPictures.png(700)), "caption", "by an agent");

        for (String caller : List.of("none", "upload")) {
            assertThat(client.send("POST", "/mcp", ping, with(caller)).status())
                    .isEqualTo(caller.equals("none") ? 401 : 403);
        }
        try (Agent reader = new Agent(port, Map.of("X-API-Key", key("read")));
                Agent uploader = new Agent(port, Map.of("Authorization", "Bearer " + key("all")))) {
            assertThat(reader.tools()).extracting(Tool::name).doesNotContain("upload_picture");
            assertThat(uploader.tools()).extracting(Tool::name).contains("upload_picture");
            Outcome refused = reader.call("upload_picture", picture);
            Outcome stored = uploader.call("upload_picture", picture);

            assertThat(refused.failed()).isTrue();
            assertThat(refused.text()).contains("scope upload");
            assertThat(log).contains("read] audit: refused problem=forbidden tool=upload_picture");
            assertThat(stored.json().get("stored").booleanValue()).isTrue();
            assertThat(log).contains("all] audit: stored " + TestPictures.id(700));
            assertThat(reader.call("search_pictures", Map.of("text", "anything"))
                            .failed())
                    .isFalse();
            assertThat(reader.call("get_statistics", Map.of()).text()).doesNotContain(data.toString());
        }
    }

    @Test
    void agentThatMayNotUploadHasNoRoomForAPicture() {
        byte[] large = ("{\"params\": {\"arguments\": {\"data\": \"" + "A".repeat(80_000) + "\"}}}")
                .getBytes(StandardCharsets.UTF_8);

        assertThat(client.send("POST", "/mcp", large, "X-API-Key", key("read"), "Content-Type", "application/json")
                        .status())
                .isEqualTo(413);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/upload", "/vectorize_and_store"})
    void uploadNeedsItsScope(String path) {
        List<Part> parts = List.of(Part.file("a.png", TestPictures.png(path.length())));

        assertThat(client.multipart(path, parts).status()).isEqualTo(401);
        assertThat(client.multipart(path, parts, with("read")).status()).isEqualTo(403);
        assertThat(client.multipart(path, parts, with("upload")).status()).isEqualTo(201);
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "read", "upload"})
    void changesNeedAnAdministratorsKey(String caller) {
        int refused = caller.equals("none") ? 401 : 403;

        assertThat(client.delete(NOBODY, with(caller)).status()).isEqualTo(refused);
        assertThat(client.post(NOBODY + "/restore", with(caller)).status()).isEqualTo(refused);
        assertThat(client.patch(NOBODY, "application/json", "{}", with(caller)).status())
                .isEqualTo(refused);
        assertThat(client.post("/admin/index", with(caller)).status()).isEqualTo(refused);
        assertThat(client.post("/admin/verify", with(caller)).status()).isEqualTo(refused);
        assertThat(client.post("/admin/recover", with(caller)).status()).isEqualTo(refused);
        assertThat(client.post("/no/such/call", with(caller)).status()).isEqualTo(refused);
    }

    @Test
    void administratorsKeyOpensThem() {
        assertThat(client.delete(NOBODY, with("all")).status()).isEqualTo(404);
        assertThat(client.post("/admin/recover", with("all")).status()).isEqualTo(202);
    }

    @Test
    void healthNeedsNoKeyAndIsCountedForNobody() {
        Answer health = client.get("/actuator/health");

        assertThat(health.status()).isEqualTo(200);
        assertThat(health.header("RateLimit-Limit")).isEmpty();
        assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
        assertThat(client.post("/actuator/health").status()).isEqualTo(401);
    }

    @Test
    void whatAProblemMeansIsToldWithoutAKey() {
        Answer refused = client.get("/stats");

        assertThat(client.get(refused.json().get("type").stringValue())
                        .json()
                        .get("whatToDo")
                        .stringValue())
                .contains("X-API-Key");
        assertThat(client.get("/problems").status()).isEqualTo(200);
        assertThat(client.post("/problems/unauthorized").status()).isEqualTo(401);
    }

    @Test
    void refusalOfAMisspeltPathNamesTheOneThatIsMeant() {
        List<Part> parts = List.of(Part.file("a.png", TestPictures.png(82)));

        Answer answer = client.multipart("/upload/", parts, with("upload"));

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.json().get("detail").stringValue()).endsWith("did you mean /upload?");
    }

    @Test
    void methodsOfAPathAreToldToWhoMayReadIt() {
        assertThat(client.send("OPTIONS", "/search", new byte[0]).status()).isEqualTo(401);
        assertThat(client.send("OPTIONS", "/search", new byte[0], with("read")).status())
                .isEqualTo(200);
        assertThat(client.send("OPTIONS", "/admin/verify", new byte[0], with("read"))
                        .status())
                .isEqualTo(403);
    }

    @Test
    void detailsOfTheHealthAndThePlaceOfTheFolderAreForAdministrators() {
        for (String caller : List.of("none", "read", "upload")) {
            assertThat(client.get("/actuator/health", with(caller)).text())
                    .isEqualTo("{\"groups\":[\"liveness\",\"readiness\"],\"status\":\"UP\"}");
        }
        assertThat(client.get("/actuator/health", with("all"))
                        .json()
                        .at("/components/bucket/status")
                        .stringValue())
                .isEqualTo("UP");
        assertThat(client.get("/stats", with("read")).json().get("tablePath").stringValue())
                .isEqualTo("vectors/images.lance");
        assertThat(client.get("/stats", with("all")).json().get("tablePath").stringValue())
                .startsWith(data.toString());
    }

    @Test
    void refusalSaysWhatIsMissingAndHowToSendIt() {
        Answer none = client.get("/stats");
        Answer wrong = client.get("/stats", "Authorization", "Bearer wrong");
        Answer little = client.post("/admin/index", with("read"));

        assertThat(none.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(none.json().get("type").stringValue()).isEqualTo("/problems/unauthorized");
        assertThat(none.json().get("detail").stringValue()).contains("read", "X-API-Key", "Bearer");
        assertThat(none.header("WWW-Authenticate")).isNotEmpty();
        assertThat(none.header("X-Request-Id")).isNotEmpty();
        assertThat(wrong.json().get("detail").stringValue()).isEqualTo("there is no such key");
        assertThat(little.json().get("type").stringValue()).isEqualTo("/problems/forbidden");
        assertThat(little.json().get("detail").stringValue()).contains("admin");
    }

    // Tricks

    private String raw(String requestLine, String... headers) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            String request = requestLine + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + String.join("\r\n", headers) + (headers.length == 0 ? "\r\n" : "\r\n\r\n");
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void noSpellingOfAPathOpensWhatItsScopeCloses() throws IOException {
        List<String> spellings = List.of(
                "/admin/verify",
                "//admin/verify",
                "/./admin/verify",
                "/stats/../admin/verify",
                "/stats/..;/admin/verify",
                "/admin;a=b/verify",
                "/;/admin/verify",
                "/%61dmin/verify",
                "/%61%64%6d%69%6e/%76erify",
                "/%2e%2e/admin/verify",
                "/admin%2fverify",
                "/admin%252fverify",
                "/admin\\verify",
                "\\admin\\verify",
                "/admin/verify/",
                "/admin/verify.json",
                "/ADMIN/verify",
                "/admin/verify%00",
                "/actuator/health/../../admin/verify",
                "/actuator/health/..;/..;/admin/verify",
                "/actuator/health/%2e%2e/%2e%2e/admin/verify",
                "/actuator/health;/../../admin/verify",
                "/problems/../admin/verify",
                "/problems/..;/admin/verify",
                "/problems/%2e%2e/admin/verify",
                "/problems;/../admin/verify",
                "http://localhost/admin/verify",
                "*");
        List<String> opened = new ArrayList<>();

        for (String spelling : spellings) {
            for (String caller : List.of("none", "read")) {
                String answer = raw("GET " + spelling, caller.equals("none") ? "X: 1" : "X-API-Key: " + key(caller));
                int status = Integer.parseInt(answer.substring(9, 12));
                if (status < 400 || status >= 500) {
                    opened.add(caller + " " + spelling + ": " + status);
                }
            }
        }

        assertThat(opened).isEmpty();
    }

    @Test
    void noHeaderMakesAnotherRequestOfOne() throws IOException {
        List<String> opened = new ArrayList<>();
        for (String header : List.of(
                "X-HTTP-Method-Override: DELETE",
                "X-Original-URL: /stats",
                "X-Rewrite-URL: /stats",
                "X-Forwarded-Prefix: /stats",
                "X-Forwarded-For: 127.0.0.1",
                "Forwarded: for=127.0.0.1;host=localhost",
                "X-Real-IP: 127.0.0.1",
                "X-API-Key: ",
                "Authorization: Basic",
                "Cookie: X-API-Key=" + key("all"))) {
            String answer = raw("GET /admin/verify", header);
            if (!answer.startsWith("HTTP/1.1 401")) {
                opened.add(header + ": " + answer.substring(0, 12));
            }
        }

        assertThat(opened).isEmpty();
        assertThat(raw("get /stats", "X-API-Key: " + key("read"))).startsWith("HTTP/1.1 4");
        assertThat(raw("POST /admin/index?_method=GET", "X-API-Key: " + key("read"), "Content-Length: 0"))
                .startsWith("HTTP/1.1 403");
    }

    // Strangers

    @ParameterizedTest
    @CsvSource({
        "POST /upload, Content-Length: 150000000, 401",
        "POST /upload, Transfer-Encoding: chunked, 401",
        "GET /stats, Content-Length: 150000000, 401",
        "GET /actuator/health, Content-Length: 150000000, 400"
    })
    void strangersHoldNoThreadByBodiesThatNobodyReads(String call, String header, int status) throws IOException {
        String request = call + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n\r\n";

        try (Strangers strangers = Strangers.connect(port, 300, 60, request)) {
            await().untilAsserted(() -> assertThat(strangers.answers())
                    .allSatisfy(answer -> assertThat(answer).startsWith("HTTP/1.1 " + status)));
            strangers.send("1");

            assertThat(client.get("/actuator/health").status()).isEqualTo(200);
            assertThat(client.get("/stats", with("read")).status()).isEqualTo(200);
            await().untilAsserted(() -> assertThat(busyThreads()).isLessThan(5));
            await().until(() -> strangers.ended() == 300);
        }
    }

    private int busyThreads() {
        TomcatWebServer tomcat = (TomcatWebServer) Objects.requireNonNull(server.getWebServer());
        Executor threads =
                tomcat.getTomcat().getConnector().getProtocolHandler().getExecutor();
        return ((ThreadPoolExecutor) threads).getActiveCount();
    }

    @Test
    void uploadThatIsTooLargeAndRefusedReadsWhy() {
        byte[] large = new byte[12 << 20];

        assertThat(client.multipart("/upload", List.of(Part.file("a.png", large)))
                        .status())
                .isEqualTo(401);
        assertThat(client.multipart("/upload", List.of(Part.file("a.png", new byte[30 << 20])), with("upload"))
                        .status())
                .isEqualTo(413);
    }

    @Test
    void everyAnswerToAStrangerIsOneOfOurs() throws IOException {
        assertThat(new OddRequests(port).ask(mapping)).isEmpty();
    }

    // Caches and proxies

    @Test
    void picturesAreForNobodyElsesCache() {
        String id = client.multipart("/upload", List.of(Part.file("c.png", TestPictures.png(79))), with("all"))
                .json()
                .get("id")
                .stringValue();

        for (String path : List.of("/" + id, "/" + id + "/thumbnail")) {
            Answer answer = client.get(path, with("read"));
            assertThat(answer.headers("Cache-Control")).containsExactly("private, no-cache");
            assertThat(answer.header("Vary")).contains("X-API-Key", "Authorization");
            String tag = answer.header("ETag");
            assertThat(client.get(path, "If-None-Match", tag, "X-API-Key", key("read"))
                            .status())
                    .isEqualTo(304);
            assertThat(client.get(path, "If-None-Match", tag).status()).isEqualTo(401);
        }
        for (String path : List.of("/search?text=cat", "/images", "/" + id + "/metadata")) {
            assertThat(client.get(path, with("read")).header("Cache-Control"))
                    .as(path)
                    .isEqualTo("no-store");
        }
        assertThat(client.get("/app.js", with("read")).header("Cache-Control")).isEqualTo("no-cache");
    }

    @Test
    void cacheOfNginxShowsNoPictureToWhoHasNoKey(@TempDir Path nginxFolder) throws IOException {
        Path cache = nginxFolder.resolve("cache");
        try (Nginx nginx = Nginx.withDefaults(
                nginxFolder, port, "proxy_cache_path " + cache + " keys_zone=c:1m;", "proxy_cache c;")) {
            String path = "/"
                    + client.multipart("/upload", List.of(Part.file("e.png", TestPictures.png(81))), with("all"))
                            .json()
                            .get("id")
                            .stringValue();
            for (String each : List.of(path, path + "/thumbnail", "/search?text=cat", "/app.js", "/stats")) {
                assertThat(nginx.stranger().get(each, with("read")).status()).isEqualTo(200);
                assertThat(nginx.stranger().get(each).status()).isEqualTo(401);
            }
            assertThat(cache).isEmptyDirectory();
        }
    }

    @Test
    void nginxAsDocumentedPassesOnWhatClientsSendAndNamesThem(@TempDir Path nginxFolder, CapturedOutput output)
            throws IOException {
        try (Nginx nginx = Nginx.asDocumented(nginxFolder, port)) {
            Client stranger = nginx.stranger();
            // More than nginx keeps in memory, and than it takes by default.
            byte[] picture = Arrays.copyOf(TestPictures.png(80), 3 << 20);
            Answer upload = stranger.multipart(
                    "/upload",
                    List.of(Part.file("d.png", picture)),
                    "X-API-Key",
                    key("all"),
                    "Origin",
                    "http://127.0.0.1:" + nginx.port());
            assertThat(upload.status()).as(upload.toString()).isEqualTo(201);
            String path = "/" + upload.json().get("id").stringValue();

            assertThat(stranger.get(path, with("read")).bytes()).isEqualTo(picture);
            assertThat(stranger.get(path, "X-API-Key", key("read"), "Range", "bytes=10-19")
                            .bytes())
                    .isEqualTo(Arrays.copyOfRange(picture, 10, 20));
            // What a client says of its own address counts for nothing.
            stranger.get("/admin/verify", "X-Forwarded-For", "192.0.2.77", "Forwarded", "for=192.0.2.77");
            assertThat(output).contains("127.0.0.1] audit: refused status=401").doesNotContain("192.0.2.77");
            assertThat(stranger.delete(path, with("all")).status()).isEqualTo(204);
            assertThat(stranger.get(path, with("read")).status()).isEqualTo(404);
        }
    }

    // Rates

    @Test
    void clientThatAsksTooMuchHasToWait() {
        Answer first = client.get("/stats", with("few"));
        client.get("/stats", with("few"));
        client.get("/stats", with("few"));
        Answer fourth = client.get("/stats", with("few"));

        assertThat(first.status()).isEqualTo(200);
        assertThat(first.header("RateLimit-Limit")).isEqualTo("3");
        assertThat(first.header("RateLimit-Remaining")).isEqualTo("2");
        assertThat(Integer.parseInt(first.header("RateLimit-Reset"))).isBetween(1, 60);
        assertThat(fourth.status()).isEqualTo(429);
        assertThat(Integer.parseInt(fourth.header("Retry-After"))).isBetween(1, 20);
        assertThat(fourth.json().get("type").stringValue()).isEqualTo("/problems/rate-limited");
        // Nobody else has to.
        assertThat(client.get("/stats", with("read")).status()).isEqualTo(200);
    }

    // Other sites

    @Test
    void pagesOfOtherSitesAreRefusedUnlessTheyAreNamed() {
        String[] foreign = {"X-API-Key", key("read"), "Origin", "https://evil.example"};
        String[] friend = {"X-API-Key", key("read"), "Origin", "https://friend.example"};
        String[] own = {"X-API-Key", key("read"), "Origin", "http://127.0.0.1:" + port};
        String[] ownBehindTls = {"X-API-Key", key("read"), "Origin", "https://127.0.0.1:" + port};

        assertThat(client.get("/stats", foreign).status()).isEqualTo(403);
        assertThat(client.get("/stats", foreign).json().get("type").stringValue())
                .isEqualTo("/problems/foreign-origin");
        assertThat(client.get("/stats", "X-API-Key", key("read"), "Origin", "null")
                        .status())
                .isEqualTo(403);
        assertThat(client.get("/stats", friend).status()).isEqualTo(200);
        assertThat(client.get("/stats", friend).header("Access-Control-Allow-Origin"))
                .isEqualTo("https://friend.example");
        assertThat(client.get("/stats", friend).header("Access-Control-Expose-Headers"))
                .contains(
                        "Location",
                        "ETag",
                        "Content-Range",
                        "Content-Disposition",
                        "Age",
                        "Allow",
                        "Retry-After",
                        "RateLimit-Remaining",
                        "X-Request-Id",
                        "Warning",
                        "X-Glimpse-Cost");
        assertThat(client.get("/stats", own).status()).isEqualTo(200);
        assertThat(client.get("/stats", ownBehindTls).status()).isEqualTo(200);
    }

    @Test
    void namedSiteMayAskBeforehandWithoutAKey() throws IOException {
        String preflight = raw(
                "OPTIONS /upload",
                "Origin: https://friend.example",
                "Access-Control-Request-Method: POST",
                "Access-Control-Request-Headers: x-api-key");

        assertThat(preflight)
                .startsWith("HTTP/1.1 200")
                .contains("Access-Control-Allow-Headers: x-api-key")
                .doesNotContain("Allow-Credentials");
        assertThat(raw("OPTIONS /images/a", "Origin: https://friend.example", "Access-Control-Request-Method: PATCH"))
                .startsWith("HTTP/1.1 200")
                .contains("Access-Control-Allow-Methods: GET,HEAD,POST,PATCH,DELETE");
        assertThat(raw("OPTIONS /upload", "Origin: https://evil.example", "Access-Control-Request-Method: POST"))
                .startsWith("HTTP/1.1 403");
    }

    // The log

    @Test
    void changesAreLoggedWithWhoMadeThemAndKeysNever(CapturedOutput output) {
        String id = client.multipart("/upload", List.of(Part.file("b.png", TestPictures.png(77))), with("all"))
                .json()
                .get("id")
                .stringValue();
        client.delete("/" + id, with("all"));
        client.post("/" + id + "/restore", with("all"));
        client.patch("/" + id, "application/json", "{\"caption\": \"c\", \"tags\": []}", with("all"));
        client.delete("/" + id, with("read"));
        client.get("/stats", "Authorization", "Bearer wrong-secret");

        assertThat(output)
                .contains("key:all] audit: stored " + id)
                .contains("key:all] audit: deleted " + id)
                .contains("key:all] audit: restored " + id)
                .contains("key:all] audit: edited " + id + " [caption, tags]")
                .contains("key:read] audit: refused status=403 problem=forbidden method=DELETE path=/" + id)
                .contains("127.0.0.1] audit: refused status=401")
                .doesNotContain(key("all"), key("read"), "wrong-secret");
        assertThat(client.get("/stats", with("read")).text()).doesNotContain(key("read"), "sha256");
    }

    // The page

    @Test
    void browserThatIsGivenTheKeyShowsThePageAndItsPictures() {
        client.multipart("/upload", List.of(Part.file("seen.png", TestPictures.png(78))), with("all"));
        try (Browser browser = Browser.open()) {
            // What the browser asks people for: the name may be any.
            Page page = browser.chromium()
                    .newContext(new NewContextOptions().setHttpCredentials("me", key("read")))
                    .newPage();
            page.navigate("http://127.0.0.1:" + port + "/?q=seen");

            page.waitForCondition(() ->
                    Boolean.TRUE.equals(page.evaluate("(document.querySelector('.tile img')?.naturalWidth ?? 0) > 0")));
            assertThat(page.locator(".tile img").first().getAttribute("alt")).isNotEmpty();
            assertThat(page.locator("#add").isDisabled()).isTrue();
        }
    }
}

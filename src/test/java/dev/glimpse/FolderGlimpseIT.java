package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.request.Parameter;
import dev.glimpse.request.TakesParameters;
import dev.glimpse.testing.Agent;
import dev.glimpse.testing.Agent.Outcome;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.Description;
import dev.glimpse.testing.Nginx;
import dev.glimpse.testing.Strangers;
import dev.glimpse.web.OddRequests;
import io.modelcontextprotocol.spec.McpSchema.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.MethodParameter;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ValueConstants;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;

class FolderGlimpseIT extends GlimpseContract {
    @TempDir
    static Path data;

    @Autowired
    @Qualifier("requestMappingHandlerMapping") RequestMappingHandlerMapping mapping;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @Override
    String pathOf(String id) {
        return id;
    }

    @Test
    void urlIsRefusedUnlessTheOperatorAllowsThem() {
        long before = rows();

        Answer alone = client.post("/upload?url=http://127.0.0.1/a.png");
        Answer besideAFile = client.multipart(
                "/upload", List.of(Part.file("a.png", newPicture()), Part.field("url", "http://127.0.0.1/a.png")));

        assertThat(alone.status()).isEqualTo(403);
        assertThat(alone.json().get("type").stringValue()).isEqualTo("/problems/url-upload-off");
        assertThat(alone.json().get("detail").stringValue()).contains("glimpse.upload.urls", "GLIMPSE_UPLOAD_URLS");
        assertThat(besideAFile.status()).isEqualTo(403);
        assertThat(rows()).isEqualTo(before);
    }

    @Test
    void connectionTakesOneUploadInChunksAfterTheOther() throws IOException {
        try (Socket connection = new Socket(InetAddress.getLoopbackAddress(), port)) {
            connection.setSoTimeout(60_000);
            for (int i = 0; i < 3; i++) {
                ByteArrayOutputStream form = new ByteArrayOutputStream();
                form.writeBytes("--x\r\nContent-Disposition: form-data; name=file; filename=a.png\r\n\r\n"
                        .getBytes(StandardCharsets.US_ASCII));
                form.writeBytes(newPicture());
                form.writeBytes("\r\n--x--\r\n".getBytes(StandardCharsets.US_ASCII));
                ByteArrayOutputStream request = new ByteArrayOutputStream();
                request.writeBytes(
                        ("POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                                        + "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(form.size())
                                        + "\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                request.writeBytes(form.toByteArray());
                request.writeBytes("\r\n0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                connection.getOutputStream().write(request.toByteArray());

                StringBuilder answer = new StringBuilder();
                while (answer.indexOf("\r\n0\r\n\r\n") < 0) {
                    int read = connection.getInputStream().read();
                    assertThat(read).as("end after %s", answer).isNotNegative();
                    answer.append((char) read);
                }
                assertThat(answer.toString()).startsWith("HTTP/1.1 201");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Java", "TypeScript"})
    void generatedClientUploadsSearchesListsAndDeletes(String language, @TempDir Path folder) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("http://127.0.0.1:" + port));
        for (int i = 0; i < 3; i++) {
            arguments.add(Files.write(folder.resolve(i + ".png"), newPicture()).toString());
        }
        arguments.add(
                Files.writeString(folder.resolve("notes.txt"), "no picture").toString());
        GeneratedClients clients = new GeneratedClients(folder);

        String said = language.equals("Java") ? clients.java(arguments) : clients.typeScript(arguments);

        assertThat(said).contains("all is well");
    }

    @Test
    void everyAnswerIsOneOfOurs() throws IOException {
        assertThat(new OddRequests(port).ask(mapping)).isEmpty();
    }

    @Test
    void descriptionIsServedAsItIsWritten() throws IOException {
        assertThat(client.get("/v3/api-docs.yaml").bytes()).isEqualTo(Files.readAllBytes(Path.of("docs/openapi.yaml")));
        assertThat(client.get("/v3/api-docs").json())
                .isEqualTo(Description.read().document());
        assertThat(Description.read().document().at("/info/version").stringValue())
                .isEqualTo(client.get("/stats").json().get("serverVersion").stringValue());
    }

    @Test
    void everyCallIsDescribedAndEveryCallThatIsDescribedIsThere() {
        Set<String> served = new TreeSet<>();
        mapping.getHandlerMethods().keySet().stream()
                .filter(info -> !info.getPatternValues().contains("/error"))
                .forEach(info -> info.getMethodsCondition()
                        .getMethods()
                        .forEach(method -> info.getPatternValues().forEach(path -> served.add(method + " " + path))));

        Set<String> described = new TreeSet<>(Description.read().operations().keySet());
        // Pages, and what Spring's monitoring serves.
        described.removeIf(call -> call.matches("GET (/|/swagger-ui|/actuator.*)"));

        assertThat(described).isEqualTo(served);
    }

    @Test
    void parametersAreDescribedWithTheirDefaults() {
        Description description = Description.read();
        mapping.getHandlerMethods().forEach((info, method) -> {
            TakesParameters takes = method.getMethodAnnotation(TakesParameters.class);
            if (takes != null) {
                String call = info.getMethodsCondition().getMethods().iterator().next() + " "
                        + info.getPatternValues().iterator().next();
                for (Parameter parameter : takes.value().getEnumConstants()) {
                    // Without files there is nothing to weigh, so this is refused whatever it says.
                    boolean isRefused =
                            call.startsWith("GET") && parameter.parameterName().equals("fileWeight");
                    if (!isRefused) {
                        described(description, call, parameter.parameterName());
                    }
                }
            }
            for (MethodParameter parameter : method.getMethodParameters()) {
                RequestParam asked = parameter.getParameterAnnotation(RequestParam.class);
                if (asked == null || info.getPatternValues().contains("/error")) {
                    continue;
                }
                parameter.initParameterNameDiscovery(new DefaultParameterNameDiscoverer());
                String name = asked.name().isEmpty() ? parameter.getParameterName() : asked.name();
                String call = info.getMethodsCondition().getMethods().iterator().next() + " "
                        + info.getPatternValues().iterator().next();
                JsonNode described = described(description, call, name);
                boolean hasDefault = !asked.defaultValue().equals(ValueConstants.DEFAULT_NONE)
                        && !asked.defaultValue().isEmpty();
                assertThat(described.path("default").asString(""))
                        .as(call + " " + name)
                        .isEqualTo(hasDefault ? asked.defaultValue() : "");
            }
        });
    }

    /** The schema of a parameter of the query or of a field of the form. */
    private static JsonNode described(Description description, String call, @Nullable String name) {
        JsonNode operation = Objects.requireNonNull(description.operations().get(call), call);
        JsonNode form = description
                .resolve(operation.at("/requestBody/content/multipart~1form-data/schema"))
                .path("properties")
                .path(String.valueOf(name));
        if (operation.has("requestBody") && !form.isMissingNode()) {
            return form;
        }
        return operation
                .path("parameters")
                .valueStream()
                .filter(each -> each.path("name").asString("").equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(call + " does not describe " + name))
                .get("schema");
    }

    @ParameterizedTest
    @CsvSource({"bash, bash -euo pipefail, example.sh", "javascript, node, example.mjs", "java, java, Example.java"})
    void examplesOfTheDocumentsRun(String language, String program, String file, @TempDir Path folder)
            throws Exception {
        Matcher block = Pattern.compile("(?s)```" + language + "\n(.*?)```")
                .matcher(Files.readString(Path.of("docs/clients.md")));
        assertThat(block.find()).isTrue();
        Path script = Files.writeString(folder.resolve(file), block.group(1));
        Files.write(folder.resolve("cat.png"), newPicture());
        Files.write(folder.resolve("dog.png"), newPicture());
        List<String> command = new ArrayList<>(List.of(program.split(" ")));
        command.add(script.toString());
        Path log = folder.resolve("log");
        ProcessBuilder example = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        example.environment().put("GLIMPSE", "http://127.0.0.1:" + port);

        int status = example.start().waitFor();

        assertThat(status).as(Files.readString(log)).isZero();
    }

    @Test
    void noParameterIsIgnoredOrTellsWhatTheServerIsMadeOf() throws IOException {
        assertThat(new OddRequests(port).askWithParameters(mapping)).isEmpty();
    }

    @Test
    void uploadsThatDripLeaveThreadsToOthersAndThoseBeyondAreRefused() throws IOException {
        String drip = String.join(
                "\r\n",
                "POST /upload HTTP/1.1",
                "Host: localhost",
                "Content-Type: multipart/form-data; boundary=b",
                "Content-Length: 50000000",
                "",
                "--b",
                "");

        try (Strangers strangers = Strangers.connect(port, 300, 60, drip)) {
            await().until(() -> strangers.answers().stream()
                            .filter(answer -> answer.startsWith("HTTP/1.1 503"))
                            .count()
                    == 200);

            assertThat(client.get("/actuator/health").status()).isEqualTo(200);
            assertThat(client.search("cat", 1).status()).isEqualTo(200);
            assertThat(client.upload("a.png", newPicture()).json().get("type").stringValue())
                    .isEqualTo("/problems/busy");
        }
        await().until(() -> client.upload("a.png", newPicture()).status() == 201);
    }

    @Test
    void http2IsNotSpoken() throws IOException {
        String upgrade = String.join(
                "\r\n",
                "GET /actuator/health HTTP/1.1",
                "Host: localhost",
                "Connection: Upgrade, HTTP2-Settings",
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
                "",
                "");

        try (Strangers asked = Strangers.connect(port, 1, 1, upgrade);
                Strangers known = Strangers.connect(port, 1, 1, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
            await().until(() -> asked.answers().get(0).startsWith("HTTP/1.1 200"));
            await().until(() -> known.ended() == 1);

            assertThat(known.answers().get(0))
                    .startsWith("HTTP/1.1 505")
                    .contains("X-Request-Id: ", "/problems/http-version", "--http1.1");
        }
    }

    @Test
    void oldestHttpIsRefusedAsItNamesNoHost() throws IOException {
        try (Strangers one = Strangers.connect(port, 1, 1, "GET /stats\r\n")) {
            await().until(() -> one.ended() == 1);

            assertThat(one.answers().get(0)).doesNotContain("rowCount");
        }
    }

    @Test
    void hostileRequestsAreRefusedAndTheServerStaysWell() throws IOException {
        long seed = 2026;
        System.out.println("seed " + seed);
        HostileRequests hostile = new HostileRequests(port, new Random(seed));

        for (int i = 0; i < 400; i++) {
            assertThat(hostile.next())
                    .as("request %d of seed %d: %s", i, seed, new String(hostile.last(), StandardCharsets.ISO_8859_1))
                    .isEmpty();
        }

        assertThat(client.upload("good.png", newPicture()).status()).isEqualTo(201);
        assertThat(client.get("/actuator/health/readiness").status()).isEqualTo(200);
    }

    /** What nginx 1.22 sends with {@code proxy_pass} alone: nothing but the HTTP/1.0 tells that it is not of this machine. */
    @Test
    void requestAsNginxSendsItByDefaultAdministersNothing() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            String request = "DELETE /images/" + "0".repeat(64) + ".png HTTP/1.0\r\nHost: 127.0.0.1:" + port
                    + "\r\nConnection: close\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));

            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);

            assertThat(answer).startsWith("HTTP/1.1 401").contains("not through a proxy");
        }
    }

    @Test
    void strangerBehindNginxWithItsDefaultsReadsAndUploadsAndNoMore(@TempDir Path nginxFolder) throws IOException {
        try (Nginx nginx = Nginx.withDefaults(nginxFolder, port, "", "")) {
            Client stranger = nginx.stranger();

            String id = stranger.upload("a.png", newPicture()).json().get("id").stringValue();

            assertThat(stranger.get("/" + id).status()).isEqualTo(200);
            assertThat(stranger.delete("/" + id).status()).isEqualTo(401);
            assertThat(stranger.post("/" + id + "/restore").status()).isEqualTo(401);
            assertThat(stranger.post("/admin/index").status()).isEqualTo(401);
            assertThat(stranger.get("/admin/verify").status()).isEqualTo(401);
            assertThat(stranger.get("/actuator/prometheus").status()).isEqualTo(401);
            assertThat(stranger.get("/actuator/health").json().propertyNames())
                    .containsExactlyInAnyOrder("groups", "status");
            assertThat(stranger.get("/stats").text()).doesNotContain(data.toString());
            assertThat(client.get("/stats").text()).contains(data.toString());
            assertThat(client.delete("/" + id).status()).isEqualTo(204);
        }
    }

    @Test
    void strangerBehindAProxyThatSendsWhatAProgramHereSendsAdministersNothing(@TempDir Path nginxFolder)
            throws IOException {
        String id = client.upload("a.png", newPicture()).json().get("id").stringValue();
        try (Nginx nginx = Nginx.ofAnotherUser(nginxFolder, port)) {
            Client stranger = nginx.stranger();

            assertThat(stranger.get("/" + id).status()).isEqualTo(200);
            assertThat(stranger.delete("/" + id).status()).isEqualTo(401);
            assertThat(stranger.get("/stats").text()).doesNotContain(data.toString());
            assertThat(client.delete("/" + id).status()).isEqualTo(204);
        }
    }

    @Test
    void cacheAsksAgainAfterItsTimeAndForgetsWhatWasDeleted(@TempDir Path nginxFolder) throws IOException {
        String cache = "proxy_cache_path " + nginxFolder.resolve("cache") + " keys_zone=c:1m;";
        // As if a cache had to ask after a second, and not each time.
        String impatient = "proxy_cache c; proxy_cache_revalidate on; proxy_ignore_headers Cache-Control;"
                + " proxy_cache_valid 200 1s; add_header X-Cache $upstream_cache_status;";
        try (Nginx nginx = Nginx.withDefaults(nginxFolder, port, cache, impatient)) {
            Client stranger = nginx.stranger();
            byte[] picture = newPicture();
            String id = client.upload("a.png", picture).json().get("id").stringValue();

            Answer first = stranger.get("/" + id);
            await().until(() -> stranger.get("/" + id).header("X-Cache").equals("REVALIDATED"));
            Answer part = stranger.get("/" + id, "Range", "bytes=10-19");
            client.delete("/" + id);

            assertThat(first.header("Cache-Control")).isEqualTo("public, no-cache");
            assertThat(part.status()).isEqualTo(206);
            assertThat(part.bytes()).isEqualTo(Arrays.copyOfRange(picture, 10, 20));
            await().until(() -> stranger.get("/" + id).status() == 404);
        }
    }

    @Test
    void cacheKeepsTheFormatsOfAThumbnailApart(@TempDir Path nginxFolder) throws IOException {
        String cache = "proxy_cache_path " + nginxFolder.resolve("cache") + " keys_zone=c:1m;";
        // As if a cache need not ask.
        String trusting = "proxy_cache c; proxy_ignore_headers Cache-Control; proxy_cache_valid 200 1h;"
                + " add_header X-Cache $upstream_cache_status;";
        try (Nginx nginx = Nginx.withDefaults(nginxFolder, port, cache, trusting)) {
            Client stranger = nginx.stranger();
            String id = client.upload("a.png", newPicture()).json().get("id").stringValue();
            String thumbnail = "/" + id + "/thumbnail";

            await().until(() -> stranger.get(thumbnail, "Accept", "image/webp")
                    .header("X-Cache")
                    .equals("HIT"));

            assertThat(stranger.get(thumbnail, "Accept", "image/webp").header("Content-Type"))
                    .isEqualTo("image/webp");
            assertThat(stranger.get(thumbnail, "Accept", "image/jpeg").header("Content-Type"))
                    .isEqualTo("image/jpeg");
            assertThat(stranger.get(thumbnail, "Accept", "text/html").status()).isEqualTo(406);
            assertThat(client.get(thumbnail).headers("Vary")).hasSize(1);
        }
    }

    // Agents

    private Answer message(String json, String... headers) {
        List<String> all = new ArrayList<>(List.of("Content-Type", "application/json"));
        all.addAll(List.of(headers));
        return client.send("POST", "/mcp", json.getBytes(StandardCharsets.UTF_8), all.toArray(String[]::new));
    }

    @Test
    void agentIsToldWhatItMayDoAndNothingElse() {
        try (Agent agent = new Agent(port, Map.of())) {
            assertThat(agent.server().serverInfo().name()).isEqualTo("glimpse");
            assertThat(agent.server().serverInfo().version()).isNotBlank();
            assertThat(agent.server().capabilities().tools()).isNotNull();
            assertThat(agent.server().capabilities().resources()).isNull();
            assertThat(agent.server().capabilities().prompts()).isNull();
            assertThat(agent.server().capabilities().logging()).isNull();
            assertThat(agent.server().capabilities().completions()).isNull();
            assertThat(agent.tools())
                    .extracting(Tool::name)
                    .containsExactly(
                            "search_pictures",
                            "look_at_picture",
                            "list_pictures",
                            "find_duplicates",
                            "get_statistics",
                            "upload_picture");
            assertThat(agent.tools()).allSatisfy(tool -> {
                assertThat(tool.description()).isNotBlank();
                assertThat(tool.annotations().readOnlyHint())
                        .isEqualTo(!tool.name().equals("upload_picture"));
                assertThat(tool.annotations().destructiveHint()).isFalse();
                assertThat(tool.annotations().idempotentHint()).isTrue();
                assertThat(tool.annotations().openWorldHint()).isFalse();
            });
        }
    }

    @Test
    void agentSeesWhyAToolFails() {
        try (Agent agent = new Agent(port, Map.of())) {
            Outcome tooMany = agent.call("search_pictures", Map.of("text", "a cat", "limit", 51));
            Outcome unknown = agent.call("search_pictures", Map.of("text", "a cat", "color", "red"));
            Outcome missing = agent.call("search_pictures", Map.of());
            Outcome blank = agent.call("search_pictures", Map.of("text", " "));
            Outcome unknownId = agent.call("look_at_picture", Map.of("id", "images/" + "0".repeat(64) + ".png"));
            Outcome noId = agent.call("look_at_picture", Map.of("id", "cat.png"));
            Outcome noSize =
                    agent.call("look_at_picture", Map.of("id", "images/" + "0".repeat(64) + ".png", "size", 300));
            Outcome noCursor = agent.call("list_pictures", Map.of("cursor", "nothing"));
            Outcome noKind = agent.call("find_duplicates", Map.of("kind", "equal"));
            Outcome noFlag = agent.call("find_duplicates", Map.of("kept", "yes"));
            Outcome noPicture = agent.call("upload_picture", Map.of("data", "bm8gcGljdHVyZQ=="));
            Outcome manyTags = agent.call("upload_picture", Map.of("data", "", "tags", List.of("one,two")));

            assertThat(List.of(
                            tooMany, unknown, missing, blank, unknownId, noId, noSize, noCursor, noKind, noFlag,
                            noPicture, manyTags))
                    .allMatch(Outcome::failed);
            assertThat(tooMany.text()).contains("limit", "50");
            assertThat(unknown.text()).contains("color");
            assertThat(missing.text()).contains("text");
            assertThat(blank.text()).isEqualTo("text is empty: say what a picture shows");
            assertThat(unknownId.text()).startsWith("there is no picture images/000");
            assertThat(noId.text()).startsWith("id must be a text");
            assertThat(noSize.text()).startsWith("size must be one of 256, 512, 1024");
            assertThat(noCursor.text()).startsWith("cursor must be the next of an answer");
            assertThat(noKind.text()).startsWith("kind must be one of same, alike");
            assertThat(noFlag.text()).startsWith("kept must be true or false");
            assertThat(noPicture.text()).startsWith("not a picture we can read: the bytes look like text");
            assertThat(manyTags.text()).contains("tags");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"jsonrpc"                                                                   | 400 | -32700
            {"jsonrpc": "2.0", "id": 1, "method": "ping"} x                              | 400 | -32700
            {"jsonrpc": "2.0", "id": 1, "method": "ping", "id": 2}                       | 400 | -32700
            null                                                                         | 400 | -32600
            ''                                                                           | 400 | -32600
            [{"jsonrpc": "2.0", "id": 1, "method": "ping"}]                              | 400 | -32600
            {"jsonrpc": "2.0", "id": 1, "method": "ping"} {}                             | 400 | -32600
            {"jsonrpc": "1.0", "id": 1, "method": "ping"}                                | 400 | -32600
            {"jsonrpc": "2.0", "id": null, "method": "ping"}                             | 400 | -32600
            {"jsonrpc": "2.0", "id": 1}                                                  | 400 | -32600
            {"jsonrpc": "2.0", "id": 1, "method": "resources/list"}                      | 200 | -32601
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}                          | 200 | -32602
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {}}            | 200 | -32602
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}} | 200 | -32602
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": [1]}           | 200 | -32602
            {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": [1]}           | 200 | -32602
            """)
    void messageThatTheProtocolDoesNotHaveIsAnErrorOfTheProtocol(String json, int status, int code) {
        Answer answer = message(json);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        assertThat(answer.json().get("error").get("code").intValue()).isEqualTo(code);
        assertThat(answer.json().get("id").isNull()).isEqualTo(status == 400);
        assertThat(answer.text()).doesNotContain("Exception", "jackson", "modelcontextprotocol", "java");
    }

    @Test
    void messageWithoutARequestNeedsNoAnswer() {
        Answer notification = message("{\"jsonrpc\": \"2.0\", \"method\": \"notifications/initialized\"}");
        Answer response = message("{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {}}");

        for (Answer answer : List.of(notification, response)) {
            assertThat(answer.status()).isEqualTo(202);
            assertThat(answer.bytes()).isEmpty();
        }
    }

    @Test
    void agentsUseNoOtherMethodTypeOriginOrVersion() {
        String ping = "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}";

        assertThat(message(ping).json().get("result").isEmpty()).isTrue();
        assertThat(message(ping, "MCP-Protocol-Version", "2025-06-18").status()).isEqualTo(200);
        Answer version = message(ping, "MCP-Protocol-Version", "2020-01-01");
        assertThat(version.status()).isEqualTo(400);
        assertThat(version.json().get("error").get("message").stringValue()).contains("2025-06-18");
        for (String method : List.of("GET", "DELETE")) {
            Answer answer = client.send(method, "/mcp", new byte[0]);
            assertThat(answer.status()).isEqualTo(405);
            assertThat(answer.header("Allow")).contains("POST");
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/method-not-allowed");
        }
        assertThat(client.send("POST", "/mcp", ping.getBytes(StandardCharsets.UTF_8), "Content-Type", "text/plain")
                        .status())
                .isEqualTo(415);
        assertThat(message(ping, "Accept", "text/event-stream").status()).isEqualTo(406);
        assertThat(message(ping, "Origin", "https://elsewhere.example")
                        .json()
                        .get("type")
                        .stringValue())
                .isEqualTo("/problems/foreign-origin");
    }

    @Test
    void messageThatIsTooLargeIs413AndAPictureComesOnTop() {
        Answer text = message("[\"" + "a".repeat(70_000) + "\"]");
        Answer picture = message("{\"params\": {\"arguments\": {\"data\": \"" + "A".repeat(28_200_000) + "\"}}}");

        for (Answer answer : List.of(text, picture)) {
            assertThat(answer.status()).as(answer.toString()).isEqualTo(413);
            assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/upload-too-large");
        }
    }

    @Test
    void agentUploadsAPictureThatIsNearlyTooLarge() {
        byte[] picture = Arrays.copyOf(newPicture(), 19 << 20);
        try (Agent agent = new Agent(port, Map.of())) {
            Outcome upload = agent.call(
                    "upload_picture", Map.of("data", Base64.getEncoder().encodeToString(picture)));

            assertThat(upload.json().get("stored").booleanValue()).isTrue();
        }
    }
}

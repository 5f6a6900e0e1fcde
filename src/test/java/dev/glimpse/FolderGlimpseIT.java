package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.Description;
import dev.glimpse.testing.Nginx;
import dev.glimpse.testing.Strangers;
import dev.glimpse.web.OddRequests;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    void everyAnswerIsOneOfOurs() throws IOException {
        assertThat(new OddRequests(port).ask(mapping)).isEmpty();
    }

    /** Operations of the description that are built on other branches; whoever merges the last of them deletes this. */
    private static final Set<String> NOT_BUILT_YET =
            Set.of("GET /images", "GET /images/{name}/metadata", "GET /problems/{type}", "POST /mcp");

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
        described.removeAll(NOT_BUILT_YET);
        // Pages, and what Spring's monitoring serves.
        described.removeIf(call -> call.matches("GET (/|/swagger-ui|/actuator.*)"));

        assertThat(described).isEqualTo(served);
    }

    @Test
    void parametersAreDescribedWithTheirDefaults() {
        Description description = Description.read();
        mapping.getHandlerMethods().forEach((info, method) -> {
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
        JsonNode operation = description.operations().get(call);
        JsonNode form = description
                .document()
                .at("/components/schemas/UploadForm/properties")
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
    @CsvSource({"bash, bash -euo pipefail", "javascript, node"})
    void examplesOfTheDocumentsRun(String language, String program, @TempDir Path folder) throws Exception {
        Matcher block = Pattern.compile("(?s)```" + language + "\n(.*?)```")
                .matcher(Files.readString(Path.of("docs/clients.md")));
        assertThat(block.find()).isTrue();
        Path script = Files.writeString(folder.resolve("example.mjs"), block.group(1));
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
        // As if ten minutes were one second.
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

            assertThat(first.header("Cache-Control")).isEqualTo("public, max-age=600, must-revalidate");
            assertThat(part.status()).isEqualTo(206);
            assertThat(part.bytes()).isEqualTo(Arrays.copyOfRange(picture, 10, 20));
            await().until(() -> stranger.get("/" + id).status() == 404);
        }
    }
}

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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
        assertThat(client.get("/v3/api-docs").json()).isEqualTo(Description.read().document());
        assertThat(Description.read().document().at("/info/version").stringValue())
                .isEqualTo(client.get("/stats").json().get("serverVersion").stringValue());
    }

    @Test
    void everyCallIsDescribedAndEveryCallThatIsDescribedIsThere() {
        Set<String> served = new TreeSet<>();
        mapping.getHandlerMethods().keySet().stream()
                .filter(info -> !info.getPatternValues().contains("/error"))
                .forEach(info -> info.getMethodsCondition().getMethods().forEach(method -> info.getPatternValues()
                        .forEach(path -> served.add(method + " " + path))));

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
                if ("file".equals(name)) {
                    continue; // a part of the form, never in the query
                }
                JsonNode found = description.operations().get(call).get("parameters").valueStream()
                        .map(description::resolve)
                        .filter(each -> each.get("name").asString().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError(call + " does not describe " + name));
                boolean hasDefault =
                        !asked.defaultValue().equals(ValueConstants.DEFAULT_NONE) && !asked.defaultValue().isEmpty();
                assertThat(found.at("/schema/default").asString(""))
                        .as(call + " " + name)
                        .isEqualTo(hasDefault ? asked.defaultValue() : "");
            }
        });
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

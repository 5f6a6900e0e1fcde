package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.search.OldCursors;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Part;
import dev.glimpse.testing.Description;
import dev.glimpse.testing.TestPictures;
import dev.glimpse.testing.TwoModels;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import org.springframework.web.servlet.HandlerExceptionResolver;
import tools.jackson.databind.JsonNode;

/** Asks for each answer that {@code docs/openapi.yaml} has. The client compares each with what is written there. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
class DescribedAnswersIT {
    private static final String NOBODY = "0".repeat(64) + ".png";
    private static final String FAILURE = "X-Test-Failure";
    private static final Pattern HEAD = Pattern.compile("HTTP/1.1 (\\d+).*\r\n((?:.+\r\n)*)\r\n");

    private static final String PING = "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"ping\"}";
    private static final String[] MESSAGE = {
        "Content-Type", "application/json", "Accept", "application/json, text/event-stream", "X-API-Key", "all"
    };

    @TempDir
    static Path data;

    @TempDir
    static Path models;

    @LocalServerPort
    private int port;

    @Autowired
    private ApplicationContext context;

    private final Description description = Description.read();

    /** Lets a request fail where its endpoint would be asked, by what the header names. */
    @TestConfiguration
    static class Failures {
        @Bean
        FilterRegistrationBean<Filter> failures(
                @Qualifier("handlerExceptionResolver") HandlerExceptionResolver problems) {
            FilterRegistrationBean<Filter> failures = new FilterRegistrationBean<>((request, response, chain) -> {
                String failure = ((HttpServletRequest) request).getHeader(FAILURE);
                if (failure == null) {
                    chain.doFilter(request, response);
                } else {
                    problems.resolveException(
                            (HttpServletRequest) request,
                            (HttpServletResponse) response,
                            null,
                            failure.equals("503") ? new TimeoutException() : new IllegalStateException("on purpose"));
                }
            });
            failures.setOrder(Ordered.LOWEST_PRECEDENCE);
            return failures;
        }
    }

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) throws IOException {
        registry.add("glimpse.data", data::toString);
        TwoModels.in(models);
        registry.add("glimpse.model", () -> models.resolve(TwoModels.FIRST).toString());
        Map.of("all", "read,upload,admin", "read", "read", "upload", "upload", "few", "read,upload,admin")
                .forEach((key, scopes) -> {
                    registry.add("glimpse.access.keys." + key + ".sha256", () -> Client.sha256(key));
                    registry.add("glimpse.access.keys." + key + ".scopes", () -> scopes);
                });
        registry.add("glimpse.access.keys.few.requests-per-minute", () -> "1");
        registry.add("server.tomcat.connection-timeout", () -> "1s");
    }

    @Test
    void everyStatusOfEveryOperationIsAnswered() throws Exception {
        Client client = new Client(port, description);
        String[] key = {"X-API-Key", "all"};
        assertThat(client.post("/admin/index", key).status()).isEqualTo(409);

        refuseAll(client);
        pictures(client, key);
        administration(client, key);
        slowBodies();

        Set<String> missing = new TreeSet<>(description.statuses());
        missing.removeAll(description.answered());
        assertThat(missing).isEmpty();
    }

    /** What any operation may answer, whatever it does. */
    private void refuseAll(Client client) {
        client.get("/stats", "X-API-Key", "few");
        description.operations().keySet().forEach(operation -> {
            String method = operation.substring(0, operation.indexOf(' '));
            String path = operation
                    .substring(method.length() + 1)
                    .replace("{name}", NOBODY)
                    .replace("{group}", "readiness")
                    .replace("{type}", "busy");
            boolean hasBody = method.equals("POST") || method.equals("PATCH");
            byte[] body = hasBody ? "{}".getBytes(StandardCharsets.UTF_8) : new byte[0];
            String[] sent = hasBody ? new String[] {"Content-Type", "application/json"} : new String[0];
            String odd = path + "?no-such-parameter=%FF";
            client.send(method, path, body, with(sent, "X-API-Key", "nobody"));
            for (String scope : List.of("read", "upload")) {
                client.send(method, odd, body, with(sent, "X-API-Key", scope));
            }
            client.send(method, path, body, with(sent, "X-API-Key", "all", "Origin", "https://a.example"));
            client.send(method, odd, body, with(sent, "X-API-Key", "all"));
            client.send(method, path, body, with(sent, "X-API-Key", "all", "Accept", "font/woff"));
            client.send(method, path, body, with(sent, "X-API-Key", "all", "X-Long", "x".repeat(17_000)));
            client.send(method, path, body, with(sent, "X-API-Key", "few"));
            for (String failure : List.of("500", "503")) {
                client.send(method, path, body, with(sent, "X-API-Key", "all", FAILURE, failure));
            }
            client.send(method, path, new byte[0], "X-API-Key", "all");
        });
    }

    private void pictures(Client client, String[] key) throws IOException {
        byte[] picture = TestPictures.png(1);
        List<Part> form = List.of(Part.file("cat.png", picture));
        String id = "";
        for (String path : List.of("/upload", "/vectorize_and_store")) {
            id = "/"
                    + client.multipart(
                                    path + "?durability=committed",
                                    List.of(Part.file("a.png", TestPictures.png(path.length()))),
                                    key)
                            .json()
                            .get("id")
                            .stringValue();
            client.multipart(path, List.of(Part.file("a.png", TestPictures.png(path.length()))), key);
            client.multipart(path, List.of(Part.file("notes.txt", "no picture".getBytes(StandardCharsets.UTF_8))), key);
            client.multipart(path, List.of(Part.file("huge.png", huge())), key);
        }
        assertThat(id).startsWith("/images/");
        String tag = client.get(id, key).header("ETag");
        String thumbnail = client.get(id + "/thumbnail", key).header("ETag");
        for (String each : List.of(id, id + "/thumbnail")) {
            client.get(each, with(key, "Range", "bytes=0-9"));
            client.get(each, with(key, "Range", "bytes=9999999-"));
            client.get(each, with(key, "If-Match", "\"other\""));
            client.get(each, with(key, "If-None-Match", each.equals(id) ? tag : thumbnail));
        }
        client.get(id, with(key, "Accept", "a/b/c"));
        client.get(id + "/metadata", key);
        client.get("/images", key);
        client.get(id + "/similar", key);
        client.send(
                "POST",
                "/images/known",
                ("{\"sha256\": \"" + NOBODY.substring(0, 64) + "\"}").getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.send("POST", "/images/known", new byte[200_000], with(key, "Content-Type", "application/json"));
        client.get("/duplicates", key);
        for (String decision : List.of("keep", "undo")) {
            String two = "[\"" + id.substring(1) + "\", \"" + TestPictures.id("/upload".length()) + "\"]";
            client.send(
                    "POST",
                    "/duplicates/decisions",
                    ("{\"decision\": \"" + decision + "\", \"ids\": " + two + "}").getBytes(StandardCharsets.UTF_8),
                    with(key, "Content-Type", "application/json"));
        }
        client.send(
                "POST",
                "/duplicates/decisions",
                ("{\"decision\": \"keep\", \"ids\": [\"images/" + NOBODY + "\", \"" + id.substring(1) + "\"]}")
                        .getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.send("POST", "/duplicates/decisions", new byte[30_000], with(key, "Content-Type", "application/json"));
        client.send("POST", "/duplicates/decisions", new byte[3], with(key, "Content-Type", "text/plain"));
        client.search("a cat", 10);
        client.get("/search?text=cat", key);
        client.get("/search?text=cat&version=987654", key);
        client.send(
                "POST",
                "/search",
                "{\"text\": \"cat\"}".getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.get("/search?text=cat&cursor=" + OldCursors.expired(), key);
        client.send(
                "POST",
                "/search",
                ("{\"text\": \"cat\", \"cursor\": \"" + OldCursors.expired() + "\"}").getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.send("POST", "/search", new byte[300_000], with(key, "Content-Type", "application/json"));
        client.send("POST", "/search", new byte[3], with(key, "Content-Type", "text/plain"));
        client.multipart("/search", List.of(Part.field("like", "images/" + NOBODY)), key);
        client.send(
                "POST",
                "/eval",
                "{\"queries\": [{\"text\": \"cat\", \"relevant\": [\"%s\"]}]}"
                        .formatted(id.substring(1))
                        .getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.send("POST", "/eval", new byte[3_000_000], with(key, "Content-Type", "application/json"));
        client.send("POST", "/eval", new byte[3], with(key, "Content-Type", "text/plain"));
        client.get("/versions", key);
        client.patch(id, "application/json", "{\"caption\": \"a cat\"}", key);
        client.patch(id, "text/plain", "a cat", key);
        client.patch(id, "application/json", "{\"caption\": \"" + "x".repeat(200_000) + "\"}", key);
        client.patch("/images/" + NOBODY, "application/json", "{\"caption\": \"a cat\"}", key);
        client.patch(id, "application/json", "{\"caption\": \"a cat\"}", with(key, "If-Match", "\"other\""));
        client.delete(id, with(key, "If-Match", "\"other\""));
        client.delete(id, key);
        client.delete("/images/" + NOBODY, key);
        client.post(id + "/restore", key);
        client.post("/images/" + NOBODY + "/restore", key);

        for (byte[] other : List.of(huge(), "no picture".getBytes(StandardCharsets.UTF_8))) {
            Path file = data.resolve(
                    client.multipart("/upload", form, key).json().get("id").stringValue());
            Files.write(file, other);
            client.get("/images/" + file.getFileName() + "/thumbnail?size=512", key);
        }
    }

    /** A picture that says that it has 60,000 times 60,000 pixels. */
    private static byte[] huge() {
        byte[] png = TestPictures.png(2).clone();
        ByteBuffer.wrap(png).putInt(16, 60_000).putInt(20, 60_000);
        return png;
    }

    private void administration(Client client, String[] key) throws Exception {
        String page = client.get("/", with(key, "Accept", "text/html")).header("ETag");
        client.get("/", with(key, "If-None-Match", page));
        String stats = client.get("/stats", with(key, "Accept", "text/html")).header("ETag");
        client.get("/stats", with(key, "Accept", "text/html", "If-None-Match", stats));
        client.post("/admin/recover", key);
        models(client, key);
        sources(client, key);
        client.post("/admin/index", key);
        client.get("/actuator/health/nothing", key);
        client.get("/problems/nothing", key);
        for (String explanation : List.of("/problems", "/problems/busy")) {
            String tag = client.get(explanation).header("ETag");
            client.get(explanation, "If-None-Match", tag);
        }
        client.send("POST", "/mcp", PING.getBytes(StandardCharsets.UTF_8), MESSAGE);
        client.send(
                "POST",
                "/mcp",
                "{\"jsonrpc\": \"2.0\", \"method\": \"notifications/initialized\"}".getBytes(StandardCharsets.UTF_8),
                MESSAGE);
        client.send("POST", "/mcp", ("[\"" + "a".repeat(70_000) + "\"]").getBytes(StandardCharsets.UTF_8), MESSAGE);
        client.send("POST", "/mcp", PING.getBytes(StandardCharsets.UTF_8), with(key, "Content-Type", "text/plain"));
        AvailabilityChangeEvent.publish(context, ReadinessState.REFUSING_TRAFFIC);
        client.get("/actuator/health", key);
        client.get("/actuator/health/readiness", key);
        AvailabilityChangeEvent.publish(context, ReadinessState.ACCEPTING_TRAFFIC);

        // One verification runs at a time; it may end before the next request for one comes.
        ExecutorService callers = Executors.newFixedThreadPool(8);
        try {
            await().until(() -> {
                Callable<Integer> verify =
                        () -> client.post("/admin/verify", key).status();
                List<Integer> statuses = new ArrayList<>();
                for (Future<Integer> status :
                        callers.invokeAll(List.of(verify, verify, verify, verify, verify, verify))) {
                    statuses.add(status.get());
                }
                return statuses.contains(409);
            });
        } finally {
            callers.shutdown();
        }
    }

    /** Pictures are in the table that nobody can decode any more, so rows lack a vector of the other model for ever. */
    private static void models(Client client, String[] key) {
        String active = "/admin/models/active?model=";
        client.get("/admin/models", key);
        client.post("/admin/models?dryRun=true&model=" + TwoModels.OTHER_FOLDER, key);
        client.post("/admin/models?model=none", key);
        client.post("/admin/models?model=" + TwoModels.FIRST, key);
        client.post("/admin/models?model=" + TwoModels.OTHER_FOLDER, key);
        client.send("PUT", active + "none", new byte[0], key);
        client.send("PUT", active + TwoModels.OTHER, new byte[0], key);
        client.send("PUT", active + TwoModels.OTHER + "&incomplete=true", new byte[0], key);
        client.send("PUT", active + TwoModels.FIRST + "&incomplete=true", new byte[0], key);
        client.delete("/admin/models?model=none", key);
        client.delete("/admin/models?model=" + TwoModels.FIRST, key);
        client.delete("/admin/models?incomplete=true&model=" + TwoModels.OTHER, key);
    }

    private static void sources(Client client, String[] key) {
        client.get("/admin/sources", key);
        client.post("/admin/sources?dryRun=true&prefix=photos/", key);
        client.post("/admin/sources?everySeconds=0&maxDollars=1&prefix=photos/", key);
        client.get("/admin/sources", key);
        client.post("/admin/sources?prefix=images/", key);
        client.post("/admin/sources?prefix=/", key);
        String event = "{\"action\": \"PutObject\", \"bucket\": \"b\", \"object\": {\"key\": \"photos/a.png\"}}";
        client.send(
                "POST",
                "/admin/sources/events",
                event.getBytes(StandardCharsets.UTF_8),
                with(key, "Content-Type", "application/json"));
        client.send(
                "POST",
                "/admin/sources/events",
                new byte[(1 << 20) + 1],
                with(key, "Content-Type", "application/json"));
        client.delete("/admin/sources?rows=true&prefix=photos/", key);
        client.delete("/admin/sources?prefix=photos/", key);
        client.delete("/admin/sources?rows=true&prefix=images/", key);
    }

    private static String[] with(String[] key, String... headers) {
        List<String> all = new ArrayList<>(List.of(key));
        all.addAll(List.of(headers));
        return all.toArray(String[]::new);
    }

    /** Bodies that stop before their end. */
    private void slowBodies() throws IOException {
        for (Map.Entry<String, JsonNode> each : description.operations().entrySet()) {
            if (!each.getValue().get("responses").has("408")) {
                continue;
            }
            String operation = each.getKey().replace("{name}", NOBODY);
            boolean isUpload = each.getValue().at("/requestBody/content").has("image/*");
            try (Socket connection = new Socket(InetAddress.getLoopbackAddress(), port)) {
                connection.setSoTimeout(60_000);
                // The answer of HTTP/1.0 has no chunks.
                connection
                        .getOutputStream()
                        .write((operation + " HTTP/1.0\r\nX-API-Key: all\r\nContent-Type: "
                                        + (isUpload ? "image/png" : "application/json")
                                        + "\r\nAccept: application/json, text/event-stream\r\nContent-Length: 100\r\n\r\n{")
                                .getBytes(StandardCharsets.US_ASCII));
                judge(operation, connection.getInputStream().readAllBytes());
            }
        }
    }

    private void judge(String operation, byte[] answer) {
        Matcher head = HEAD.matcher(new String(answer, StandardCharsets.ISO_8859_1));
        assertThat(head.find()).as(operation).isTrue();
        Map<String, List<String>> headers = Pattern.compile("\r\n")
                .splitAsStream(head.group(2))
                .collect(Collectors.groupingBy(
                        line -> line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                        Collectors.mapping(line -> line.substring(line.indexOf(':') + 2), Collectors.toList())));
        assertThat(description.complaints(
                        operation.substring(0, operation.indexOf(' ')),
                        operation.substring(operation.indexOf(' ') + 1),
                        Integer.parseInt(head.group(1)),
                        headers,
                        Arrays.copyOfRange(answer, head.end(), answer.length)))
                .as(operation)
                .isEmpty();
    }
}

package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
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

/** What HTTP itself asks of answers, where Spring and Tomcat do not keep it alone. */
@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
@DirtiesContext // it has to be stopped before its folder is removed
class HttpRulesIT {
    @TempDir
    static Path data;

    @LocalServerPort
    private int port;

    private Client client;

    @DynamicPropertySource
    static void settings(DynamicPropertyRegistry registry) {
        registry.add("glimpse.data", data::toString);
    }

    @BeforeEach
    void connect() {
        client = new Client(port);
    }

    @ParameterizedTest
    @CsvSource({
        "/, bytes=5-, gzip",
        "/, bytes=, identity",
        "/app.js, bytes=5-, gzip",
        "/app.js, bytes=5-, identity",
        "/app.js, lines=0-3, identity",
        "/app.js, bytes=, identity",
        "/swagger-ui/swagger-ui.css, bytes=5-, gzip"
    })
    void pagesAndScriptsAreWholeWhateverRangeIsAsked(String path, String range, String encoding) {
        Answer whole = client.get(path, "Accept-Encoding", encoding);

        Answer answer = client.get(path, "Range", range, "Accept-Encoding", encoding);
        Answer head = client.send("HEAD", path, new byte[0], "Range", range);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Accept-Ranges")).isEmpty();
        assertThat(answer.bytes()).isEqualTo(whole.bytes());
        assertThat(head.status()).isEqualTo(200);
    }

    @Test
    void pagesAreEnglishAndUtf8WhateverLanguageIsAsked() {
        for (String path : Set.of("/", "/stats", "/index.html", "/app.js", "/problems", "/swagger-ui/index.html")) {
            for (String language : Set.of("de", "en", "ja")) {
                Answer answer = client.get(path, "Accept", "text/html, text/javascript", "Accept-Language", language);

                assertThat(answer.header("Content-Language")).as(path).isEmpty();
                assertThat(answer.header("Content-Type")).as(path).endsWithIgnoringCase(";charset=utf-8");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/app.js", "/", "/problems", "/problems/busy"})
    void copyThatIsStillTheServersIs304WithTheSameVary(String path) {
        Answer first = client.get(path, "Accept-Encoding", "gzip");

        Answer again = client.get(path, "Accept-Encoding", "gzip", "If-None-Match", first.header("ETag"));

        assertThat(first.header("ETag")).startsWith("W/\"");
        assertThat(again.status()).isEqualTo(304);
        assertThat(fields(again.headers("Vary")))
                .isEqualTo(fields(first.headers("Vary")))
                .contains("accept-encoding");
    }

    @Test
    void formsOfAnExplanationHaveTagsOfTheirOwn() {
        Set<String> tags = new TreeSet<>();
        for (String type : Set.of("application/json", "text/plain", "text/html")) {
            tags.add(client.get("/problems/busy", "Accept", type).header("ETag"));
        }

        assertThat(tags).hasSize(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/swagger-ui", "/stats", "/app.js"})
    void refusalOfAMethodAndOptionsNameTheSame(String path) {
        Answer refused = client.delete(path);
        Answer options = client.send("OPTIONS", path, new byte[0]);

        assertThat(refused.status()).isEqualTo(405);
        assertThat(options.status()).isEqualTo(200);
        assertThat(fields(refused.headers("Allow"))).containsExactly("get", "head", "options");
        assertThat(fields(options.headers("Allow"))).containsExactly("get", "head", "options");
    }

    @Test
    void optionsTellsOfThePathWhateverTheQuery() {
        Answer answer = client.send("OPTIONS", "/search?text=a", new byte[0]);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(fields(answer.headers("Allow"))).contains("get", "options");
        assertThat(answer.headers("Accept-Patch")).isEmpty();
        assertThat(client.send("OPTIONS", "/images/a.png", new byte[0]).header("Accept-Patch"))
                .isEqualTo("application/json");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/stats;x=1",
                "/problems;x/busy",
                "/problems/busy;a=b",
                "/app.js;x",
                "/;x",
                "/actuator/health;x",
                "/actuator/health/",
                "/problems/"
            })
    void otherSpellingOfAPathIs404(String path) {
        Answer answer = client.get(path);

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/not-found");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/images | application/json;q=0 | 406",
                "/stats | application/json;q=0 | 406",
                "/stats | text/html;q=0, application/*;q=0.1 | 200",
                "/search?text=a | application/json;q=0 | 406",
                "/search?text=a | */*;q=0 | 406",
                "/search?text=a | application/*;q=0, application/json;q=0.1 | 200",
                "/actuator/health | application/json;q=0 | 406",
                "/actuator/health | application/json;q=0.5, */*;q=0 | 200",
                "/problems/busy | application/json;q=0 | 406"
            })
    void typeOfQualityZeroIsNotSent(String path, String accept, int status) {
        assertThat(client.get(path, "Accept", accept).status()).isEqualTo(status);
    }

    @Test
    void requestThatCannotBeReadIsToldOfNoSettingThatIsNotAtFault() throws IOException {
        for (String request : Set.of(
                "GET /stats HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
                "GET /stats HTTP/1.1\r\n",
                "GET /a%2Fb HTTP/1.1\r\nHost: localhost\r\n",
                "GET /search?text[]=a HTTP/1.1\r\nHost: localhost\r\n")) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.setSoTimeout(20_000);
                socket.getOutputStream()
                        .write((request + "Connection: close\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                assertThat(answer)
                        .startsWith("HTTP/1.1 400")
                        .contains("/problems/bad-request", "host", "percent-encoded")
                        .doesNotContain("server.max");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"猫", "\ud83d\udc08"})
    void longestTextOfAnyScriptFitsIntoAUrl(String character) {
        String text = character.repeat(1_000 / character.length());

        Answer answer = client.get("/search?text=" + URLEncoder.encode(text, StandardCharsets.UTF_8));

        assertThat(answer.status()).isEqualTo(200);
    }

    @Test
    void metricsOfNoNameAre400() {
        Answer answer = client.get("/actuator/prometheus?includedNames=");

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("type").stringValue()).isEqualTo("/problems/invalid-query");
    }

    /** In lower case and in order. */
    private static Set<String> fields(Iterable<String> values) {
        Set<String> fields = new TreeSet<>();
        for (String value : values) {
            for (String field : value.split(",", -1)) {
                fields.add(field.strip().toLowerCase(Locale.ROOT));
            }
        }
        return fields;
    }
}

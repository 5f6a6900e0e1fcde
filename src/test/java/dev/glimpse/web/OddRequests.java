package dev.glimpse.web;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.springframework.http.MediaType;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks every path of a server with every method and odd headers, and says what is wrong with an answer: its status is one of those
 * in {@code docs/api.md}; whatever is refused is a problem with a type of that page; the headers that protect browsers are there; and
 * nothing tells what the server is made of.
 */
public final class OddRequests {
    private static final Set<Integer> STATUSES = Set.of(
            200, 201, 202, 204, 302, 400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 417, 429, 501, 503, 505);

    private static final Pattern ALLOW = Pattern.compile("\r\nallow: (.*)\r\n");

    /** No parameter takes all of them, and none may end in a failure of ours. Encoded. */
    private static final List<String> VALUES = List.of(
            "",
            "%20",
            "-1",
            "0",
            "99999999999999999999",
            "1e9",
            "maybe",
            "true",
            "yesterday",
            "2026-13-45T99:99:99Z",
            "%2B1000000000-12-31T23:59:59Z",
            "%00",
            "%F0%9F%98%80",
            "x".repeat(5_000));

    private static final List<String> METHODS =
            List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FOO", "get");

    /** Headers, and the body. */
    private static final List<String> VARIANTS = List.of(
            "Accept: application/json;charset=utf-16\r\n\r\n",
            "Accept: text/html;charset=nothing\r\n\r\n",
            "Accept: image/png\r\n\r\n",
            "Accept: a/b/c\r\n\r\n",
            "Accept: \r\n\r\n",
            "If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT\r\n\r\n",
            "If-Match: \"nothing\"\r\n\r\n",
            "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc",
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\na=%zz",
            "Content-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc",
            "Content-Type: a/b/c\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            "Content-Length: -1\r\n\r\n",
            "Expect: 100-continue\r\n\r\n",
            "Expect: wonders\r\n\r\n",
            "Transfer-Encoding: gzip\r\n\r\n");

    private static final List<String> PATHS = List.of(
            "/",
            "/app.js",
            "/nowhere",
            "/nowhere/%ff",
            "/%00",
            "/error",
            "/error?status=200",
            "/actuator",
            "/actuator/health",
            "/actuator/health/nothing",
            "/actuator/info",
            "/actuator/prometheus",
            "/actuator/nothing",
            "/swagger-ui/index.html",
            "/swagger-ui/nothing",
            "/stats?a[]=",
            "/search?text=%zz",
            "/search?text=cat&limit=many&exact=maybe",
            "/search?text=cat&asOf=yesterday",
            "/search?text=cat&version=soon",
            "/admin/index?type=nothing",
            "/images/a");

    private static final Pattern INSIDES = Pattern.compile(
            "Exception|\\b(java|javax|jakarta|org|com|dev|tools)\\.[a-z]|Tomcat|Spring|Whitelabel|\\bclass\\b");

    private final int port;
    private final List<String> headers;
    private final List<String> complaints = new ArrayList<>();

    /** @param headers that all requests have */
    public OddRequests(int port, String... headers) {
        this.port = port;
        this.headers = List.of(headers);
    }

    /** Asks everything; names what is wrong, nothing if all is well. */
    public List<String> ask(RequestMappingHandlerMapping mapping) throws IOException {
        Set<String> paths = new TreeSet<>(PATHS);
        mapping.getHandlerMethods()
                .keySet()
                .forEach(info -> info.getPatternValues().stream()
                        .map(pattern -> pattern.replaceAll("\\{[^}]*\\}", "0".repeat(64) + ".png"))
                        .filter(path -> !path.contains("*"))
                        .forEach(paths::add));
        for (String path : paths) {
            for (String method : METHODS) {
                ask(method + " " + path + " HTTP/1.1\r\n", "\r\n");
            }
            for (String variant : VARIANTS) {
                if (variant.startsWith("Accept") || variant.startsWith("If-")) {
                    ask("GET " + path + " HTTP/1.1\r\n", variant);
                }
                ask("POST " + path + " HTTP/1.1\r\n", variant);
            }
            ask("GET " + path + " HTTP/1.0\r\n", "\r\n");
            ask("GET " + path + " HTTP/3.0\r\n", "\r\n");
        }
        ask("OPTIONS * HTTP/1.1\r\n", "\r\n");
        return complaints;
    }

    /**
     * Sends each parameter of each endpoint with wrong, empty, huge and repeated values, and one that it does not have; names what is
     * wrong, nothing if all is well.
     */
    public List<String> askWithParameters(RequestMappingHandlerMapping mapping) throws IOException {
        for (Map.Entry<RequestMappingInfo, HandlerMethod> endpoint :
                mapping.getHandlerMethods().entrySet()) {
            if (!endpoint.getValue().getBeanType().getName().startsWith("dev.glimpse.")) {
                continue;
            }
            EndpointParameters parameters = new EndpointParameters(endpoint.getValue());
            MediaType accepted = endpoint.getKey().getProducesCondition().getProducibleMediaTypes().stream()
                    .findFirst()
                    .orElse(MediaType.ALL);
            String rest = "Accept: " + accepted + "\r\n"
                    + bodyFor(endpoint.getKey().getConsumesCondition().getConsumableMediaTypes());
            for (String path : endpoint.getKey().getPatternValues()) {
                String line = endpoint.getKey()
                                .getMethodsCondition()
                                .getMethods()
                                .iterator()
                                .next() + " " + path.replaceAll("\\{[^}]*\\}", "0".repeat(64) + ".png") + "?";
                expect("unknown-parameter", "did you mean|takes none|there are", line + "no_such=1 HTTP/1.1\r\n", rest);
                for (String name : parameters.names()) {
                    for (String value : VALUES) {
                        ask(line + name + "=" + value + " HTTP/1.1\r\n", rest);
                    }
                    expect("unknown-parameter", "did you mean " + name, line + name + "x=1 HTTP/1.1\r\n", rest);
                    if (parameters.isTakenOnce(name)) {
                        expect(
                                "invalid-query",
                                name + " is there 2 times",
                                line + name + "=1&" + name + "=1 HTTP/1.1\r\n",
                                rest);
                        expect("invalid-query", name + " is empty", line + name + "= HTTP/1.1\r\n", rest);
                    }
                }
            }
        }
        return complaints;
    }

    /** Headers and a body of a type that is taken; an empty one if none is named. */
    private static String bodyFor(Set<MediaType> taken) {
        if (taken.contains(MediaType.APPLICATION_JSON)) {
            return "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        }
        return (taken.isEmpty() ? "" : "Content-Type: application/x-www-form-urlencoded\r\n")
                + "Content-Length: 0\r\n\r\n";
    }

    private void expect(String type, String detail, String line, String rest) throws IOException {
        String answer = ask(line, rest);
        if (!answer.contains("/problems/" + type + "\"")
                || !Pattern.compile(detail).matcher(answer).find()) {
            complaints.add(line + " -> not " + type + " with " + detail + ": " + answer);
        }
    }

    private String ask(String line, String rest) throws IOException {
        String all = headers.isEmpty() ? "" : String.join("\r\n", headers) + "\r\n";
        String request = line + "Host: localhost\r\nConnection: close\r\n" + all + rest;
        String answer;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
        if (answer.startsWith("HTTP/1.1 100")) {
            answer = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        }
        String wrong = wrong(answer, line.startsWith("HEAD"), line.startsWith("OPTIONS"));
        if (!wrong.isEmpty()) {
            complaints.add(request.replace("\r\n", " | ") + " -> " + wrong + ": "
                    + answer.lines().findFirst().orElse(""));
        }
        return answer;
    }

    private static String wrong(String answer, boolean head, boolean options) {
        if (!answer.matches("(?s)HTTP/1\\.1 \\d\\d\\d .*")) {
            return "no HTTP";
        }
        int status = Integer.parseInt(answer.substring(9, 12));
        if (!STATUSES.contains(status)) {
            return "a status that is not documented";
        }
        int end = answer.indexOf("\r\n\r\n");
        String top = answer.substring(0, end).toLowerCase(Locale.ROOT);
        for (String header : List.of(
                "x-content-type-options: ",
                "referrer-policy: ",
                "content-security-policy: ",
                "x-request-id: ",
                "cache-control: ")) {
            if (!top.contains("\r\n" + header)) {
                return "no " + header;
            }
        }
        boolean allows = ALLOW.matcher(top + "\r\n").find();
        if (allows != (status == 405 || (status == 200 && options))) {
            return allows ? "an Allow that nobody asked for" : "no Allow";
        }
        if (status < 400 || head) {
            return "";
        }
        if (!top.contains("\r\ncontent-type: application/problem+json\r\n")) {
            return "no problem";
        }
        String body = answer.substring(end + 4);
        String text = body.substring(body.indexOf('{'), body.lastIndexOf('}') + 1);
        JsonNode problem = JsonMapper.shared().readTree(text);
        String type = problem.path("type").asString("");
        if (!type.startsWith("/problems/") || !ProblemTypes.names().contains(type.substring("/problems/".length()))) {
            return "a type that is not known, " + type;
        }
        if (problem.path("status").asInt() != status
                || problem.path("detail").asString("").isBlank()) {
            return "another status, or no detail";
        }
        return INSIDES.matcher(text).find() ? "insides, " + text : "";
    }
}

package dev.glimpse;

import dev.glimpse.testing.HostileText;
import dev.glimpse.testing.TestPictures;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sends requests that no client of good will sends, byte by byte over a socket, and says what is wrong with an answer: each
 * has to come, and be a success or a refusal of the client's; and what reaches our code and is refused is a problem. For one
 * thread.
 */
final class HostileRequests {
    private static final int PATIENCE_MILLIS = 20_000;

    /** What methods are answered with that the server does not know, such as FOO. */
    private static final String NOT_IMPLEMENTED = "501";

    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 ([2-5]\\d\\d).*");
    private static final String[] PARAMETERS = {
        "text", "limit", "exact", "version", "asOf", "durability", "a[]", "", "text[0]"
    };
    private static final String[] VALUES = {
        "cat",
        "",
        "0",
        "-1",
        "1001",
        "1e3",
        "1.5",
        "0x10",
        "+5",
        "NaN",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999999999",
        "true",
        "yes",
        "null",
        "2026-11-26T08:00:00Z",
        "+1000000000-12-31T23:59:59Z",
        "-999999999-01-01T00:00:00Z",
        "2026-13-45T99:99:99Z",
        "committed",
        "\u0130",
        "%",
        "%zz",
        "%u0041",
        "%00",
        "%FF%FE",
        "%C0%AF",
        "%ED%A0%80",
        "%F4%90%80%80",
        "+",
        "%0d%0aSet-Cookie:%20a=b",
        "../../etc/passwd",
        "{{7*7}}",
        "' OR 1=1 --"
    };
    private static final String[] PATHS = {
        "/search",
        "/images/",
        "/images/" + "0".repeat(64) + ".png",
        "/images/" + "0".repeat(64) + ".png/thumbnail",
        "/images/%2e%2e/%2e%2e/etc/passwd",
        "/images/..;/..;/stats",
        "/images/%00",
        "/images/" + "a".repeat(3000),
        "/images//thumbnail",
        "//search",
        "/stats;a=b",
        "/versions",
        "/upload",
        "/vectorize_and_store",
        "/admin/verify",
        "/nowhere/%ff"
    };
    private static final String[] METHODS = {
        "GET", "GET", "GET", "HEAD", "PUT", "PATCH", "OPTIONS", "TRACE", "DELETE", "FOO", "get"
    };
    private static final String[] HEADERS = {
        "Accept: a/b/c",
        "Accept: */*;q=2",
        "Accept: text/html;charset=\u00ff",
        "Accept-Charset: nothing",
        "Accept-Encoding: ;;;",
        "Accept-Language: -",
        "Range: bytes=5-1",
        "Range: bytes=0-,0-,0-,0-",
        "If-None-Match: \"",
        "If-Modified-Since: yesterday",
        "X-Request-Id: a b\u0001c",
        "X-Forwarded-For: ,,,",
        "X-Forwarded-Host: a b",
        "X-HTTP-Method-Override: DELETE",
        "X-Glimpse-Cost: " + "1".repeat(2000),
        "Forwarded: for=;;",
        "Origin: null",
        "Cookie: =;=;=",
        "Content-Type: nothing",
        "Content-Type: multipart/form-data",
        "Content-Type: multipart/form-data; boundary=",
        "Content-Type: application/json; charset=nothing",
        "Expect: 100-continue",
        "Connection: upgrade",
        "Upgrade: websocket",
        "Authorization: Basic !!!",
        "X:",
        ": x",
        "No colon",
        " folded: x",
        "X-Long: " + "y".repeat(6000)
    };

    private final int port;
    private final Random random;
    private final HostileText text;
    private byte[] last = new byte[0];

    /** Whether the last one's body ends where its header says. */
    private boolean framed;

    HostileRequests(int port, Random random) {
        this.port = port;
        this.random = random;
        this.text = new HostileText(random);
    }

    /** Sends one more; names what is wrong with the answer. */
    Optional<String> next() throws IOException {
        last = random.nextInt(5) < 2 ? upload() : request();
        boolean head = new String(last, 0, 4, StandardCharsets.ISO_8859_1).equals("HEAD");
        String answer;
        try {
            answer = answerTo(last);
        } catch (SocketTimeoutException e) {
            return Optional.of("no answer within " + PATIENCE_MILLIS + " ms");
        }
        String line = answer.lines().findFirst().orElse("");
        Matcher status = STATUS.matcher(line);
        if (!status.matches()) {
            return Optional.of("no answer of HTTP: " + line);
        }
        if (status.group(1).startsWith("5") && !status.group(1).equals(NOT_IMPLEMENTED)) {
            return Optional.of("a failure of ours: " + line);
        }
        // Our filter has seen a request whose answer has an id; others were refused by Tomcat, as are those whose body
        // breaks off while we read it.
        boolean reachedUs = framed && answer.contains("\r\nX-Request-Id: ");
        boolean problem = answer.contains("\r\nContent-Type: application/problem+json");
        if (reachedUs && !head && status.group(1).startsWith("4") && !problem) {
            return Optional.of("not a problem: " + line);
        }
        return Optional.empty();
    }

    /** What was sent. */
    byte[] last() {
        return last.clone();
    }

    private String answerTo(byte[] request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(PATIENCE_MILLIS);
            try {
                socket.getOutputStream().write(request);
                socket.shutdownOutput();
            } catch (IOException e) {
                // It was refused before all of it was sent; the answer is there all the same.
            }
            String answer = new String(read(socket), StandardCharsets.ISO_8859_1);
            return answer.startsWith("HTTP/1.1 100") ? answer.substring(answer.indexOf("\r\n\r\n") + 4) : answer;
        }
    }

    private static byte[] read(Socket socket) throws IOException {
        ByteArrayOutputStream answer = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        try {
            for (int count = 0; count >= 0; count = socket.getInputStream().read(buffer)) {
                answer.write(buffer, 0, count);
            }
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // Reset, as more was sent than the server wanted to read; what came before counts.
        }
        return answer.toByteArray();
    }

    private byte[] request() {
        framed = true;
        String head = any(METHODS) + " " + (random.nextInt(3) > 0 ? "/search" : any(PATHS)) + query() + " HTTP/1.1\r\n"
                + headers() + "Connection: close\r\n\r\n";
        return head.getBytes(StandardCharsets.ISO_8859_1);
    }

    private String query() {
        StringBuilder query = new StringBuilder("?");
        int parameters = random.nextInt(6);
        for (int i = 0; i < parameters; i++) {
            query.append(i == 0 && random.nextBoolean() ? "text" : any(PARAMETERS))
                    .append(random.nextInt(10) == 0 ? "" : "=")
                    .append(value())
                    .append(random.nextInt(20) == 0 ? "&&" : "&");
        }
        // Tomcat takes 16 KB of a request line and its headers together.
        return query.substring(0, Math.min(query.length(), 15_000));
    }

    private String value() {
        return switch (random.nextInt(6)) {
            case 0 -> URLEncoder.encode(text.next(), StandardCharsets.UTF_8);
            case 1 -> text.next().replaceAll("[\r\n ]", "");
            case 2 -> String.valueOf(random.nextLong());
            default -> any(VALUES);
        };
    }

    private String headers() {
        StringBuilder headers = new StringBuilder(random.nextInt(20) == 0 ? "" : "Host: 127.0.0.1\r\n");
        int more = random.nextInt(3);
        for (int i = 0; i < more; i++) {
            headers.append(any(HEADERS)).append("\r\n");
        }
        return headers.toString();
    }

    private byte[] upload() {
        String boundary = random.nextInt(10) == 0 ? "" : "b" + random.nextInt(10);
        byte[] body = body(boundary);
        int length = switch (random.nextInt(10)) {
            case 0 -> body.length + 10;
            case 1 -> random.nextInt(body.length + 1);
            default -> body.length;
        };
        int framing = random.nextInt(12);
        String lengths = switch (framing) {
            case 0 -> "Transfer-Encoding: chunked\r\n";
            case 1 -> "Content-Length: " + length + "\r\nContent-Length: 5\r\n";
            case 2 -> "Content-Length: " + any(VALUES) + "\r\n";
            case 3 -> "";
            default -> "Content-Length: " + length + "\r\n";
        };
        framed = framing > 2 && length == body.length;
        String head = "POST " + (random.nextInt(4) > 0 ? "/upload" : any(PATHS)) + query() + " HTTP/1.1\r\n" + headers()
                + (random.nextInt(10) == 0 ? "" : "Content-Type: multipart/form-data; boundary=" + boundary + "\r\n")
                + lengths + "Connection: close\r\n\r\n";
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(head.getBytes(StandardCharsets.ISO_8859_1));
        request.writeBytes(body);
        return request.toByteArray();
    }

    private byte[] body(String boundary) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int parts = random.nextInt(5);
        for (int i = 0; i < parts; i++) {
            String separator = "--" + (random.nextInt(10) == 0 ? "other" : boundary) + "\r\n";
            body.writeBytes((separator + partHeaders() + "\r\n").getBytes(StandardCharsets.UTF_8));
            body.writeBytes(content());
            body.writeBytes((random.nextInt(10) == 0 ? "\n" : "\r\n").getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes(("--" + boundary + (random.nextInt(6) == 0 ? "" : "--\r\n")).getBytes(StandardCharsets.UTF_8));
        byte[] bytes = body.toByteArray();
        return random.nextInt(6) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
    }

    private String partHeaders() {
        String name = random.nextInt(3) > 0
                ? "file"
                : any(new String[] {"caption", "tags", "", "_charset_", "file\0", "durability"});
        String filename = switch (random.nextInt(6)) {
            case 0 -> "";
            case 1 -> "; filename*=UTF-8''" + value();
            case 2 -> "; filename=" + value().replaceAll("[\r\n]", "");
            case 3 -> "; filename=\"" + text.next().replaceAll("[\r\n]", "") + "\"";
            default -> "; filename=\"a.png\"; filename=\"b.png\"";
        };
        return switch (random.nextInt(10)) {
            case 0 -> "";
            case 1 -> "Content-Disposition: attachment\r\n";
            case 2 ->
                "Content-Disposition: form-data; name=" + name + filename
                        + "\r\nContent-Type: multipart/mixed; boundary=x\r\n";
            case 3 ->
                "Content-Disposition: form-data; name=\"" + name + "\"" + filename
                        + "\r\nContent-Type: /;;\r\nContent-Length: -1\r\n";
            default -> "Content-Disposition: form-data; name=\"" + name + "\"" + filename + "\r\n";
        };
    }

    private byte[] content() {
        return switch (random.nextInt(5)) {
            case 0 -> TestPictures.png(1_000_000 + random.nextInt(50));
            case 1 -> Arrays.copyOf(TestPictures.png(1), random.nextInt(200));
            case 2 -> new byte[random.nextInt(3) * 2_000];
            default -> text.next().getBytes(StandardCharsets.UTF_8);
        };
    }

    private String any(String[] strings) {
        return strings[random.nextInt(strings.length)];
    }
}

package dev.glimpse.bulk;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/** A server, over connections that are kept. For all threads. Sends each request once; to try again is for the caller. */
final class GlimpseClient {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration ASK = Duration.ofSeconds(30);

    /** A server on a slow machine may take seconds for one large picture. */
    private static final Duration UPLOAD = Duration.ofMinutes(5);

    private final URI server;
    private final @Nullable String key;
    private final HttpClient http;
    private final AtomicLong requests = new AtomicLong();
    private final AtomicLong bytesSent = new AtomicLong();

    /** @param key null if the server asks for none */
    GlimpseClient(URI server, @Nullable String key) {
        this.server = server;
        this.key = key;
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
        this.http = ("http".equals(server.getScheme()) ? builder.sslContext(noTls()) : builder).build();
    }

    /** For a server without TLS. The client wants a context in any case, and the usual one reads all certificates that there are. */
    private static SSLContext noTls() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(new KeyManager[0], new TrustManager[0], null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java runtime has TLS", e);
        }
    }

    /**
     * An answer.
     *
     * @param status of HTTP
     * @param retryAfter what the server asks for; null if it does not
     * @param body nothing if it is no JSON
     */
    record Answer(int status, @Nullable Duration retryAfter, Json body) {
        boolean isOk() {
            return status / 100 == 2;
        }

        /** Too much was asked, or the server cannot for now. */
        boolean isBusy() {
            return status == 429 || status == 503;
        }

        /** What the server says of its refusal. */
        String detail() {
            return detail(body, status);
        }

        private static String detail(Json problem, int status) {
            String detail = problem.at("detail").text();
            String told = detail.isEmpty() ? problem.at("title").text() : detail;
            return told.isEmpty() ? "HTTP " + status : told;
        }

        /** What became of each picture of an upload, in order. Empty if this is no answer to an upload of so many. */
        Optional<List<Item>> items(int count) {
            if (count == 1 && body.at("stored").isBoolean()) {
                return Optional.of(List.of(item(body, status)));
            }
            List<Json> results = body.at("results").items();
            if (results.size() != count) {
                return Optional.empty();
            }
            List<Item> items = new ArrayList<>();
            for (Json result : results) {
                items.add(item(result, result.at("status").number()));
            }
            return Optional.of(items);
        }

        private static Item item(Json result, int status) {
            return new Item(status, result.at("stored").isTrue(), detail(result.at("problem"), status));
        }
    }

    /**
     * What became of one picture of many.
     *
     * @param status as if it had been sent alone
     * @param isStored whether it was new
     */
    record Item(int status, boolean isStored, String detail) {}

    /** True if nothing can have reached the server. */
    static boolean isUnreachable(IOException failure) {
        return failure instanceof ConnectException || failure instanceof HttpConnectTimeoutException;
    }

    Answer stats() throws IOException, InterruptedException {
        return send(request("/stats", ASK).GET());
    }

    /** Asks which of at most 1,000 hashes the server has; {@link #known} reads the answer. */
    Answer ask(List<String> hashes) throws IOException, InterruptedException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (JsonGenerator json = Json.writer(body)) {
            json.writeStartObject();
            json.writeArrayPropertyStart("sha256");
            hashes.forEach(json::writeString);
            json.writeEndArray();
            json.writeEndObject();
        }
        return send(request("/images/known", ASK)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(body.toByteArray())));
    }

    /** The hashes that an answer to {@link #ask} names. */
    static Set<String> known(Answer answer) {
        Set<String> known = new HashSet<>();
        for (Json id : answer.body().at("ids").items()) {
            String text = id.text();
            int start = text.lastIndexOf('/') + 1;
            int end = text.lastIndexOf('.');
            if (start < end) {
                known.add(text.substring(start, end));
            }
        }
        return known;
    }

    /** Sends the pictures in one request. */
    Answer upload(List<Candidate> pictures) throws IOException, InterruptedException {
        String boundary = "glimpse-" + UUID.randomUUID();
        boolean hasCaptions =
                pictures.stream().anyMatch(picture -> picture.notes().caption() != null);
        boolean hasTags =
                pictures.stream().anyMatch(picture -> !picture.notes().tags().isEmpty());
        List<BodyPublisher> parts = new ArrayList<>();
        long size = 0;
        for (Candidate picture : pictures) {
            StringBuilder head = new StringBuilder();
            if (hasCaptions) {
                String caption = picture.notes().caption();
                field(head, boundary, "caption", caption == null ? "" : caption);
            }
            if (hasTags) {
                field(head, boundary, "tags", picture.notes().tagsText());
            }
            head.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=\"file\"; filename=\"");
            head.append(quoted(picture.fileName())).append("\"\r\nContent-Type: application/octet-stream\r\n\r\n");
            parts.add(text(head));
            parts.add(picture.content().publisher());
            parts.add(text("\r\n"));
            size += picture.content().size();
        }
        parts.add(text("--" + boundary + "--\r\n"));
        HttpRequest.Builder request = request("/upload", UPLOAD)
                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                .POST(BodyPublishers.concat(parts.toArray(BodyPublisher[]::new)));
        boolean isSent = true;
        try {
            return send(request);
        } catch (IOException e) {
            isSent = !isUnreachable(e);
            throw e;
        } finally {
            bytesSent.addAndGet(isSent ? size : 0);
        }
    }

    private static void field(StringBuilder form, String boundary, String name, String value) {
        form.append("--")
                .append(boundary)
                .append("\r\nContent-Disposition: form-data; name=\"")
                .append(name);
        form.append("\"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n")
                .append(value)
                .append("\r\n");
    }

    /** As browsers do it. */
    private static String quoted(String name) {
        return name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
    }

    private static BodyPublisher text(CharSequence text) {
        return BodyPublishers.ofString(text.toString(), StandardCharsets.UTF_8);
    }

    private HttpRequest.Builder request(String path, Duration timeout) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + path))
                .timeout(timeout)
                .header("Accept", "application/json, application/problem+json");
        return key == null ? request : request.header("X-API-Key", key);
    }

    private Answer send(HttpRequest.Builder request) throws IOException, InterruptedException {
        requests.incrementAndGet();
        HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
        Duration retryAfter = response.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("\\d{1,6}"))
                .map(value -> Duration.ofSeconds(Long.parseLong(value)))
                .orElse(null);
        return new Answer(response.statusCode(), retryAfter, read(response.body()));
    }

    private static Json read(byte[] body) {
        try {
            return Json.of(body);
        } catch (JacksonException e) {
            return Json.NOTHING;
        }
    }

    /** Requests so far, of all kinds. */
    long requests() {
        return requests.get();
    }

    /** Bytes of pictures that were sent so far, again if they were sent again. */
    long bytesSent() {
        return bytesSent.get();
    }
}

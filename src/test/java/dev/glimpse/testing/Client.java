package dev.glimpse.testing;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Talks to a server over HTTP, as curl does. An answer that {@code docs/openapi.yaml} does not describe fails the test. */
public final class Client {
    private static final String BOUNDARY = "glimpse-test-boundary";
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final Description DESCRIPTION = Description.read();

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final String server;
    private final Description description;

    public Client(int port) {
        this(port, DESCRIPTION);
    }

    /** @param description that remembers what is answered */
    public Client(int port, Description description) {
        this.server = "http://127.0.0.1:" + port;
        this.description = description;
    }

    /** Of a key, as settings give it. */
    public static String sha256(String key) {
        return sha256(key.getBytes(StandardCharsets.UTF_8));
    }

    static String sha256(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One part of a multipart body; a field if there is no file name. */
    public static final class Part {
        private final String disposition;
        private final byte[] bytes;

        private Part(String disposition, byte[] bytes) {
            this.disposition = disposition;
            this.bytes = bytes;
        }

        public static Part file(String filename, byte[] bytes) {
            return file("file", filename, bytes);
        }

        public static Part file(String name, String filename, byte[] bytes) {
            return withHeader("name=\"" + name + "\"; filename=\"" + filename + "\"", bytes);
        }

        public static Part field(String name, String value) {
            return withHeader("name=\"" + name + "\"", value.getBytes(StandardCharsets.UTF_8));
        }

        /**
         * A part with any name, or none.
         *
         * @param parameters of the header Content-Disposition, as they are sent
         */
        public static Part withHeader(String parameters, byte[] bytes) {
            return new Part("form-data; " + parameters, bytes);
        }
    }

    /** What came back. */
    public static final class Answer {
        private final HttpResponse<byte[]> response;

        private Answer(HttpResponse<byte[]> response) {
            this.response = response;
        }

        public int status() {
            return response.statusCode();
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** All of a header's lines. */
        public List<String> headers(String name) {
            return response.headers().allValues(name);
        }

        public byte[] bytes() {
            return response.body();
        }

        public String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        public JsonNode json() {
            return JSON.readTree(response.body());
        }

        /** Status and body, for failed assertions. */
        @Override
        public String toString() {
            return status() + " " + text();
        }
    }

    public Answer get(String path, String... headers) {
        return send(request(path, headers).GET());
    }

    public Answer post(String path, String... headers) {
        return send(request(path, headers).POST(HttpRequest.BodyPublishers.noBody()));
    }

    public Answer send(String method, String path, byte[] body, String... headers) {
        return send(request(path, headers).method(method, HttpRequest.BodyPublishers.ofByteArray(body)));
    }

    public Answer delete(String path, String... headers) {
        return send(request(path, headers).DELETE());
    }

    /** Sends a body of this type. */
    public Answer patch(String path, String type, String body, String... headers) {
        return send(request(path, headers)
                .header("Content-Type", type)
                .method("PATCH", HttpRequest.BodyPublishers.ofString(body)));
    }

    public Answer upload(String filename, byte[] bytes) {
        return multipart("/upload", List.of(Part.file(filename, bytes)));
    }

    /** Answered when the row is in the table. */
    public Answer uploadCommitted(String filename, byte[] bytes) {
        return multipart("/upload?durability=committed", List.of(Part.file(filename, bytes)));
    }

    public Answer search(String text, int limit) {
        return get("/search?limit=" + limit + "&text=" + URLEncoder.encode(text, StandardCharsets.UTF_8));
    }

    public Answer multipart(String path, List<Part> parts, String... headers) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Part part : parts) {
            String head = "--" + BOUNDARY + "\r\nContent-Disposition: " + part.disposition + "\r\n\r\n";
            body.writeBytes(head.getBytes(StandardCharsets.UTF_8));
            body.writeBytes(part.bytes);
            body.writeBytes("\r\n".getBytes(StandardCharsets.UTF_8));
        }
        body.writeBytes(("--" + BOUNDARY + "--\r\n").getBytes(StandardCharsets.UTF_8));
        return send(request(path, headers)
                .header("Content-Type", "multipart/form-data; boundary=" + BOUNDARY)
                .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray())));
    }

    private HttpRequest.Builder request(String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(server + path)).timeout(Duration.ofMinutes(5));
        return headers.length == 0 ? request : request.headers(headers);
    }

    private static byte[] decompressed(HttpResponse<byte[]> response) throws IOException {
        boolean compressed =
                response.headers().firstValue("Content-Encoding").orElse("").equals("gzip");
        try (InputStream body = compressed
                ? new GZIPInputStream(new ByteArrayInputStream(response.body()))
                : new ByteArrayInputStream(response.body())) {
            return body.readAllBytes();
        }
    }

    private Answer send(HttpRequest.Builder request) {
        try {
            HttpResponse<byte[]> response = http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
            String method = response.request().method();
            URI uri = response.request().uri();
            List<String> complaints = new ArrayList<>(description.complaints(
                    method,
                    uri.getRawPath(),
                    response.statusCode(),
                    response.headers().map(),
                    decompressed(response)));
            if (response.statusCode() < 300) {
                String type =
                        response.request().headers().firstValue("Content-Type").orElse("");
                complaints.addAll(description.complaintsOfRequest(
                        method, uri.toString().substring(server.length()), type.replaceFirst(";.*", "")));
            }
            if (!complaints.isEmpty()) {
                throw new AssertionError(response + ": " + complaints);
            }
            return new Answer(response);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}

package dev.glimpse.bulk;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The part of a server that bulk-load talks to, which keeps hashes alone, and fails as it is told to. */
final class FakeGlimpse implements AutoCloseable {
    private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern PART = Pattern.compile("name=\"(\\w+)\"(?:; filename=\"([^\"]*)\")?");

    private static final long LARGEST = 20 << 20;

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    /** Hashes of what is stored. */
    final Set<String> stored = ConcurrentHashMap.newKeySet();

    /** How often each picture came, by hash. */
    final Map<String, Integer> received = new ConcurrentHashMap<>();

    /** Caption and tags, by file name. */
    final Map<String, String> captions = new ConcurrentHashMap<>();

    final Map<String, String> tags = new ConcurrentHashMap<>();
    final List<Integer> batches = new CopyOnWriteArrayList<>();
    final AtomicInteger asked = new AtomicInteger();
    final AtomicInteger uploads = new AtomicInteger();
    final AtomicLong bytes = new AtomicLong();

    volatile Failing failing = (upload, pictures) -> null;
    volatile boolean canBeAsked = true;

    /** How an upload ends; null if it is to succeed. */
    interface Failing {
        @Nullable Failure of(int upload, List<Sent> pictures);
    }

    /**
     * An end of an upload that is none as it should be.
     *
     * @param status 0 to end the connection without an answer
     * @param isStored whether the pictures are stored all the same
     */
    record Failure(int status, @Nullable String retryAfter, boolean isStored) {}

    @SuppressWarnings("ArrayRecordComponent") // nobody compares or changes them
    record Sent(String name, byte[] bytes, String sha256) {
        boolean contains(String text) {
            return new String(bytes, StandardCharsets.ISO_8859_1).contains(text);
        }
    }

    FakeGlimpse() throws IOException {
        this(0);
    }

    FakeGlimpse(int port) throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 50);
        server.setExecutor(threads);
        server.createContext("/stats", exchange -> answer(exchange, 200, "{\"rowCount\":" + stored.size() + "}"));
        server.createContext("/images/known", this::known);
        server.createContext("/upload", this::upload);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + port();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    private void known(HttpExchange exchange) throws IOException {
        asked.incrementAndGet();
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        if (!canBeAsked) {
            answer(exchange, 403, "{\"detail\":\"the key lacks the scope read\"}");
            return;
        }
        List<String> ids = new ArrayList<>();
        Matcher hash = HASH.matcher(body);
        while (hash.find()) {
            if (stored.contains(hash.group())) {
                ids.add("\"images/" + hash.group() + ".png\"");
            }
        }
        answer(exchange, 200, "{\"ids\":[" + String.join(",", ids) + "]}");
    }

    private void upload(HttpExchange exchange) throws IOException {
        int number = uploads.incrementAndGet();
        if (Long.parseLong(exchange.getRequestHeaders().getFirst("Content-Length")) > LARGEST) {
            exchange.getRequestBody().transferTo(OutputStream.nullOutputStream());
            answer(exchange, 413, "{\"detail\":\"too large\"}");
            return;
        }
        String boundary = exchange.getRequestHeaders().getFirst("Content-Type").replaceAll(".*boundary=", "");
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1);
        List<Sent> pictures = new ArrayList<>();
        List<String> said = new ArrayList<>();
        List<String> tagged = new ArrayList<>();
        for (String part : body.split(Pattern.quote("--" + boundary), -1)) {
            Matcher name = PART.matcher(part);
            int start = part.indexOf("\r\n\r\n");
            if (start < 0 || !name.find()) {
                continue;
            }
            byte[] value = part.substring(start + 4, part.length() - 2).getBytes(StandardCharsets.ISO_8859_1);
            switch (name.group(1)) {
                case "caption" -> said.add(new String(value, StandardCharsets.UTF_8));
                case "tags" -> tagged.add(new String(value, StandardCharsets.UTF_8));
                default -> pictures.add(new Sent(name.group(2), value, sha256(value)));
            }
        }
        Failure failure = failing.of(number, pictures);
        if (failure == null || failure.isStored()) {
            batches.add(pictures.size());
        }
        List<String> results = new ArrayList<>();
        for (int i = 0; i < pictures.size() && (failure == null || failure.isStored()); i++) {
            Sent picture = pictures.get(i);
            received.merge(picture.sha256(), 1, Integer::sum);
            bytes.addAndGet(picture.bytes().length);
            results.add(result(picture));
            if (!said.isEmpty()) {
                captions.put(picture.name(), said.get(i));
            }
            if (!tagged.isEmpty()) {
                tags.put(picture.name(), tagged.get(i));
            }
        }
        if (failure == null) {
            String only = pictures.size() == 1 ? results.get(0) : "{\"results\":[" + String.join(",", results) + "]}";
            int status = pictures.size() == 1 ? Integer.parseInt(only.replaceAll(".*\"status\":(\\d+).*", "$1")) : 200;
            answer(exchange, status, only);
        } else if (failure.status() == 0) {
            exchange.close();
        } else {
            if (failure.retryAfter() != null) {
                exchange.getResponseHeaders().set("Retry-After", failure.retryAfter());
            }
            answer(exchange, failure.status(), "{\"detail\":\"told to fail\"}");
        }
    }

    /** Pictures with "broken" in their bytes are refused alone, as a server does it. */
    private String result(Sent picture) {
        if (picture.contains("broken")) {
            return "{\"status\":400,\"problem\":{\"detail\":\"damaged\",\"status\":400},\"detail\":\"damaged\"}";
        }
        boolean isNew = stored.add(picture.sha256());
        return "{\"status\":" + (isNew ? 201 : 200) + ",\"stored\":" + isNew + "}";
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}

package dev.glimpse.testing;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.R2Properties;
import dev.glimpse.storage.TestStores;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiPredicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.message.BasicClassicHttpRequest;
import org.apache.hc.core5.net.URIAuthority;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.gaul.s3proxy.nio2blob.TransientNio2BlobStore;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A bucket in memory, reached over HTTP as R2 is: signatures are checked, conditional puts are refused with 412. A small
 * front before it counts the requests in R2's price classes, adds R2's latency if asked, and fails on demand.
 *
 * <p>{@code scripts/test-bucket} runs one as a program.
 */
public final class TestBucket implements AutoCloseable {
    static {
        // Else the server waits for the client's delayed acknowledgement, 40 ms a request.
        System.setProperty("sun.net.httpserver.nodelay", "true");
    }

    /** How R2 charges a request: A for what changes or lists, B for what reads; a delete is free. */
    public enum RequestClass {
        A,
        B,
        FREE
    }

    /** What may go wrong with a request. Only the answer of {@code ANSWER_LOST} is lost, it is applied before. */
    public enum Fault {
        INTERNAL_ERROR(500),
        SERVICE_UNAVAILABLE(503),
        TOO_MANY_REQUESTS(429),
        /** As S3 answers one of two conditional puts at the same moment. */
        CONFLICT(409),
        /** As R2 answers what a token may not do. */
        ACCESS_DENIED(403),
        /** As S3 answers a request whose time is far from its own. */
        CLOCK_SKEW(403),
        /** The connection ends without an answer, and nothing is applied. */
        DROP(0),
        /** No answer until {@link #clearFaults}, and nothing is applied. */
        HANG(0),
        ANSWER_LOST(0),
        /** The connection ends after half of the answer's body; for reads and lists. */
        BREAK_OFF(0),
        /** The second half of the answer's body comes two seconds after the first. */
        SLOW_BODY(0);

        private final int status;

        Fault(int status) {
            this.status = status;
        }
    }

    /**
     * A request as the front saw it, whether or not it was let through.
     *
     * @param method as in HTTP, but LIST for a listing
     * @param key of the object, or the prefix of a LIST
     */
    public record Request(String method, String key) {
        public RequestClass requestClass() {
            return switch (method) {
                case "GET", "HEAD" -> RequestClass.B;
                case "DELETE" -> RequestClass.FREE;
                default -> RequestClass.A;
            };
        }
    }

    private static final String BUCKET = "glimpse";
    private static final String ACCESS_KEY_ID = "test";
    private static final String SECRET_ACCESS_KEY = "secret";
    private static final int THREADS = 64;
    private static final Pattern PRETENDED = Pattern.compile("images/[0-9a-f]");

    /** Set by each side for its own connection. */
    private static final Set<String> HOP_BY_HOP = Set.of(
            "connection",
            "keep-alive",
            "transfer-encoding",
            "content-length",
            "expect",
            "host",
            "date",
            "upgrade",
            "proxy-authorization",
            "proxy-connection");

    private final TransientNio2BlobStore memory = new TransientNio2BlobStore();
    private final S3Proxy store;
    private final HttpHost storeHost;
    private final CloseableHttpClient client;
    private final HttpServer front;
    private final ExecutorService threads = Executors.newFixedThreadPool(THREADS, TestBucket::daemon);
    private final Queue<Request> requests = new ConcurrentLinkedQueue<>();
    private final List<Rule> rules = new CopyOnWriteArrayList<>();

    private final Map<String, Long> lastWrites = new ConcurrentHashMap<>();
    private final LongAdder bytesReceived = new LongAdder();
    private final LongAdder bytesSent = new LongAdder();

    private volatile CountDownLatch hanging = new CountDownLatch(1);
    private volatile @Nullable Random chance;
    private volatile double faultRate;
    private volatile boolean writesLimited;
    private volatile boolean conditionsIgnored;
    private volatile boolean racesLost;
    private volatile int pretended;
    private volatile @Nullable DirectoryListing directory;
    private volatile Duration readLatency = Duration.ZERO;
    private volatile Duration writeLatency = Duration.ZERO;

    private TestBucket(int port) throws Exception {
        // First, so that a port in use leaves nothing running.
        front = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        memory.createContainer(BUCKET);
        store = S3Proxy.builder()
                .blobStore(memory)
                .endpoint(URI.create("http://127.0.0.1:0"))
                .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, ACCESS_KEY_ID, SECRET_ACCESS_KEY)
                .v4MaxNonChunkedRequestSize(1L << 30)
                .jettyMaxThreads(THREADS + 16)
                .build();
        store.start();
        storeHost = new HttpHost("http", "127.0.0.1", store.getPort());
        client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setMaxConnTotal(THREADS)
                        .setMaxConnPerRoute(THREADS)
                        .build())
                .disableAutomaticRetries()
                .disableRedirectHandling()
                .disableContentCompression()
                .disableDefaultUserAgent()
                .build();
        front.setExecutor(threads);
        front.createContext("/", this::handle);
        front.start();
    }

    /** An empty bucket on a free port, as fast as memory. */
    public static TestBucket start() {
        return start(0);
    }

    public static TestBucket start(int port) {
        try {
            return new TestBucket(port);
        } catch (Exception e) {
            throw new IllegalStateException("the test bucket does not start", e);
        }
    }

    /** From now on as slow as R2: 60 ms a read, 100 ms a write or list. */
    public TestBucket slow() {
        return latency(Duration.ofMillis(60), Duration.ofMillis(100));
    }

    /** From now on; a delete takes as long as a write. */
    public TestBucket latency(Duration reads, Duration writesAndLists) {
        readLatency = reads;
        writeLatency = writesAndLists;
        return this;
    }

    /** From now on a second write of a key within a second is answered 429, as R2 does. */
    public TestBucket limitWrites() {
        writesLimited = true;
        return this;
    }

    /** From now on, besides what {@link #fault} asks for, this part of all requests fails, in every way but by hanging. */
    public TestBucket faultsByChance(double rate, long seed) {
        chance = new Random(seed);
        faultRate = rate;
        return this;
    }

    /** From now on a put replaces what is there, as in stores that do not know If-None-Match. */
    public TestBucket ignoreConditions() {
        conditionsIgnored = true;
        return this;
    }

    /**
     * From now on a put first looks whether its key is taken, and writes a moment later whatever has come meanwhile: the second
     * of two puts in a row is refused, and of a race all win.
     */
    public TestBucket loseRaces() {
        racesLost = true;
        return this;
    }

    /** The token may read and not write, until {@link #clearFaults}. */
    public void readOnly() {
        fault(
                Fault.ACCESS_DENIED,
                Integer.MAX_VALUE,
                (method, key) -> Set.of("PUT", "POST", "DELETE").contains(method));
    }

    /**
     * From now on listings are as those of S3's directory buckets: in no order, and only of the prefixes of whole folders; another prefix
     * is refused.
     *
     * @param page keys of a page at most; a thousand in S3
     */
    public TestBucket directoryListings(int page) {
        directory = new DirectoryListing(page);
        return this;
    }

    /** From now on listings of {@code images/0} to {@code images/f} begin with so many old pictures in all, keys alone. */
    public TestBucket pretendPictures(int count) {
        pretended = count;
        return this;
    }

    public String endpoint() {
        return "http://127.0.0.1:" + front.getAddress().getPort();
    }

    public String bucket() {
        return BUCKET;
    }

    public String accessKeyId() {
        return ACCESS_KEY_ID;
    }

    public String secretAccessKey() {
        return SECRET_ACCESS_KEY;
    }

    /** The four settings as Spring properties, {@code name=value}. */
    public String[] properties() {
        return new String[] {
            "r2.endpoint=" + endpoint(),
            "r2.bucket=" + bucket(),
            "r2.access-key-id=" + accessKeyId(),
            "r2.secret-access-key=" + secretAccessKey()
        };
    }

    /** The same as variables of a process. */
    public Map<String, String> environment() {
        return Map.of(
                "R2_ENDPOINT", endpoint(),
                "R2_BUCKET", bucket(),
                "R2_ACCESS_KEY_ID", accessKeyId(),
                "R2_SECRET_ACCESS_KEY", secretAccessKey());
    }

    /** A store on this bucket, with time limits as in production. The caller closes it. */
    public ObjectStore open() {
        return TestStores.bucket(environment());
    }

    public R2Properties r2() {
        return new R2Properties(endpoint(), bucket(), accessKeyId(), secretAccessKey());
    }

    /** What is there below this prefix, with its bytes. Not counted as a request. */
    public Map<String, Long> sizes(String prefix) {
        Map<String, Long> sizes = new TreeMap<>();
        objects(prefix).forEach(object -> sizes.put(object.key(), object.size()));
        return sizes;
    }

    private List<S3Object> objects(String prefix) {
        List<S3Object> objects = new ArrayList<>();
        ListObjectsV2Request.Builder page =
                ListObjectsV2Request.builder().bucket(BUCKET).prefix(prefix);
        for (ListObjectsV2Response found = memory.list(page.build()); ; ) {
            objects.addAll(found.contents());
            if (found.nextContinuationToken() == null) {
                return objects;
            }
            found = memory.list(
                    page.continuationToken(found.nextContinuationToken()).build());
        }
    }

    /** All requests since the start or {@link #resetCounts}, in the order of their arrival. */
    public List<Request> requests() {
        return List.copyOf(requests);
    }

    public long count(RequestClass requestClass) {
        return count(requestClass, "");
    }

    /** Of the keys that begin so, {@code images/} for example. */
    public long count(RequestClass requestClass, String prefix) {
        return requests.stream()
                .filter(request ->
                        request.requestClass() == requestClass && request.key().startsWith(prefix))
                .count();
    }

    /** As HTTP calls the method, or LIST. */
    public long count(String method, String prefix) {
        return requests.stream()
                .filter(request ->
                        request.method().equals(method) && request.key().startsWith(prefix))
                .count();
    }

    /** Of the bodies of requests, since the start or {@link #resetCounts}. */
    public long bytesReceived() {
        return bytesReceived.sum();
    }

    /** Of the bodies of answers, since the start or {@link #resetCounts}. */
    public long bytesSent() {
        return bytesSent.sum();
    }

    public void resetCounts() {
        requests.clear();
        bytesReceived.reset();
        bytesSent.reset();
    }

    /** The next so many requests whose method (LIST for a listing) and key are such fail so. Rules add up; first come. */
    public void fault(Fault fault, int times, BiPredicate<String, String> methodAndKey) {
        rules.add(new Rule(fault, new AtomicInteger(times), methodAndKey));
    }

    /** Every connection is dropped until {@link #clearFaults}. */
    public void down() {
        fault(Fault.DROP, Integer.MAX_VALUE, (method, key) -> true);
    }

    /** No new faults; what hangs goes on to hang. */
    public void onlyHeldRequestsHang() {
        rules.clear();
    }

    /** Ends all faults. What hangs is dropped. */
    public void clearFaults() {
        rules.clear();
        chance = null;
        CountDownLatch waiting = hanging;
        hanging = new CountDownLatch(1);
        waiting.countDown();
    }

    @Override
    public void close() {
        clearFaults();
        front.stop(0);
        threads.shutdownNow();
        try {
            client.close();
            store.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the test bucket does not stop", e);
        }
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            Request request = request(exchange);
            requests.add(request);
            bytesReceived.add(body.length);
            DirectoryListing listings = directory;
            boolean read = request.requestClass() == RequestClass.B;
            TimeUnit.NANOSECONDS.sleep((read ? readLatency : writeLatency).toNanos());
            Fault fault = take(request);
            boolean applied = fault == null || fault == Fault.ANSWER_LOST;
            if (applied && request.method().equals("PUT")) {
                lastWrites.put(request.key(), System.nanoTime());
                if (conditionsIgnored) {
                    memory.removeBlob(BUCKET, request.key());
                }
                if (racesLost && fault == null && wasFreeAMomentAgo(request.key())) {
                    replace(exchange, request.key(), body);
                    return;
                }
            }
            if (applied && (isConditionalCopy(exchange) || request.method().equals("DELETE"))) {
                changeOrRefuse(exchange, request, body, fault == null);
            } else if (fault == null
                    && pretended > 0
                    && PRETENDED.matcher(request.key()).matches()) {
                listPretended(exchange, request.key());
            } else if (fault == null && listings != null && request.method().equals("LIST")) {
                DirectoryListing.Page page =
                        listings.page(request.key(), parameters(exchange.getRequestURI()), objects(request.key()));
                sendXml(exchange, page.status(), page.xml());
            } else if (fault == null) {
                forward(exchange, body, true, null);
            } else if (fault == Fault.BREAK_OFF || fault == Fault.SLOW_BODY) {
                forward(exchange, body, true, fault);
            } else if (fault == Fault.ANSWER_LOST) {
                forward(exchange, body, false, null);
            } else if (fault == Fault.HANG) {
                hanging.await();
            } else if (fault != Fault.DROP) {
                answer(exchange, fault);
            }
            // An exchange that is closed without an answer ends the connection.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isConditionalCopy(HttpExchange exchange) {
        return exchange.getRequestHeaders().containsKey("cf-copy-destination-if-match");
    }

    /** Knows R2's condition for the target of a copy, one change at a time, so that none comes between the look and the copy. */
    private synchronized void changeOrRefuse(HttpExchange exchange, Request request, byte[] body, boolean answer)
            throws IOException {
        String expected = exchange.getRequestHeaders().getFirst("cf-copy-destination-if-match");
        boolean holds = expected == null
                || conditionsIgnored
                || String.valueOf(etag(request.key())).replace("\"", "").equals(expected.replace("\"", ""));
        if (holds) {
            forward(exchange, body, answer, null);
        } else if (answer) {
            sendXml(exchange, 412, "<Error><Code>PreconditionFailed</Code><Message>not as it was</Message></Error>");
        }
    }

    /** Null if there is no such object. */
    private @Nullable String etag(String key) {
        return objects(key).stream()
                .filter(object -> object.key().equals(key))
                .map(S3Object::eTag)
                .findFirst()
                .orElse(null);
    }

    private boolean wasFreeAMomentAgo(String key) throws InterruptedException {
        boolean free = !sizes(key).containsKey(key);
        TimeUnit.MILLISECONDS.sleep(100);
        return free;
    }

    /** One at a time, so that none finds what another has put in between. */
    private synchronized void replace(HttpExchange exchange, String key, byte[] body) throws IOException {
        memory.removeBlob(BUCKET, key);
        forward(exchange, body, true, null);
    }

    /** Pages of a thousand keys that nobody has put, and a last one of those that are there. */
    private void listPretended(HttpExchange exchange, String prefix) throws IOException {
        String token = parameters(exchange.getRequestURI()).getOrDefault("continuation-token", "0");
        int page = Integer.parseInt(token);
        boolean more = page < pretended / 16 / 1000;
        List<S3Object> objects = more
                ? IntStream.range(page * 1000, page * 1000 + 1000)
                        .mapToObj(n -> S3Object.builder()
                                .key(prefix + "%063x".formatted(n) + ".jpg")
                                .lastModified(Instant.parse("2020-01-01T00:00:00Z"))
                                .size(1L)
                                .eTag("\"0\"")
                                .build())
                        .toList()
                : objects(prefix);
        sendXml(exchange, 200, ListingXml.of(objects, more ? Integer.toString(page + 1) : null));
    }

    private static Request request(HttpExchange exchange) {
        URI uri = exchange.getRequestURI();
        String[] path = uri.getPath().split("/", 3);
        String key = path.length < 3 ? "" : path[2];
        if (!key.isEmpty() || !exchange.getRequestMethod().equals("GET")) {
            return new Request(exchange.getRequestMethod(), key);
        }
        return new Request("LIST", parameters(uri).getOrDefault("prefix", ""));
    }

    private static Map<String, String> parameters(URI uri) {
        Map<String, String> parameters = new HashMap<>();
        for (String parameter : String.valueOf(uri.getRawQuery()).split("&", -1)) {
            String[] nameAndValue = parameter.split("=", 2);
            if (nameAndValue.length == 2) {
                parameters.put(nameAndValue[0], URLDecoder.decode(nameAndValue[1], StandardCharsets.UTF_8));
            }
        }
        return parameters;
    }

    private @Nullable Fault take(Request request) {
        for (Rule rule : rules) {
            if (rule.methodAndKey.test(request.method(), request.key()) && rule.left.getAndDecrement() > 0) {
                return rule.fault;
            }
        }
        if (writesLimited && isSecondWriteWithinASecond(request)) {
            return Fault.TOO_MANY_REQUESTS;
        }
        Random dice = chance;
        if (dice == null || dice.nextDouble() >= faultRate) {
            return null;
        }
        boolean reads =
                request.requestClass() == RequestClass.B || request.method().equals("LIST");
        List<Fault> possible = Arrays.stream(Fault.values())
                .filter(fault -> fault != Fault.HANG && fault != Fault.ACCESS_DENIED && fault != Fault.CLOCK_SKEW)
                .filter(fault -> fault != (reads ? Fault.CONFLICT : Fault.BREAK_OFF))
                .filter(fault -> reads || fault != Fault.SLOW_BODY)
                .toList();
        return possible.get(dice.nextInt(possible.size()));
    }

    private boolean isSecondWriteWithinASecond(Request request) {
        Long before = lastWrites.get(request.key());
        return request.method().equals("PUT")
                && before != null
                && System.nanoTime() - before < TimeUnit.SECONDS.toNanos(1);
    }

    private void forward(HttpExchange exchange, byte[] body, boolean answer, @Nullable Fault fault) throws IOException {
        URI uri = exchange.getRequestURI();
        ClassicHttpRequest forwarded = new BasicClassicHttpRequest(
                exchange.getRequestMethod(),
                uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery()));
        // The signature covers the name under which the client reached us: another one if we were its proxy.
        URI host = URI.create("http://" + exchange.getRequestHeaders().getFirst("Host"));
        forwarded.setAuthority(new URIAuthority(host.getHost(), host.getPort()));
        forwarded.setScheme("http");
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (!HOP_BY_HOP.contains(name.toLowerCase(Locale.ROOT))
                    && !(name.equalsIgnoreCase("content-type") && body.length > 0)) {
                values.forEach(value -> forwarded.addHeader(name, value));
            }
        });
        if (body.length > 0) {
            String type = exchange.getRequestHeaders().getFirst("Content-Type");
            forwarded.setEntity(new ByteArrayEntity(body, type == null ? null : ContentType.parse(type)));
        } else if (exchange.getRequestMethod().startsWith("P")) {
            forwarded.setEntity(new ByteArrayEntity(body, null));
        }
        client.execute(storeHost, forwarded, response -> {
            byte[] content = response.getEntity() == null ? new byte[0] : EntityUtils.toByteArray(response.getEntity());
            if (answer) {
                Headers headers = exchange.getResponseHeaders();
                for (Header header : response.getHeaders()) {
                    boolean length = header.getName().equalsIgnoreCase("content-length")
                            && exchange.getRequestMethod().equals("HEAD");
                    if (length || !HOP_BY_HOP.contains(header.getName().toLowerCase(Locale.ROOT))) {
                        headers.add(header.getName(), header.getValue());
                    }
                }
                send(exchange, response.getCode(), content, fault);
            }
            return null;
        });
    }

    private void answer(HttpExchange exchange, Fault fault) throws IOException {
        String code = switch (fault) {
            case SERVICE_UNAVAILABLE -> "ServiceUnavailable";
            case TOO_MANY_REQUESTS -> "TooManyRequests";
            case ACCESS_DENIED -> "AccessDenied";
            case CLOCK_SKEW -> "RequestTimeTooSkewed";
            default -> "InternalError";
        };
        boolean head = exchange.getRequestMethod().equals("HEAD");
        sendXml(
                exchange,
                fault.status,
                head ? "" : "<Error><Code>" + code + "</Code><Message>as the test asked</Message></Error>");
    }

    private void sendXml(HttpExchange exchange, int status, String xml) throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/xml");
        send(exchange, status, xml.getBytes(StandardCharsets.UTF_8), null);
    }

    private void send(HttpExchange exchange, int status, byte[] content, @Nullable Fault fault) throws IOException {
        bytesSent.add(content.length);
        exchange.sendResponseHeaders(status, content.length == 0 ? -1 : content.length);
        if (content.length == 0) {
            return;
        }
        OutputStream out = exchange.getResponseBody();
        int half = fault == null ? content.length : content.length / 2;
        out.write(content, 0, half);
        out.flush();
        if (fault == Fault.SLOW_BODY) {
            try {
                TimeUnit.SECONDS.sleep(2);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            out.write(content, half, content.length - half);
        }
    }

    private static Thread daemon(Runnable task) {
        Thread thread = new Thread(task, "test-bucket");
        thread.setDaemon(true);
        return thread;
    }

    private record Rule(Fault fault, AtomicInteger left, BiPredicate<String, String> methodAndKey) {}
}

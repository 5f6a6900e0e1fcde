package dev.glimpse.fetch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Ports;
import dev.glimpse.testing.RawServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLServerSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.util.unit.DataSize;

/** Against servers that mean harm, on real sockets: 127.0.0.1 stands for the internet, 127.0.0.2 for what is private. */
@Timeout(60)
class UrlFetcherTest {
    private static final int LIMIT = 100_000;
    private static final Duration LATE = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofMillis(200);
    private static final byte[] PICTURE = "a picture".getBytes(StandardCharsets.UTF_8);

    private final Map<String, RawServer.Answer> answers = new ConcurrentHashMap<>();
    private final Map<String, Queue<String[]>> names = new ConcurrentHashMap<>();
    private final List<ServerSocket> sockets = Ports.sockets("127.0.0.1", "127.0.0.2");
    private final RawServer server = new RawServer(
            sockets.get(0),
            (path, out) -> answers.getOrDefault(path, (asked, to) -> RawServer.write(to, "HTTP/1.1 404 \r\n\r\n"))
                    .write(path, out));
    private final RawServer secret = new RawServer(sockets.get(1), (path, out) -> RawServer.ok(out, PICTURE));
    private final UrlFetcher fetcher = fetcher(LATE);

    @AfterEach
    void stop() {
        fetcher.close();
        server.close();
        secret.close();
    }

    private UrlFetcher fetcher(Duration deadline) {
        return fetcher(deadline, address -> address.getHostAddress().equals("127.0.0.1"));
    }

    private UrlFetcher fetcher(Duration deadline, Predicate<InetAddress> allowed) {
        return new UrlFetcher(DataSize.ofBytes(LIMIT), deadline, allowed, port -> true, this::addresses);
    }

    /** Names under {@code test} have the addresses that a test gives them, one answer after the other. */
    private InetAddress[] addresses(String host) throws UnknownHostException {
        if (!host.contains(".test")) {
            return InetAddress.getAllByName(host);
        }
        String[] answer = names.getOrDefault(host, new ArrayDeque<>()).poll();
        if (answer == null) {
            throw new UnknownHostException(host);
        }
        InetAddress[] addresses = new InetAddress[answer.length];
        for (int i = 0; i < answer.length; i++) {
            addresses[i] = InetAddress.getByName(answer[i]);
        }
        return addresses;
    }

    private void name(String host, String... addresses) {
        names.computeIfAbsent(host, name -> new ArrayDeque<>()).add(addresses);
    }

    private void at(String path, RawServer.Answer answer) {
        answers.put(path, answer);
    }

    private void at(String path, String answer) {
        answers.put(path, (asked, out) -> RawServer.write(out, answer));
    }

    private byte[] fetch(String path) {
        return fetchUrl(server.url(path));
    }

    private byte[] fetchUrl(String url) {
        return fetcher.fetch(UrlFetcher.parse(url));
    }

    private void assertNotFetched(String url, String reason) {
        assertThatThrownBy(() -> fetchUrl(url))
                .isInstanceOf(UrlNotFetchedException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void asksPlainlyAndReturnsWhatIsThere() {
        at("/a%20b.png?size=1,2", (path, out) -> RawServer.ok(out, PICTURE));

        assertThat(fetch("/a%20b.png?size=1,2#part")).isEqualTo(PICTURE);

        assertThat(server.requests()).singleElement().satisfies(request -> {
            assertThat(request).startsWith("GET /a%20b.png?size=1,2 HTTP/1.1\n").contains("User-Agent: Glimpse\n");
            assertThat(request).doesNotContainIgnoringCase("Accept-Encoding", "Authorization", "Cookie", "Upgrade");
        });
    }

    @Test
    void bodyWithoutALengthIsReadToItsEnd() {
        at("/closed", "HTTP/1.1 200 OK\r\n\r\na picture");
        at("/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na \r\n7\r\npicture\r\n0\r\n\r\n");

        assertThat(fetch("/closed")).isEqualTo(PICTURE);
        assertThat(fetch("/chunked")).isEqualTo(PICTURE);
    }

    @Test
    void lettersBeyondAsciiAreEncoded() {
        at("/k%C3%A4tzchen.png", (path, out) -> RawServer.ok(out, PICTURE));

        assertThat(fetch("/kätzchen.png")).isEqualTo(PICTURE);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectIsFollowed(int status) {
        at("/from/here", "HTTP/1.1 " + status + " \r\nLocation: ../there\r\nContent-Length: 0\r\n\r\n");
        at("/there", (path, out) -> RawServer.ok(out, PICTURE));

        assertThat(fetch("/from/here")).isEqualTo(PICTURE);
    }

    @Test
    void sixthRedirectIsNotFollowed() {
        at("/0", (path, out) -> RawServer.ok(out, PICTURE));
        for (int left = 1; left <= 6; left++) {
            String next = "/" + (left - 1);
            at("/" + left, (path, out) -> RawServer.redirect(out, next));
        }

        assertThat(fetch("/5")).isEqualTo(PICTURE);
        assertNotFetched(server.url("/6"), "127.0.0.1 redirects after 5 redirects");
    }

    @Test
    void redirectInACircleEnds() {
        at("/circle", (path, out) -> RawServer.redirect(out, "/circle"));

        assertNotFetched(server.url("/circle"), "redirects");

        assertThat(server.connections()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://127.0.0.2:PORT/",
                "//127.0.0.2:PORT/",
                "http://2130706434:PORT/",
                "http://0x7f000002:PORT/",
                "http://0x7f.0.0.2:PORT/",
                "http://0177.0.0.2:PORT/",
                "http://127.2:PORT/",
                "http://127.0.0.2.:PORT/",
                "http://[::ffff:127.0.0.2]:PORT/",
                "http://[::ffff:7f00:2]:PORT/",
                "http://[::1]:PORT/",
                "http://[fe80::1%25lo]:PORT/",
                "http://secret.test:PORT/",
                "http://secret.test.:PORT/",
                "http://127.0.0.1@127.0.0.2:PORT/",
                "http://127.0.0.2:PORT\\@127.0.0.1/",
                "http://169.254.169.254/latest/meta-data/",
                "http://[fd00:ec2::254]/latest/meta-data/",
                "file:///etc/passwd",
                "ftp://127.0.0.1/a.png",
                "jar:http://127.0.0.1/a.jar!/b",
                "http:///a.png",
                "http:a.png",
                "http://127.0.0.1:PORT//127.0.0.2:PORT/"
            })
    void redirectToWhereNobodyMayGoIsRefused(String location) {
        name("secret.test", "127.0.0.2");
        name("secret.test.", "127.0.0.2");
        at("/", (path, out) -> RawServer.redirect(out, location.replace("PORT", String.valueOf(server.port()))));

        assertNotFetched(server.url("/"), "");

        assertThat(server.connections()).isEqualTo(1);
        assertThat(secret.connections()).isZero();
    }

    @Test
    void redirectFromHttpsToHttpIsRefused() {
        URI secure = URI.create("https://a.test/b/c");

        assertThat(UrlFetcher.target(secure, "/d")).hasToString("https://a.test/d");
        assertThat(UrlFetcher.target(secure, "https://b.test/")).hasToString("https://b.test/");
        assertThat(UrlFetcher.target(URI.create("http://a.test/"), "https://b.test/"))
                .hasToString("https://b.test/");
        assertThatThrownBy(() -> UrlFetcher.target(secure, "HTTP://a.test/d"))
                .isInstanceOf(UrlNotFetchedException.class)
                .hasMessageContaining("from https to http");
    }

    @ParameterizedTest
    @CsvSource({
        "'', only URLs of http and https are fetched",
        "picture.png, only URLs of http and https are fetched",
        "/etc/passwd, only URLs of http and https are fetched",
        "file:///etc/passwd, only URLs of http and https are fetched",
        "ftp://a.test/b, only URLs of http and https are fetched",
        "mailto:a@a.test, only URLs of http and https are fetched",
        "http:picture.png, names no host",
        "http:///picture.png, names no host",
        "http://under_score.test/, names no host",
        "http://a.test:80:80/, names no host",
        "http://a.test:99999999999/, names no host",
        "http://user:secret@a.test/, the URL has a user name",
        "http://a.test:22/, 'ports are 80 and 443, not 22'",
        "https://a.test:8443/, 'ports are 80 and 443, not 8443'",
        "http://a.test:0/, 'ports are 80 and 443, not 0'",
        "http://a.test//b, begins with two slashes",
        "http://a.test/b c, not a URL: Illegal character in path at character 15",
        "http://[::1/, not a URL",
        "http://a.test/%, not a URL"
    })
    void urlsThatAreNotAskedForAreNamed(String url, String reason) {
        try (UrlFetcher usual = new UrlFetcher(DataSize.ofBytes(LIMIT))) {
            assertThatThrownBy(() -> usual.fetch(UrlFetcher.parse(url)))
                    .isInstanceOf(UrlNotFetchedException.class)
                    .hasMessageContaining(reason)
                    .hasMessageNotContaining("secret");
        }
    }

    @Test
    void portThatDoesNotExistIsRefusedWhereAllPortsAreAllowed() {
        try (UrlFetcher any = UrlFetcher.ofAnyAddress(DataSize.ofBytes(LIMIT))) {
            assertThatThrownBy(() -> any.fetch(UrlFetcher.parse("http://a.test:99999/a.jpg")))
                    .isInstanceOf(UrlNotFetchedException.class)
                    .hasMessageContaining("there is no port 99999");
        }
    }

    @Test
    void urlOfMoreThan2000CharactersIsRefused() {
        assertThatThrownBy(() -> UrlFetcher.parse("http://a.test/" + "x".repeat(1987)))
                .isInstanceOf(UrlNotFetchedException.class)
                .hasMessageContaining("2001 characters");
    }

    /** Else the answers would tell which names and servers there are in our network. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "2130706433",
                "0x7f000001",
                "127.0.0.2",
                "[::1]",
                "[::ffff:127.0.0.1]",
                "[fe80::1%25lo]",
                "localhost",
                "169.254.169.254",
                "10.0.0.1",
                "private.test",
                "mixed.test",
                "unknown.test"
            })
    void everythingThatIsNotPublicIsAnsweredAlikeWhetherItIsThereOrNot(String host) {
        name("private.test", "192.168.1.1");
        name("mixed.test", "8.8.8.8", "127.0.0.1");

        try (UrlFetcher strict = fetcher(LATE, PublicAddresses::isPublic)) {
            assertThatThrownBy(() -> strict.fetch(URI.create("http://" + host + ":" + server.port() + "/")))
                    .isInstanceOf(UrlNotFetchedException.class)
                    .hasMessage(host + " has no address, or one that is not public");
        }
        assertThat(server.connections() + secret.connections()).isZero();
    }

    @Test
    void nameThatChangesItsAddressIsNotFollowedThere() {
        name("rebound.test", "127.0.0.1");
        name("rebound.test", "127.0.0.2");
        at("/", (path, out) -> RawServer.redirect(out, "/again"));

        assertNotFetched("http://rebound.test:" + server.port() + "/", "rebound.test has no address, or one");

        assertThat(names.get("rebound.test")).isEmpty();
        assertThat(server.connections()).isEqualTo(1);
        assertThat(secret.connections()).isZero();
    }

    @Test
    void nameIsLookedUpOnceForAConnection() {
        name("once.test", "127.0.0.1");
        name("once.test", "127.0.0.2");
        at("/", (path, out) -> RawServer.ok(out, PICTURE));

        assertThat(fetchUrl("http://once.test:" + server.port() + "/")).isEqualTo(PICTURE);

        assertThat(names.get("once.test")).hasSize(1);
    }

    @Test
    void bodyOfTheLimitIsTakenAndOneByteMoreIsNot() {
        at("/most", (path, out) -> RawServer.ok(out, new byte[LIMIT]));
        at("/more", (path, out) -> RawServer.ok(out, new byte[LIMIT + 1]));

        assertThat(fetch("/most")).hasSize(LIMIT);
        assertThatThrownBy(() -> fetch("/more"))
                .isInstanceOf(UrlTooLargeException.class)
                .hasMessageContaining("127.0.0.1 sends more than 100000 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Content-Length: 9999999999\r\n", "Transfer-Encoding: chunked\r\n"})
    void bodyWithoutAnEndIsCutAtTheLimit(String header) {
        at("/", (path, out) -> {
            RawServer.write(out, "HTTP/1.1 200 OK\r\n" + header + "\r\n");
            while (true) {
                RawServer.write(out, "2000\r\n" + "x".repeat(0x2000) + "\r\n");
            }
        });

        assertThatThrownBy(() -> fetch("/")).isInstanceOf(UrlTooLargeException.class);

        await().until(() -> server.broken() == 1);
    }

    @Test
    void bodyOfARedirectIsNotRead() {
        at("/", (path, out) -> {
            RawServer.write(out, "HTTP/1.1 302 Found\r\nLocation: /picture\r\n\r\n");
            while (true) {
                RawServer.write(out, "x".repeat(0x2000));
            }
        });
        at("/picture", (path, out) -> RawServer.ok(out, PICTURE));

        assertThat(fetch("/")).isEqualTo(PICTURE);

        await().until(() -> server.broken() == 1);
    }

    @Test
    void lengthThatIsALieHelpsNobody() {
        at("/longer", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\na picture");
        at("/shorter", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na picture");

        assertNotFetched(server.url("/longer"), "127.0.0.1 breaks off");
        assertThat(fetch("/shorter")).isEqualTo("a pic".getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n"})
    void serverThatDripsIsCutAtTheDeadline(String start) {
        at("/", (path, out) -> {
            RawServer.write(out, start);
            drip(out);
        });

        try (UrlFetcher hasty = fetcher(SOON)) {
            assertThatThrownBy(() -> hasty.fetch(URI.create(server.url("/"))))
                    .isInstanceOf(UrlNotFetchedException.class)
                    .hasMessageStartingWith("127.0.0.1 takes longer than");
        }

        await().until(() -> server.broken() == 1);
    }

    /** The deadline is over long before the client's bounds of a head are reached. */
    private static void drip(OutputStream out) throws IOException {
        while (!Thread.currentThread().isInterrupted()) {
            out.write('x');
            out.flush();
            LockSupport.parkNanos(5_000_000);
        }
    }

    @Test
    void deadlineIsOfAllRedirectsTogether() {
        at("/", (path, out) -> {
            LockSupport.parkNanos(SOON.toNanos() / 3);
            RawServer.redirect(out, "/");
        });

        try (UrlFetcher hasty = fetcher(SOON)) {
            assertThatThrownBy(() -> hasty.fetch(URI.create(server.url("/"))))
                    .isInstanceOf(UrlNotFetchedException.class)
                    .hasMessageContaining("takes longer than");
        }
    }

    @Test
    void headWithoutAnEndIsCut() {
        at("/line", (path, out) -> {
            RawServer.write(out, "HTTP/1.1 200 OK\r\nX: ");
            while (true) {
                RawServer.write(out, "x".repeat(0x2000));
            }
        });
        at("/lines", (path, out) -> {
            RawServer.write(out, "HTTP/1.1 200 OK\r\n");
            while (true) {
                RawServer.write(out, "X: x\r\n".repeat(0x400));
            }
        });

        assertNotFetched(server.url("/line"), "does not speak HTTP");
        assertNotFetched(server.url("/lines"), "does not speak HTTP");

        await().until(() -> server.broken() == 2);
    }

    @Test
    void compressedBodyIsNotUnpacked() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(new byte[50 << 20]);
        }
        byte[] bomb = packed.toByteArray();
        at("/", (path, out) -> {
            RawServer.write(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
            out.write(bomb);
        });

        assertThat(fetch("/")).isEqualTo(bomb);
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 204, 206, 300, 304, 400, 401, 404, 407, 500, 503})
    void otherStatusThan200IsToldAndNotTriedAgain(int status) {
        at("/", "HTTP/1.1 " + status + " \r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n");

        assertNotFetched(server.url("/"), "127.0.0.1 answers with status " + status);

        assertThat(server.connections()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "SSH-2.0-OpenSSH\r\n",
                "HTTP/1.1 abc\r\n\r\n",
                "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nx",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
                "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                "HTTP/9.9 200 OK\r\n\r\n",
                "HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"
            })
    void whatIsNoHttpIsNotFetched(String answer) {
        at("/", answer);

        assertNotFetched(server.url("/"), "");
    }

    @Test
    void serverThatIsNotThereIsNamed() {
        String url = server.url("/");
        server.close();

        assertNotFetched(url, "127.0.0.1 cannot be reached");
    }

    @Test
    void serverWithoutACertificateIsNamed() throws IOException {
        RawServer.Answer none = (path, out) -> {};
        try (RawServer untrusted = new RawServer(
                SSLServerSocketFactory.getDefault().createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
                none)) {
            assertNotFetched("https://127.0.0.1:" + untrusted.port() + "/", "127.0.0.1 offers no TLS that is trusted");
        }
    }

    @Test
    void closeBreaksOffWhatIsBeingFetched() {
        at("/", (path, out) -> drip(out));
        CompletableFuture<byte[]> fetch = CompletableFuture.supplyAsync(() -> fetch("/"));
        await().until(() -> server.requests().size() == 1);

        fetcher.close();

        assertThatThrownBy(fetch::join).hasCauseInstanceOf(UrlNotFetchedException.class);
    }
}

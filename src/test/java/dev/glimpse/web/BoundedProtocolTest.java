package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.glimpse.testing.Strangers;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class BoundedProtocolTest {
    private static final int THREADS = 4;
    /** More than systems keep for a client that does not read. */
    private static final int LARGE = 64 << 20;

    private static final String HOST = "Host: localhost\r\n";
    private static final String LENGTH = "Content-Length: 150000000\r\n";
    private static final String CHUNKED = "Transfer-Encoding: chunked\r\n";

    @TempDir
    Path folder;

    private final Tomcat tomcat = new Tomcat();

    /** GET answers at once and leaves the body alone, at length if asked to; POST reads it and says how long it was; DELETE refuses. */
    private static final class Servlet extends HttpServlet {
        private static final long serialVersionUID = 1L;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            if (request.getRequestURI().equals("/large")) {
                response.setContentLength(LARGE);
                response.getOutputStream().write(new byte[LARGE]);
            } else {
                response.getWriter().print("well");
            }
        }

        @Override
        protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.getWriter().print(request.getInputStream().readAllBytes().length + " bytes");
        }

        @Override
        protected void doDelete(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setStatus(401);
            response.getWriter().print("no key");
        }
    }

    private int serve(Consumer<BoundedProtocol> settings) throws LifecycleException {
        tomcat.setBaseDir(folder.toString());
        Connector connector = new Connector(BoundedProtocol.class.getName());
        connector.setPort(0);
        BoundedProtocol protocol = (BoundedProtocol) connector.getProtocolHandler();
        protocol.setMaxThreads(THREADS);
        protocol.setMaxSwallowSize(0);
        protocol.setContinueResponseTiming("onRead");
        settings.accept(protocol);
        tomcat.setConnector(connector);
        Context context = tomcat.addContext("", folder.toString());
        Tomcat.addServlet(context, "servlet", new Servlet());
        context.addServletMappingDecoded("/", "servlet");
        tomcat.start();
        return connector.getLocalPort();
    }

    @AfterEach
    void stop() throws LifecycleException {
        tomcat.stop();
        tomcat.destroy();
    }

    private int busyThreads() {
        return tomcat.getConnector().getProtocolHandler().getExecutor() instanceof ThreadPoolExecutor threads
                ? threads.getActiveCount()
                : ((org.apache.tomcat.util.threads.ThreadPoolExecutor)
                                tomcat.getConnector().getProtocolHandler().getExecutor())
                        .getActiveCount();
    }

    private static String ask(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            send(socket, "GET / HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private static void send(Socket socket, String bytes) throws IOException {
        socket.getOutputStream().write(bytes.getBytes(StandardCharsets.US_ASCII));
    }

    @ParameterizedTest
    @ValueSource(strings = {"DELETE " + LENGTH, "DELETE " + CHUNKED, "GET " + LENGTH, "GET " + CHUNKED})
    void bodyThatNobodyReadsHoldsNoThreadAndItsConnectionEnds(String methodAndHeader) throws Exception {
        int port = serve(protocol -> {});
        String[] parts = methodAndHeader.split(" ", 2);
        String request = parts[0] + " / HTTP/1.1\r\n" + HOST + parts[1] + "\r\n";

        try (Strangers strangers = Strangers.connect(port, 60, 20, request)) {
            String status = "HTTP/1.1 " + (parts[0].equals("GET") ? 200 : 401);
            await().untilAsserted(() -> assertThat(strangers.answers())
                    .allSatisfy(answer -> assertThat(answer).startsWith(status)));
            strangers.send("1");

            assertThat(ask(port)).endsWith("well");
            await().untilAsserted(() -> assertThat(busyThreads()).isZero());
            await().untilAsserted(() -> assertThat(strangers.ended()).isEqualTo(60));
        }
    }

    @Test
    void connectionWithAnUnreadBodySaysThatItEnds() throws Exception {
        int port = serve(protocol -> {});

        try (Strangers one =
                Strangers.connect(port, 1, 1, "DELETE / HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\n\r\n")) {
            await().until(() -> one.ended() == 1);

            assertThat(one.answers().get(0)).contains("Connection: close", "no key");
        }
    }

    @Test
    void clientThatIsStillSendingReadsTheAnswer() throws Exception {
        int port = serve(protocol -> {});
        int length = 10 << 20;

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            send(socket, "DELETE / HTTP/1.1\r\n" + HOST + "Content-Length: " + length + "\r\n\r\n");
            OutputStream out = socket.getOutputStream();
            out.write(new byte[length]);

            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .startsWith("HTTP/1.1 401")
                    .endsWith("no key");
        }
    }

    @Test
    void whoAsksBeforehandIsRefusedBeforeTheBody() throws Exception {
        int port = serve(protocol -> {});
        String head = " / HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n";

        try (Strangers refused = Strangers.connect(port, 1, 1, "DELETE" + head);
                Strangers read = Strangers.connect(port, 1, 1, "POST" + head)) {
            await().until(() -> refused.answers().get(0).endsWith("no key"));
            await().until(() -> read.answers().get(0).startsWith("HTTP/1.1 100"));
            read.send("abc");

            await().until(() -> read.answers().get(0).endsWith("3 bytes"));
            assertThat(refused.answers().get(0)).startsWith("HTTP/1.1 401");
        }
    }

    @Test
    void connectionWhoseBodiesAreReadGoesOn() throws Exception {
        int port = serve(protocol -> {});
        String request = "POST / HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc";
        String chunked = "POST / HTTP/1.1\r\n" + HOST + CHUNKED + "\r\n3\r\nabc\r\n0\r\n\r\n";

        try (Strangers one = Strangers.connect(port, 1, 1, request + chunked + request)) {
            await().until(() -> one.answers().get(0).split("3 bytes", -1).length == 4);

            assertThat(one.answers().get(0)).doesNotContain("Connection: close");
            assertThat(one.ended()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "G", "GET / HTTP/1.1\r\nX: ", "GET / HTTP/1.1\r\n" + HOST + "\r\n"})
    void headThatIsNotCompleteInTimeEndsItsConnectionHoweverItComes(String beginning) throws Exception {
        int port = serve(protocol -> protocol.setHeadTime(Duration.ofMillis(300)));

        try (Strangers strangers = Strangers.connect(port, 30, 10, beginning)) {
            await().pollInterval(Duration.ofMillis(50)).until(() -> {
                if (!beginning.isEmpty() && !beginning.endsWith("\r\n\r\n")) {
                    strangers.send("x");
                }
                return strangers.ended() == 30;
            });
        }

        assertThat(ask(port)).endsWith("well");
    }

    @Test
    void connectionsThatWaitEndEarlyWhileMostAreTaken() throws Exception {
        int port = serve(protocol -> {
            protocol.setMaxConnections(40);
            protocol.setHeadTime(Duration.ofMinutes(10));
        });

        try (Strangers strangers = Strangers.connect(port, 38, 10, "GET / HTTP/1.1\r\n")) {
            await().until(() -> strangers.ended() >= 38 - 30);

            assertThat(ask(port)).endsWith("well");
        }
    }

    @Test
    void oneClientHasSoManyConnectionsAndOthersStillHaveTheirs() throws Exception {
        int port = serve(protocol -> protocol.setConnections(
                address -> address.getHostAddress().equals("127.0.0.1")
                        ? Optional.empty()
                        : Optional.of(address.getHostAddress()),
                3));
        String request = "GET / HTTP/1.1\r\n" + HOST + "\r\n";

        try (Strangers first = Strangers.connect(port, 3, 1, request)) {
            await().untilAsserted(() -> assertThat(first.answers())
                    .allSatisfy(answer -> assertThat(answer).endsWith("well")));
            try (Strangers more = Strangers.connect(port, 2, 1, "");
                    Strangers twoAddresses = Strangers.connect(port, 2, 2, "")) {
                await().until(() -> more.ended() == 2);
                await().until(() -> twoAddresses.ended() == 1);
            }
            assertThat(ask(port)).endsWith("well");
        }

        // Those that have ended are no longer counted.
        try (Strangers later = Strangers.connect(port, 1, 1, request)) {
            await().until(() -> {
                later.reconnect();
                return later.answers().get(0).endsWith("well");
            });
        }
    }

    private static Socket readerOfALargeAnswer(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4 << 10);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        socket.getOutputStream().write(("GET /large HTTP/1.1\r\n" + HOST + "\r\n").getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** It takes some now and then, so Tomcat itself would go on for ever. */
    @Test
    void answerThatIsReadTooSlowlyEndsWithItsConnectionAndFreesItsThread() throws Exception {
        int port = serve(protocol -> protocol.setSlowestReader(Integer.MAX_VALUE, Duration.ofMillis(1)));

        try (Socket socket = readerOfALargeAnswer(port)) {
            long read = 0;
            byte[] some = new byte[1 << 10];
            try {
                for (int n = 0; n >= 0; n = socket.getInputStream().read(some)) {
                    read += n;
                }
            } catch (SocketException e) {
                assertThat(e).hasMessageContaining("reset");
            }

            assertThat(read).isLessThan(LARGE);
            await().until(() -> busyThreads() == 0);
        }
    }

    @Test
    void answerThatIsReadFastEnoughIsWholeAndSoIsTheNextOneOnItsConnection() throws Exception {
        int port = serve(protocol -> protocol.setSlowestReader(1, Duration.ZERO));

        try (Socket socket = readerOfALargeAnswer(port)) {
            socket.getOutputStream()
                    .write(("GET /large HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));

            assertThat(socket.getInputStream().readAllBytes()).hasSizeGreaterThan(2 * LARGE);
        }
    }
}

package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SlowUploadsTest {
    private static final int BODY = 100_000;

    @TempDir
    Path folder;

    private final Tomcat tomcat = new Tomcat();

    private int serve(SlowUploads valve) throws LifecycleException {
        tomcat.setBaseDir(folder.toString());
        tomcat.setPort(0);
        Context context = tomcat.addContext("", folder.toString());
        context.getPipeline().addValve(valve);
        Tomcat.addServlet(context, "reader", new HttpServlet() {
            private static final long serialVersionUID = 1L;

            @Override
            protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
                try {
                    response.getWriter().print(request.getInputStream().readAllBytes().length + " bytes");
                } catch (IOException e) {
                    // As Tomcat wraps it.
                    assertThat(e).rootCause().isInstanceOf(SocketTimeoutException.class);
                    readOn(request);
                    response.setStatus(HttpServletResponse.SC_REQUEST_TIMEOUT);
                }
            }
        });
        context.addServletMappingDecoded("/", "reader");
        tomcat.start();
        return tomcat.getConnector().getLocalPort();
    }

    @AfterEach
    void stop() throws LifecycleException {
        tomcat.stop();
        tomcat.destroy();
    }

    /** As a parser does that cleans up; it must not wait for the client again. */
    private static void readOn(HttpServletRequest request) {
        try {
            request.getInputStream().readAllBytes();
        } catch (IOException ignored) {
            // It does not matter how it ends, but when.
        }
    }

    private static void begin(OutputStream out) throws IOException {
        out.write(("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + BODY + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private static String answer(Socket socket) throws IOException {
        return new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
    }

    @Test
    void bodyThatDripsIsAnswered408AndItsConnectionEnds() throws Exception {
        int port = serve(new SlowUploads(1 << 20, Duration.ZERO));

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            begin(socket.getOutputStream());
            socket.getOutputStream().write('x');

            assertThat(answer(socket)).isEqualTo("HTTP/1.1 408");
            // The rest of the body is neither read nor taken for another request.
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                    .doesNotContain("HTTP/1.1");
        }
    }

    @Test
    void bodyThatComesFastEnoughIsReadAndSoIsTheNextOneOnItsConnection() throws Exception {
        int port = serve(new SlowUploads(1, Duration.ZERO));

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            for (int i = 0; i < 2; i++) {
                begin(socket.getOutputStream());
                socket.getOutputStream().write(new byte[BODY]);

                assertThat(answer(socket)).isEqualTo("HTTP/1.1 200");
                String rest = "";
                while (!rest.endsWith(BODY + " bytes")) {
                    rest += (char) socket.getInputStream().read();
                }
            }
        }
    }

    @Test
    void atTheBeginningAnyRateWillDo() throws Exception {
        int port = serve(new SlowUploads(Long.MAX_VALUE / 2, Duration.ofMinutes(1)));

        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            begin(socket.getOutputStream());
            socket.getOutputStream().write(new byte[BODY]);

            assertThat(answer(socket)).isEqualTo("HTTP/1.1 200");
        }
    }
}

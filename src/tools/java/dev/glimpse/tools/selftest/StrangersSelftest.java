package dev.glimpse.tools.selftest;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.Strangers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Holds a thousand connections of one kind to a server in a container's JVM, each of which sends a byte now and then and comes again
 * when the server ends it, and asks for health meanwhile, each time over a new connection. {@code scripts/selftest strangers}; Linux.
 */
final class StrangersSelftest {
    private static final int CONNECTIONS = 1_000;
    private static final int ASKED = 200;
    private static final double MOST_MILLIS = 50;

    private static final String HOST = " HTTP/1.1\r\nHost: localhost\r\n";
    private static final String LENGTH = "Content-Length: 150000000\r\n\r\n";
    private static final String FORM =
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 50000000\r\n\r\n--b\r\n";

    private record Kind(String name, String first) {}

    private static final List<Kind> WITH_KEYS = List.of(
            new Kind("upload without a key", "POST /upload" + HOST + LENGTH),
            new Kind("upload without a key, chunked", "POST /upload" + HOST + "Transfer-Encoding: chunked\r\n\r\n"),
            new Kind("health with a body", "GET /actuator/health" + HOST + LENGTH),
            new Kind("headers without an end", "GET /stats" + HOST + "X: "),
            new Kind("nothing at all", ""),
            new Kind("answered and idle", "GET /actuator/health" + HOST + "\r\n"));

    private static final List<Kind> WITHOUT_KEYS = List.of(
            new Kind("upload that drips", "POST /upload" + HOST + FORM),
            new Kind("page that is not read", "GET /webjars/swagger-ui/5.32.14/swagger-ui-bundle.js" + HOST + "\r\n"));

    private final ServerProcess server;
    private final Report report;

    private StrangersSelftest(ServerProcess server, Report report) {
        this.server = server;
        this.report = report;
    }

    public static void main(String[] args) throws Exception {
        Report report = new Report();
        report.say("%,d connections of each kind, %d requests for health; %s", CONNECTIONS, ASKED, Report.machine());
        run(
                Map.of(
                        "GLIMPSE_ACCESS_KEYS_ONE_SHA256",
                        Client.sha256("one"),
                        "GLIMPSE_ACCESS_KEYS_ONE_SCOPES",
                        "read"),
                WITH_KEYS,
                report);
        run(Map.of(), WITHOUT_KEYS, report);
        System.exit(report.status());
    }

    private static void run(Map<String, String> keys, List<Kind> kinds, Report report) throws Exception {
        Path root = Files.createTempDirectory(Path.of("target"), "strangers-").toAbsolutePath();
        Map<String, String> environment = new HashMap<>(keys);
        environment.put("JAVA_OPTS", ServerProcess.CONTAINER);
        report.say("# a server %s keys", keys.isEmpty() ? "without" : "with");
        try (ServerProcess server = ServerProcess.run(root.resolve("data"), root.resolve("log"), environment)) {
            StrangersSelftest selftest = new StrangersSelftest(server, report);
            selftest.health(() -> {});
            selftest.say("alone", selftest.health(() -> {}));
            for (Kind kind : kinds) {
                for (int addresses : new int[] {1, 250}) {
                    selftest.beside(kind, addresses);
                }
            }
            report.say("memory at most %.0f MB", server.memory().getOrDefault("VmHWM", 0.0));
            server.terminate();
        }
    }

    private interface Move {
        void make() throws IOException;
    }

    private void beside(Kind kind, int addresses) throws IOException {
        int[] ended = new int[1];
        try (Strangers strangers = Strangers.connect(server.port(), CONNECTIONS, addresses, kind.first())) {
            List<Double> millis = health(() -> {
                strangers.send("x");
                ended[0] += strangers.reconnect();
            });
            double most = say(kind.name() + ", " + addresses + " addresses (" + ended[0] + " ended)", millis);
            report.bar(most <= MOST_MILLIS, "  p99 at most %.0f ms", MOST_MILLIS);
        }
    }

    private double say(String beside, List<Double> millis) {
        double most = Report.quantile(millis, 0.99);
        report.say(
                "%s: health p50 %.1f ms, p99 %.1f, max %.1f",
                beside, Report.median(millis), most, Report.quantile(millis, 1));
        return most;
    }

    /** @param between each ten requests */
    private List<Double> health(Move between) throws IOException {
        List<Double> millis = new ArrayList<>();
        for (int i = 0; i < ASKED; i++) {
            if (i % 10 == 0) {
                between.make();
            }
            long start = System.nanoTime();
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setSoTimeout(30_000);
                socket.getOutputStream()
                        .write(("GET /actuator/health" + HOST + "Connection: close\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                if (!answer.startsWith("HTTP/1.1 200")) {
                    throw new IOException("no health: " + answer);
                }
            }
            millis.add((System.nanoTime() - start) / 1e6);
        }
        return millis;
    }
}

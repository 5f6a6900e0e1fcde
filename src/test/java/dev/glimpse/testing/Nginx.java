package dev.glimpse.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real nginx in front of a server; what needs it is skipped where there is none. */
public final class Nginx implements AutoCloseable {
    private static final Path NGINX = Path.of("/usr/sbin/nginx");
    private static final Pattern DOCUMENTED = Pattern.compile("```nginx\n(.*?)```", Pattern.DOTALL);

    private final Process process;
    private final int port;

    private Nginx(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * With the configuration in {@code docs/deploy.md}, in front of a server on this port.
     *
     * @param folder for its files; has to be empty
     */
    public static Nginx asDocumented(Path folder, int server) throws IOException {
        Matcher block = DOCUMENTED.matcher(Files.readString(Path.of("docs/deploy.md")));
        assertThat(block.find()).as("docs/deploy.md shows a configuration").isTrue();
        String text = block.group(1);
        for (String[] change : new String[][] {
            {"listen 80;", "listen 127.0.0.1:PORT;"},
            {"http://127.0.0.1:8080;", "http://127.0.0.1:" + server + ";"}
        }) {
            assertThat(text).contains(change[0]);
            text = text.replace(change[0], change[1]);
        }
        return start(folder, isRoot() ? "user root;" : "", text);
    }

    /** With nothing but {@code proxy_pass}, and these lines beside it. */
    public static Nginx withDefaults(Path folder, int server, String http, String location) throws IOException {
        return start(
                folder,
                isRoot() ? "user root;" : "",
                http + "server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:" + server + "; "
                        + location + " } }");
    }

    /**
     * As nginx 1.30 does it by default, when root starts it: its requests are those of a program here, but not its user. What is
     * larger than its buffers it cannot pass on, as its user cannot write into the folder.
     */
    public static Nginx ofAnotherUser(Path folder, int server) throws IOException {
        assumeTrue(isRoot(), "SKIPPED: only root can start a program as another user");
        return start(
                folder,
                "user nobody nogroup;",
                "server { listen 127.0.0.1:PORT; location / { proxy_pass http://127.0.0.1:" + server
                        + "; proxy_http_version 1.1; proxy_set_header Connection \"\"; } }");
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    /** @param http the inside of {@code http}; PORT stands for the port */
    private static Nginx start(Path folder, String main, String http) throws IOException {
        assumeTrue(Files.isExecutable(NGINX), "SKIPPED: install Debian's package nginx");
        int port = Ports.free();
        StringBuilder places = new StringBuilder("access_log off;\n");
        for (String kind : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
            places.append(kind + "_temp_path " + folder.resolve(kind) + ";\n");
        }
        Path configuration = Files.writeString(
                folder.resolve("nginx.conf"),
                main + " daemon off; worker_processes 1; pid " + folder.resolve("pid") + "; events {} http {\n" + places
                        + http.replace("PORT", Integer.toString(port)) + "\n}\n");
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(
                        NGINX.toString(), "-c", configuration.toString(), "-e", log.toString(), "-p", folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("output").toFile())
                .start();
        await().until(() -> {
            assertThat(process.isAlive())
                    .as(() -> "nginx runs: " + folder.resolve("output"))
                    .isTrue();
            try (Socket connected = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return connected.isConnected();
            } catch (IOException e) {
                return false;
            }
        });
        return new Nginx(process, port);
    }

    public int port() {
        return port;
    }

    /** A client that comes through it, and has no key. */
    public Client stranger() {
        return new Client(port);
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().join();
    }
}

package dev.glimpse.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers HTTP requests with whatever bytes it is told to, and remembers who has come. */
public final class RawServer implements AutoCloseable {
    private final ServerSocket socket;
    private final Answer answer;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final CompletableFuture<Void> accepting;
    private final AtomicInteger connections = new AtomicInteger();
    private final AtomicInteger broken = new AtomicInteger();
    private final List<String> requests = new CopyOnWriteArrayList<>();

    /** What is sent for a path. The connection ends with it. */
    public interface Answer {
        void write(String path, OutputStream out) throws IOException, InterruptedException;
    }

    public RawServer(ServerSocket socket, Answer answer) {
        this.socket = socket;
        this.answer = answer;
        this.accepting = CompletableFuture.runAsync(this::accept, threads);
    }

    /**
     * Starts a server on an address.
     *
     * @param port 0 for any
     */
    public static RawServer start(String address, int port, Answer answer) {
        try {
            return new RawServer(new ServerSocket(port, 50, InetAddress.getByName(address)), answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static RawServer start(Answer answer) {
        return start("127.0.0.1", 0, answer);
    }

    /** An honest answer. */
    public static void ok(OutputStream out, byte[] body) throws IOException {
        write(out, "HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
        out.write(body);
    }

    public static void redirect(OutputStream out, String location) throws IOException {
        write(out, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
    }

    public static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void accept() {
        while (!socket.isClosed()) {
            try {
                Socket connection = socket.accept();
                connections.incrementAndGet();
                threads.execute(() -> serve(connection));
            } catch (IOException e) {
                return;
            }
        }
    }

    private void serve(Socket connection) {
        try (connection) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
            StringBuilder head = new StringBuilder();
            for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
                head.append(line).append('\n');
            }
            requests.add(head.toString());
            answer.write(head.toString().split(" ", 3)[1], connection.getOutputStream());
        } catch (IOException e) {
            broken.incrementAndGet();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    public String url(String path) {
        return "http://127.0.0.1:" + port() + path;
    }

    public int port() {
        return socket.getLocalPort();
    }

    public int connections() {
        return connections.get();
    }

    /** How many connections the other side has cut. */
    public int broken() {
        return broken.get();
    }

    /** The heads of all requests. */
    public List<String> requests() {
        return requests;
    }

    /** After this nobody can connect. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        accepting.join();
        threads.shutdownNow();
    }
}

package dev.glimpse.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Ports for servers that need to know theirs before they start. They lie below those that systems give to outgoing connections, so that no
 * connection takes one before its server does, nor keeps it for a minute after its end. Test processes side by side have different ones.
 * For many threads.
 */
public final class Ports {
    private static final int FIRST = 12_000;
    private static final int EACH = 2_000;
    private static final int FORKS = 8;
    private static final AtomicInteger NEXT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * 50 % EACH));

    private Ports() {}

    /** A port that nothing listens on now. */
    public static int free() {
        List<ServerSocket> sockets = sockets("0.0.0.0");
        int port = sockets.get(0).getLocalPort();
        close(sockets);
        return port;
    }

    /** A socket for each address, all with the same port. The caller closes them. */
    public static List<ServerSocket> sockets(String... addresses) {
        int fork = Integer.getInteger("test.fork", 1) % FORKS;
        for (int i = 0; i < EACH; i++) {
            int port = FIRST + fork * EACH + Math.floorMod(NEXT.getAndIncrement(), EACH);
            List<ServerSocket> sockets = new ArrayList<>();
            try {
                for (String address : addresses) {
                    sockets.add(new ServerSocket(port, 50, InetAddress.getByName(address)));
                }
                return sockets;
            } catch (BindException e) {
                close(sockets);
            } catch (IOException e) {
                close(sockets);
                throw new UncheckedIOException(e);
            }
        }
        throw new IllegalStateException("no port is free for " + List.of(addresses));
    }

    private static void close(List<ServerSocket> sockets) {
        for (ServerSocket socket : sockets) {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

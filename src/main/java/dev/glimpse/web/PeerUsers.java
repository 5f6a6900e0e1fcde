package dev.glimpse.web;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/**
 * Tells as which user the program at the other end of a connection runs, if that is on this machine. A proxy that says nothing
 * of itself sends, byte for byte, what a program here may send (nginx does from 1.29.7 on), but it mostly runs as a user of its
 * own. Linux lists all connections with their users in {@code /proc/net/tcp}; see proc_pid_net(5). Other systems do not tell.
 *
 * <p>Safe for use by several threads.
 */
final class PeerUsers {
    private static final int ROOT = 0;

    /** Before an IPv4 address in the list of IPv6: {@code 0000000000000000FFFF00000100007F:1F90}. */
    private static final String MAPPED = "0000000000000000FFFF0000";

    /** Places of fields in a line. */
    private static final int USER = 7;

    private static final int INODE = 9;

    /** Answers are kept for the last connections: to read the list costs some milliseconds on a machine with ten thousand connections. */
    private static final int REMEMBERED = 10_000;

    private final Cache<String, Boolean> trusted =
            Caffeine.newBuilder().maximumSize(REMEMBERED).build();

    private final Path proc;

    /** @param proc where the system lists connections and processes: {@code /proc} */
    PeerUsers(Path proc) {
        this.proc = proc;
    }

    /**
     * Whether the other end runs as this server's user, or as root; true if the system does not tell. To be asked of connections
     * within this machine, while the client waits for its answer.
     */
    boolean trusts(HttpServletRequest request) {
        return trusted.get(request.getServletConnection().getConnectionId(), connection -> look(request));
    }

    private boolean look(HttpServletRequest request) {
        if (!Files.exists(proc.resolve("net/tcp"))) {
            return true;
        }
        try {
            int own = (int) Files.getAttribute(proc.resolve("self"), "unix:uid");
            String client = endpoint(request.getRemoteAddr(), request.getRemotePort());
            String server = endpoint(request.getLocalAddr(), request.getLocalPort());
            return isHeldBy(own, client, server);
        } catch (IOException e) {
            return false;
        }
    }

    private boolean isHeldBy(int own, String client, String server) throws IOException {
        for (String table : List.of("net/tcp", "net/tcp6")) {
            if (!Files.exists(proc.resolve(table))) {
                continue;
            }
            String line = lineWith(Files.readString(proc.resolve(table), StandardCharsets.ISO_8859_1), client, server);
            String[] fields = line.trim().split("\\s+", -1);
            if (fields.length > INODE) {
                int user = Integer.parseInt(fields[USER]);
                // A connection that its program has closed has no inode, and may say that it is root's.
                return !fields[INODE].equals("0") && (user == own || user == ROOT);
            }
        }
        return false;
    }

    /** Looks for whole endpoints at once, as there may be tens of thousands of lines. Empty if there is none. */
    private static String lineWith(String table, String client, String server) {
        for (String prefix : List.of("", MAPPED)) {
            int found = table.indexOf(" " + prefix + client + " " + prefix + server + " ");
            if (found >= 0) {
                return table.substring(table.lastIndexOf('\n', found) + 1, table.indexOf('\n', found));
            }
        }
        return "";
    }

    /** An address as the lists of the system write it: {@code 0100007F:1F90} is 127.0.0.1:8080 where the lowest byte comes first. */
    private static String endpoint(String address, int port) throws UnknownHostException {
        byte[] bytes = InetAddress.getByName(address).getAddress();
        ByteBuffer swapped = ByteBuffer.allocate(bytes.length).order(ByteOrder.nativeOrder());
        ByteBuffer words = ByteBuffer.wrap(bytes);
        while (words.hasRemaining()) {
            swapped.putInt(words.getInt());
        }
        return HexFormat.of().withUpperCase().formatHex(swapped.array()) + ":" + String.format("%04X", port);
    }
}

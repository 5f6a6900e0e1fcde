package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jakarta.servlet.ServletConnection;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;

class PeerUsersTest {
    @TempDir
    private Path proc;

    private static MockHttpServletRequest request(String client, int clientPort, String server, int serverPort) {
        String connection = UUID.randomUUID().toString();
        MockHttpServletRequest request = new MockHttpServletRequest() {
            @Override
            public ServletConnection getServletConnection() {
                return new ServletConnection() {
                    @Override
                    public String getConnectionId() {
                        return connection;
                    }

                    @Override
                    public String getProtocol() {
                        return "http/1.1";
                    }

                    @Override
                    public String getProtocolConnectionId() {
                        return "";
                    }

                    @Override
                    public boolean isSecure() {
                        return false;
                    }
                };
            }
        };
        request.setRemoteAddr(client);
        request.setRemotePort(clientPort);
        request.setLocalAddr(server);
        request.setLocalPort(serverPort);
        return request;
    }

    /** From 127.0.0.1:50000 to 127.0.0.1:8080, in the list of IPv4 or, mapped, in that of IPv6. */
    private boolean trusts(String table, String addressPrefix, int user, int inode) throws IOException {
        assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN, "the lists below are of such a machine");
        Files.createDirectories(proc.resolve("net"));
        Files.writeString(proc.resolve("self"), "");
        Files.writeString(proc.resolve("net/tcp"), "");
        Files.writeString(proc.resolve(table), """
                  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
                   0: %1$s0100007F:1F90 %1$s0100007F:C350 01 00000000:00000000 00:00000000 00000000  4242        0 11 1 0 20
                   1: %1$s0100007F:C350 %1$s0100007F:1F90 01 00000000:00000000 00:00000000 00000000 %2$5d        0 %3$d 1 0 20
                """.formatted(addressPrefix, user, inode));
        return new PeerUsers(proc).trusts(request("127.0.0.1", 50_000, "127.0.0.1", 8080));
    }

    private int ownUser() throws IOException {
        Files.writeString(proc.resolve("self"), "");
        return (int) Files.getAttribute(proc.resolve("self"), "unix:uid");
    }

    @ParameterizedTest
    @CsvSource({"net/tcp, ''", "net/tcp6, 0000000000000000FFFF0000"})
    void theServersUserAndRootAreTrustedAndOthersAreNot(String table, String prefix) throws IOException {
        assertThat(trusts(table, prefix, ownUser(), 7)).isTrue();
        assertThat(trusts(table, prefix, 0, 7)).isTrue();
        assertThat(trusts(table, prefix, 33, 7)).isFalse();
    }

    /** The system says that root has it, whoever had. */
    @Test
    void connectionThatItsProgramHasClosedIsNotTrusted() throws IOException {
        assertThat(trusts("net/tcp", "", 0, 0)).isFalse();
    }

    @Test
    void connectionThatIsNotListedIsNotTrusted() throws IOException {
        trusts("net/tcp", "", 0, 7);

        assertThat(new PeerUsers(proc).trusts(request("127.0.0.1", 50_001, "127.0.0.1", 8080)))
                .isFalse();
        assertThat(new PeerUsers(proc).trusts(request("127.0.0.2", 50_000, "127.0.0.1", 8080)))
                .isFalse();
    }

    @Test
    void whereTheSystemListsNoConnectionsEveryoneIsTrusted() {
        assertThat(new PeerUsers(proc).trusts(request("127.0.0.1", 50_000, "127.0.0.1", 8080)))
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1"})
    void ownConnectionIsFoundInTheSystemsLists(String loopback) throws IOException {
        Path real = Path.of("/proc");
        assumeTrue(Files.exists(real.resolve("net/tcp6")), "Linux with IPv6");
        InetAddress address = InetAddress.getByName(loopback);
        try (ServerSocket server = new ServerSocket(0, 1, address);
                Socket client = new Socket(address, server.getLocalPort())) {
            MockHttpServletRequest request = request(loopback, client.getLocalPort(), loopback, server.getLocalPort());
            MockHttpServletRequest another = request(loopback, 1, loopback, server.getLocalPort());

            assertThat(new PeerUsers(real).trusts(request)).isTrue();
            assertThat(new PeerUsers(real).trusts(another)).isFalse();
        }
    }
}

package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.Client;
import dev.glimpse.web.AccessProperties.ApiKey;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;

class CallersTest {
    private static AccessProperties settings(Map<String, ApiKey> keys) {
        return new AccessProperties(keys, 1200, 32, DataSize.ofKilobytes(8), List.of());
    }

    @TempDir
    private Path folder;

    private final AdminKey adminKey = AdminKey.random();
    private final Callers withoutKeys = new Callers(settings(Map.of()), adminKey, false);

    private static MockHttpServletRequest from(String address, String host) {
        MockHttpServletRequest request = new MockHttpServletRequest("GET", "/stats");
        request.setRemoteAddr(address);
        request.setServerName(host);
        return request;
    }

    // Without keys

    /** As clients on this machine learn it. */
    private String adminSecret() {
        try {
            Files.createDirectories(folder.resolve("tmp"));
            adminKey.writeInto(folder);
            return Files.readString(folder.resolve("admin-key"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private MockHttpServletRequest withAdminKey(MockHttpServletRequest request) {
        request.addHeader("X-API-Key", adminSecret());
        return request;
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "127.0.0.1, localhost",
        "127.0.0.1, LOCALHOST",
        "127.8.9.1, glimpse.localhost",
        "0:0:0:0:0:0:0:1, [::1]"
    })
    void callerOnThisMachineMayDoEverythingWithTheAdminKeyAndReadAndUploadWithout(String address, String host) {
        Caller with = withoutKeys.of(withAdminKey(from(address, host)));
        Caller without = withoutKeys.of(from(address, host));

        assertThat(with).isEqualTo(new Caller("admin-key", EnumSet.allOf(Scope.class), true, null));
        assertThat(without).isEqualTo(new Caller("local", Set.of(Scope.READ, Scope.UPLOAD), false, null));
    }

    @Test
    void wrongKeyIsLikeNone() {
        MockHttpServletRequest request = from("127.0.0.1", "localhost");
        request.addHeader("X-API-Key", "wrong");

        assertThat(withoutKeys.of(request)).isEqualTo(withoutKeys.of(from("127.0.0.1", "localhost")));
    }

    @Test
    void adminKeyIsNoneOnAServerThatHasKeys() {
        assertThat(withKey("opensesame")
                        .of(withAdminKey(from("127.0.0.1", "localhost")))
                        .scopes())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.7, localhost",
        "127.0.0.1, evil.example",
        "127.0.0.1, 127.0.0.1.evil.example",
        "127.0.0.1, notlocalhost",
        "127.0.0.1, localhost.",
        "127.0.0.1, ''"
    })
    void callerFromElsewhereOrByAnotherNameMayReadAndUploadEvenWithTheAdminKey(String address, String host) {
        Caller caller = withoutKeys.of(withAdminKey(from(address, host)));

        assertThat(caller.scopes()).containsExactlyInAnyOrder(Scope.READ, Scope.UPLOAD);
        assertThat(caller.isKnown()).isFalse();
        assertThat(caller.requestsPerMinute()).isEqualTo(1200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Forwarded",
                "X-Forwarded-For",
                "x-forwarded-host",
                "X-FORWARDED-PROTO",
                "X-Original-Forwarded-For",
                "Via",
                "X-Real-IP",
                "CF-Connecting-IP",
                "True-Client-IP",
                "Fly-Client-IP",
                "CDN-Loop"
            })
    void requestWithASignOfAProxyIsNotOfThisMachineAndIsCounted(String header) {
        MockHttpServletRequest request = withAdminKey(from("127.0.0.1", "localhost"));
        request.addHeader(header, "127.0.0.1");

        Caller caller = withoutKeys.of(request);

        assertThat(caller).isEqualTo(new Caller("127.0.0.1", Set.of(Scope.READ, Scope.UPLOAD), false, 1200));
    }

    @Test
    void behindAProxyThatTellsAddressesNobodyIsOfThisMachine() {
        Callers behindProxy = new Callers(settings(Map.of()), adminKey, true);

        assertThat(behindProxy.of(withAdminKey(from("127.0.0.1", "localhost"))).may(Scope.ADMIN))
                .isFalse();
    }

    @Test
    void computersOfOneIpv6NetworkAreOneClient() {
        String one = withoutKeys.of(from("2001:db8:1:2:3:4:5:6", "a")).name();
        String other = withoutKeys.of(from("2001:db8:1:2:ffff::1", "a")).name();
        String elsewhere = withoutKeys.of(from("2001:db8:1:3::1", "a")).name();

        assertThat(one).isEqualTo(other).isNotEqualTo(elsewhere);
        assertThat(withoutKeys.of(from("192.0.2.1", "a")).name()).isEqualTo("192.0.2.1");
    }

    // With keys

    private static Callers withKey(String secret) {
        return new Callers(
                settings(Map.of("alice", new ApiKey(Client.sha256(secret), Set.of(Scope.READ), 5))),
                AdminKey.none(),
                false);
    }

    @Test
    void keyIsKnownInEachHeaderThatMayCarryIt() {
        String basic = Base64.getEncoder().encodeToString("anyone:opensesame".getBytes(StandardCharsets.UTF_8));
        for (List<String> header : List.of(
                List.of("X-API-Key", "opensesame"),
                List.of("Authorization", "Bearer opensesame"),
                List.of("Authorization", "bearer  opensesame"),
                List.of("Authorization", "Basic " + basic))) {
            MockHttpServletRequest request = from("10.0.0.7", "glimpse.example");
            request.addHeader(header.get(0), header.get(1));

            Caller caller = withKey("opensesame").of(request);

            assertThat(caller).as(header.toString()).isEqualTo(new Caller("key:alice", Set.of(Scope.READ), true, 5));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "Bearer",
                "Bearer ",
                "Bearer other",
                "opensesame",
                "Basic !",
                "Basic b3BlbnNlc2FtZTo=",
                "Digest opensesame"
            })
    void anythingElseMayDoNothingEvenOnThisMachine(String authorization) {
        MockHttpServletRequest request = from("127.0.0.1", "localhost");
        request.addHeader("Authorization", authorization);

        Caller caller = withKey("opensesame").of(request);

        assertThat(caller.scopes()).isEmpty();
        assertThat(caller.isKnown()).isFalse();
    }
}

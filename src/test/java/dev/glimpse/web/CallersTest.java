package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.web.AccessProperties.ApiKey;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.util.unit.DataSize;

class CallersTest {
    private static AccessProperties settings(Map<String, ApiKey> keys) {
        return new AccessProperties(keys, 1200, 32, DataSize.ofKilobytes(8), List.of());
    }

    private final Callers withoutKeys = new Callers(settings(Map.of()), false, request -> true);

    private static MockHttpServletRequest from(String address, String host) {
        MockHttpServletRequest request = new MockHttpServletRequest("GET", "/stats");
        request.setRemoteAddr(address);
        request.setServerName(host);
        return request;
    }

    private static Set<Scope> scopes(Caller caller) {
        return Arrays.stream(Scope.values()).filter(caller::may).collect(Collectors.toSet());
    }

    // Without keys

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 127.0.0.1",
        "127.0.0.1, localhost",
        "127.0.0.1, LOCALHOST",
        "127.8.9.1, glimpse.localhost",
        "0:0:0:0:0:0:0:1, [::1]"
    })
    void callerOnThisMachineMayDoEverythingUncounted(String address, String host) {
        Caller caller = withoutKeys.of(from(address, host));

        assertThat(scopes(caller)).containsExactlyInAnyOrder(Scope.values());
        assertThat(caller.isKnown()).isTrue();
        assertThat(caller.requestsPerMinute()).isNull();
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
    void callerFromElsewhereOrByAnotherNameMayReadAndUpload(String address, String host) {
        Caller caller = withoutKeys.of(from(address, host));

        assertThat(scopes(caller)).containsExactlyInAnyOrder(Scope.READ, Scope.UPLOAD);
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
                "CF-Connecting-IPv6",
                "True-Client-IP",
                "Fly-Client-IP",
                "CDN-Loop",
                "X-Azure-ClientIP",
                "X-Envoy-External-Address",
                "X-Amzn-Trace-Id"
            })
    void requestWithASignOfAProxyIsNotOfThisMachineAndIsCounted(String header) {
        MockHttpServletRequest request = from("127.0.0.1", "localhost");
        request.addHeader(header, "127.0.0.1");

        Caller caller = withoutKeys.of(request);
        assertThat(scopes(caller)).containsExactlyInAnyOrder(Scope.READ, Scope.UPLOAD);
        assertThat(caller.isKnown()).isFalse();
        assertThat(caller.requestsPerMinute()).isEqualTo(1200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"HTTP/1.0", "HTTP/0.9", ""})
    void requestOfAnOldProtocolAsNginxSendsItByDefaultIsNotOfThisMachine(String protocol) {
        MockHttpServletRequest request = from("127.0.0.1", "localhost");
        request.setProtocol(protocol);

        assertThat(withoutKeys.of(request).may(Scope.ADMIN)).isFalse();
    }

    @Test
    void requestOfAnotherUsersProgramIsNotTheOwners() {
        Callers amongUsers = new Callers(settings(Map.of()), false, request -> false);

        Caller caller = amongUsers.of(from("127.0.0.1", "localhost"));
        assertThat(scopes(caller)).containsExactlyInAnyOrder(Scope.READ, Scope.UPLOAD);
        assertThat(caller.isKnown()).isFalse();
    }

    @Test
    void behindAProxyThatTellsAddressesNobodyIsOfThisMachine() {
        Callers behindProxy = new Callers(settings(Map.of()), true, request -> true);

        assertThat(behindProxy.of(from("127.0.0.1", "localhost")).may(Scope.ADMIN))
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
                false,
                request -> true);
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

            assertThat(caller.name()).as(header.toString()).isEqualTo("key:alice");
            assertThat(scopes(caller)).containsExactly(Scope.READ);
            assertThat(caller.requestsPerMinute()).isEqualTo(5);
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

        assertThat(scopes(caller)).isEmpty();
        assertThat(caller.isKnown()).isFalse();
    }
}

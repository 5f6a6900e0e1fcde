package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BucketProxyTest {
    private static final String BUCKET = "https://account.r2.example";

    private static Optional<String> proxy(String endpoint, String... variables) {
        Map<String, String> environment = new HashMap<>();
        for (String variable : variables) {
            int equals = variable.indexOf('=');
            environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
        return BucketProxy.of(URI.create(endpoint), environment).map(BucketProxy::withCredentials);
    }

    @Test
    void withoutVariablesThereIsNone() {
        assertThat(proxy(BUCKET)).isEmpty();
        assertThat(proxy(BUCKET, "HTTPS_PROXY=", "ALL_PROXY= ")).isEmpty();
    }

    @Test
    void variableOfTheEndpointsSchemeCountsAndElseTheOneForAll() {
        String[] both = {"HTTPS_PROXY=http://tls:1", "HTTP_PROXY=http://plain:2", "ALL_PROXY=http://all:3"};

        assertThat(proxy(BUCKET, both)).contains("http://tls:1");
        assertThat(proxy("http://minio.example:9000", both)).contains("http://plain:2");
        assertThat(proxy(BUCKET, both[1], both[2])).contains("http://all:3");
        assertThat(proxy(BUCKET, both[1])).isEmpty();
    }

    @Test
    void lowerCaseComesFirst() {
        assertThat(proxy(BUCKET, "https_proxy=http://lower:1", "HTTPS_PROXY=http://upper:1"))
                .contains("http://lower:1");
    }

    @ParameterizedTest
    @CsvSource({
        "http://proxy:3128, http://proxy:3128",
        "http://proxy:3128/, http://proxy:3128",
        "proxy:3128, http://proxy:3128",
        "http://proxy, http://proxy:80",
        "https://proxy, https://proxy:443",
        "http://user:pa%40ss@proxy:3128, http://user:pa%40ss@proxy:3128",
        "http://[::1]:3128, http://[::1]:3128"
    })
    void formsOfAProxy(String value, String expected) {
        assertThat(proxy(BUCKET, "HTTPS_PROXY=" + value)).contains(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://user:5ecret@proxy:http",
                "http://",
                "http://5ecret@proxy:99999",
                "ftp://5ecret@proxy:1",
                "http://proxy:1/path/5ecret",
                "5ecret proxy",
                "http://a b:5ecret"
            })
    void malformedOneIsNamedWithoutItsValue(String value) {
        assertThatThrownBy(() -> proxy(BUCKET, "HTTPS_PROXY=" + value))
                .isInstanceOf(StorageSettingsException.class)
                .hasMessageStartingWith("HTTPS_PROXY must be http://host:port")
                .hasMessageNotContaining("5ecret");
    }

    @Test
    void socksIsRefusedByName() {
        assertThatThrownBy(() -> proxy(BUCKET, "ALL_PROXY=socks5://proxy:1080"))
                .isInstanceOf(StorageSettingsException.class)
                .hasMessageStartingWith("ALL_PROXY names a SOCKS proxy");
    }

    @Test
    void malformedOneThatDoesNotApplyIsLeftAlone() {
        assertThat(proxy(BUCKET, "HTTP_PROXY=nonsense proxy")).isEmpty();
        assertThat(proxy(BUCKET, "HTTPS_PROXY=nonsense proxy", "NO_PROXY=.example"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "r2.example",
                ".r2.example",
                "*.r2.example",
                "other,account.r2.example",
                "other, ACCOUNT.R2.EXAMPLE",
                "account.r2.example:443"
            })
    void excludedHostsAreReachedDirectly(String list) {
        assertThat(proxy(BUCKET + ":443", "HTTPS_PROXY=http://proxy:1", "NO_PROXY=" + list))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "2.example", "other.r2.example", "account.r2.example:80", "account"})
    void othersAreNot(String list) {
        assertThat(proxy(BUCKET + ":443", "HTTPS_PROXY=http://proxy:1", "NO_PROXY=" + list))
                .contains("http://proxy:1");
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, 10.0.0.0/8, true",
        "10.1.2.3, 10.1.2.3, true",
        "11.1.2.3, 10.0.0.0/8, false",
        "10.1.2.3, 10.0.0.0/99, false",
        "110.1.2.3, 10.1.2.3, false",
        "[fd00::5], fd00::/16, true",
        "[fd00::5], fd00::5, true"
    })
    void addressesMayBeExcludedByTheirNetwork(String host, String list, boolean direct) {
        assertThat(proxy("http://" + host + ":9000", "HTTP_PROXY=http://proxy:1", "NO_PROXY=" + list)
                        .isEmpty())
                .isEqualTo(direct);
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://localhost:9000", "http://127.0.0.1:9000", "http://127.9.9.9", "http://[::1]:9000"})
    void thisMachineIsReachedDirectly(String endpoint) {
        assertThat(proxy(endpoint, "HTTP_PROXY=http://proxy:1")).isEmpty();
    }

    @Test
    void passwordIsNotShown() {
        BucketProxy proxy = BucketProxy.of(URI.create(BUCKET), Map.of("HTTPS_PROXY", "http://user:5ecret@proxy:1"))
                .orElseThrow();

        assertThat(proxy.toString()).contains("http://proxy:1").doesNotContain("5ecret");
    }
}

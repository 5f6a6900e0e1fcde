package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Client;
import dev.glimpse.web.AccessProperties.ApiKey;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.SystemEnvironmentPropertySource;
import org.springframework.util.unit.DataSize;

class AccessPropertiesTest {
    private static final String HASH = Client.sha256("opensesame");

    private final ApplicationContextRunner settings = new ApplicationContextRunner()
            .withInitializer(new ConfigDataApplicationContextInitializer())
            .withUserConfiguration(PropertiesOnly.class);

    @Test
    void bareStartHasNoKeysAndNoOtherSites() {
        settings.run(context -> {
            AccessProperties access = context.getBean(AccessProperties.class);
            assertThat(access.keys()).isEmpty();
            assertThat(access.origins()).isEmpty();
            assertThat(access.requestsPerMinute()).isEqualTo(3000);
            assertThat(access.requestsAtOnce()).isEqualTo(32);
            assertThat(access.slowestUpload()).isEqualTo(DataSize.ofKilobytes(8));
        });
    }

    @Test
    void keysAreSetByTheVariablesThatTheScriptPrints() {
        environment(Map.of(
                        "GLIMPSE_ACCESS_KEYS_ALICE_SHA256", HASH,
                        "GLIMPSE_ACCESS_KEYS_ALICE_SCOPES", "read,upload",
                        "GLIMPSE_ACCESS_KEYS_LOADER_SHA256", Client.sha256("other"),
                        "GLIMPSE_ACCESS_KEYS_LOADER_SCOPES", "upload",
                        "GLIMPSE_ACCESS_KEYS_LOADER_REQUESTSPERMINUTE", "60000"))
                .run(context -> {
                    AccessProperties access = context.getBean(AccessProperties.class);
                    assertThat(access.keys())
                            .containsEntry("alice", new ApiKey(HASH, Set.of(Scope.READ, Scope.UPLOAD), null))
                            .containsEntry("loader", new ApiKey(Client.sha256("other"), Set.of(Scope.UPLOAD), 60_000));
                    assertThat(access.toString()).doesNotContain(HASH);
                });
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "GLIMPSE_ACCESS_KEYS_ALICE_SHA256=opensesame|must be the SHA-256 of the key",
                "GLIMPSE_ACCESS_KEYS_ALICE_SCOPES=read|must be the SHA-256 of the key",
                "GLIMPSE_ACCESS_KEYS_ALICE_SHA256=HASH|must name some of read, upload and admin",
                "GLIMPSE_ACCESS_REQUESTSPERMINUTE=0|requests-per-minute must be at least 1: 0",
                "GLIMPSE_ACCESS_REQUESTSATONCE=0|requests-at-once must be at least 1: 0",
                "GLIMPSE_ACCESS_ORIGINS=example.org|origins like https://example.org",
                "GLIMPSE_ACCESS_ORIGINS=https://example.org/page|origins like https://example.org"
            })
    void wrongSettingStopsTheStartAndIsNamed(String variable, String message) {
        String[] nameAndValue = variable.replace("HASH", HASH).split("=", 2);

        environment(Map.of(nameAndValue[0], nameAndValue[1]))
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("glimpse.access")
                        .hasMessageContaining(message)
                        .hasMessageNotContaining("opensesame"));
    }

    @Test
    void sameKeyUnderTwoNamesStopsTheStart() {
        environment(Map.of(
                        "GLIMPSE_ACCESS_KEYS_A_SHA256",
                        HASH,
                        "GLIMPSE_ACCESS_KEYS_A_SCOPES",
                        "read",
                        "GLIMPSE_ACCESS_KEYS_B_SHA256",
                        HASH,
                        "GLIMPSE_ACCESS_KEYS_B_SCOPES",
                        "admin"))
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("is the same key as another one"));
    }

    private ApplicationContextRunner environment(Map<String, Object> variables) {
        return settings.withInitializer(context -> context.getEnvironment()
                .getPropertySources()
                .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", variables)));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(AccessProperties.class)
    static class PropertiesOnly {}
}

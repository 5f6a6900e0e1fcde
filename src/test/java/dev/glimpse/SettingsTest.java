package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.ConfigDataApplicationContextInitializer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

class SettingsTest {
    private final ApplicationContextRunner settings =
            new ApplicationContextRunner().withInitializer(new ConfigDataApplicationContextInitializer());

    @ParameterizedTest
    @CsvSource({
        "server.address, 127.0.0.1",
        "server.port, 8080",
        "server.shutdown, graceful",
        "server.tomcat.max-part-count, 320",
        "server.tomcat.max-part-header-size, 8KB",
        "spring.lifecycle.timeout-per-shutdown-phase, 11s",
        "spring.servlet.multipart.max-file-size, 20MB",
        "spring.servlet.multipart.max-request-size, 100MB",
        "glimpse.data, ./data",
        "glimpse.model, models/mini-clip",
        "glimpse.decode.max-pixels, 50000000",
        "glimpse.decode.time, 10s",
        "glimpse.decode.memory, 1GB",
        "glimpse.commit.rows, 256",
        "glimpse.commit.age, 3s",
        "glimpse.trash.retention, 7d",
        "glimpse.upload.files, 100",
        "glimpse.search.text-length, 1000",
        "glimpse.search.limit, 1000",
        "glimpse.access.requests-per-minute, 3000",
        "glimpse.access.requests-at-once, 32",
        "glimpse.access.slowest-upload, 8KB",
        "server.max-http-request-header-size, 16KB",
        "glimpse.upload.urls, false",
        "r2.endpoint, ''",
        "management.endpoints.web.exposure.include, 'health,info,prometheus'"
    })
    void bareStartHasSaneDefaults(String property, String value) {
        settings.run(context ->
                assertThat(context.getEnvironment().getProperty(property)).isEqualTo(value));
    }

    @ParameterizedTest
    @CsvSource({
        "glimpse.decode.max-pixels=0, glimpse.decode.max-pixels must be 1 to 500000000: 0",
        "glimpse.decode.max-pixels=500000001, glimpse.decode.max-pixels must be 1 to 500000000: 500000001",
        "glimpse.decode.time=0s, glimpse.decode.time must be more than 0 and at most 1m: PT0S",
        "glimpse.decode.time=61s, glimpse.decode.time must be more than 0 and at most 1m: PT1M1S",
        "glimpse.decode.memory=255MB, 'glimpse.decode.memory must be 0B, or at least 256MB: 267386880B'"
    })
    void wrongLimitOfDecodingStopsTheStart(String setting, String complaint) {
        settings.withUserConfiguration(Decoding.class)
                .withPropertyValues(setting)
                .run(context ->
                        assertThat(context.getStartupFailure()).rootCause().hasMessage(complaint));
    }

    @EnableConfigurationProperties(DecodeProperties.class)
    static class Decoding {}

    @Test
    void variablesWithNamesOfTheirOwnAreHeard() {
        settings.withSystemProperties(
                        "PORT=9000",
                        "GLIMPSE_ADDRESS=0.0.0.0",
                        "GLIMPSE_DATA=/elsewhere",
                        "GLIMPSE_MODEL=/models/other",
                        "R2_BUCKET=pictures")
                .run(context -> {
                    var environment = context.getEnvironment();
                    assertThat(environment.getProperty("server.port")).isEqualTo("9000");
                    assertThat(environment.getProperty("server.address")).isEqualTo("0.0.0.0");
                    assertThat(environment.getProperty("glimpse.data")).isEqualTo("/elsewhere");
                    assertThat(environment.getProperty("glimpse.model")).isEqualTo("/models/other");
                    assertThat(environment.getProperty("r2.bucket")).isEqualTo("pictures");
                });
    }
}

package dev.glimpse.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.SystemEnvironmentPropertySource;

@ExtendWith(OutputCaptureExtension.class)
class StorageConfigurationTest {
    private static final String SECRET = "5ecret-value";

    @TempDir
    Path data;

    @Test
    void bareStartMeansTheFolderData() {
        new ApplicationContextRunner()
                .withUserConfiguration(PropertiesOnly.class)
                .run(context -> {
                    assertThat(context.getBean(StorageProperties.class).data()).isEqualTo(Path.of("data"));
                    assertThat(context.getBean(R2Properties.class).isSet()).isFalse();
                });
    }

    @Test
    void withoutABucketTheFolderIsTheStore() {
        environment(Map.of("GLIMPSE_DATA", data.toString())).run(context -> {
            assertThat(context.getBean(ObjectStore.class).filesInPlace()).contains(data);
            assertThat(context.getBean(WorkingFolder.class).path())
                    .isEqualTo(data.toRealPath().resolve(".glimpse"))
                    .isDirectory();
        });
    }

    @Test
    void fourVariablesMeanABucketThatNeedNotBeUpAtTheStart() {
        environment(all()).run(context -> {
            assertThat(context.getBean(ObjectStore.class).filesInPlace()).isEmpty();
            assertThat(context.getBean(ObjectStore.class).address("images/a")).isEqualTo("s3://photos/images/a");
            assertThat(context.getBean(R2Properties.class).secretAccessKey()).isEqualTo(SECRET);
            assertThat(context.getBean(R2Properties.class).toString()).doesNotContain(SECRET);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"R2_ENDPOINT", "R2_BUCKET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"})
    void oneMissingVariableStopsTheStartAndIsNamed(String missing) {
        Map<String, Object> variables = all();
        variables.put(missing, " ");

        environment(variables)
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageStartingWith(missing + " not set, but ")
                        .hasMessageNotContaining(SECRET));
    }

    @Test
    void allMissingVariablesAreNamedAtOnce() {
        environment(Map.of("GLIMPSE_DATA", data.toString(), "R2_BUCKET", "photos"))
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageStartingWith("R2_ENDPOINT and R2_ACCESS_KEY_ID and R2_SECRET_ACCESS_KEY not set"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "account.r2.cloudflarestorage.com",
                "ftp://host",
                "https://host/photos",
                "https://host?a=b",
                "https://",
                "https://key:5ecret-value@host",
                "not a uri"
            })
    void endpointThatIsNoneStopsTheStart(String endpoint) {
        Map<String, Object> variables = all();
        variables.put("R2_ENDPOINT", endpoint);

        environment(variables)
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageStartingWith("R2_ENDPOINT must be ")
                        .hasMessageNotContaining(SECRET));
    }

    @Test
    void bucketNameThatIsNoneStopsTheStart() {
        Map<String, Object> variables = all();
        variables.put("R2_BUCKET", "photos/cats");

        environment(variables)
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("R2_BUCKET")
                        .hasMessageContaining("photos/cats"));
    }

    @Test
    void directoryBucketStopsTheStart() {
        Map<String, Object> variables = all();
        variables.put("R2_BUCKET", "photos--use1-az4--x-s3");

        environment(variables)
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .hasMessageContaining("directory bucket")
                        .hasMessageContaining("photos--use1-az4--x-s3"));
    }

    @ParameterizedTest
    @CsvSource({
        "https://account.r2.cloudflarestorage.com, auto",
        "http://127.0.0.1:9000, auto",
        "https://s3.amazonaws.com.example.org, auto",
        "https://s3.eu-central-1.amazonaws.com, eu-central-1",
        "https://S3.us-gov-west-1.amazonaws.com/, us-gov-west-1",
        "https://s3.dualstack.us-east-1.amazonaws.com, us-east-1",
        "https://s3.cn-north-1.amazonaws.com.cn, cn-north-1"
    })
    void requestsAreSignedForTheRegionInTheNameOfTheEndpoint(String endpoint, String region) {
        assertThat(new R2Properties(endpoint, "photos", "id", SECRET).region()).isEqualTo(region);
    }

    @Test
    void stoppedStartTellsTheOperatorWithoutTheSecret(CapturedOutput output) {
        SpringApplicationBuilder application =
                new SpringApplicationBuilder(StorageConfiguration.class).web(WebApplicationType.NONE);

        assertThatThrownBy(() -> application.run("--glimpse.data=" + data, "--r2.secret-access-key=" + SECRET))
                .rootCause()
                .isInstanceOf(StorageSettingsException.class);

        assertThat(output).contains("R2_ENDPOINT and R2_BUCKET and R2_ACCESS_KEY_ID not set");
        assertThat(output).doesNotContain(SECRET).doesNotContain("\tat ");
    }

    private Map<String, Object> all() {
        Map<String, Object> variables = new LinkedHashMap<>();
        variables.put("GLIMPSE_DATA", data.toString());
        variables.put("R2_ENDPOINT", "https://account.r2.invalid");
        variables.put("R2_BUCKET", "photos");
        variables.put("R2_ACCESS_KEY_ID", "key");
        variables.put("R2_SECRET_ACCESS_KEY", SECRET);
        return variables;
    }

    /** As environment variables, so that their spelling is tested too. */
    private static ApplicationContextRunner environment(Map<String, Object> variables) {
        return new ApplicationContextRunner()
                .withUserConfiguration(StorageConfiguration.class)
                .withInitializer(context -> context.getEnvironment()
                        .getPropertySources()
                        .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", variables)));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties({StorageProperties.class, R2Properties.class})
    static class PropertiesOnly {}
}

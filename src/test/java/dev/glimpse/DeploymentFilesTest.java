package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** No engine builds the container and no Fly deploys it here, so this holds the two files to what they promise. */
class DeploymentFilesTest {
    private static final Pattern TOML_TABLE = Pattern.compile("\\[\\[?([a-z_.]+)]]?");
    private static final Pattern TOML_VALUE =
            Pattern.compile("([A-Za-z_0-9]+) = (?:\"([^\"\\\\]*)\"|(\\d+|true|false))(?: +#.*)?");
    private static final Pattern DOCKER_ENV = Pattern.compile("(?m)^(?:ENV|   ) +([A-Z_0-9]+)=(\\S*)");

    private final String dockerfile = read("docker/Dockerfile");
    private final Map<String, String> fly = toml(read("fly.toml"));

    @Test
    void flyStopsTheServerGently() {
        assertThat(fly).containsEntry("kill_signal", "SIGTERM").containsEntry("kill_timeout", "30s");
        assertThat(dockerfile).contains("\nSTOPSIGNAL SIGTERM\n");
    }

    @Test
    void flyAndTheImageAgreeOnPortAndFolder() {
        Map<String, String> image = dockerEnvironment();

        assertThat(image).containsEntry("GLIMPSE_ADDRESS", "0.0.0.0");
        for (String name : List.of("PORT", "GLIMPSE_ADDRESS", "GLIMPSE_DATA")) {
            assertThat(fly).containsEntry("env." + name, image.get(name));
        }
        assertThat(fly)
                .containsEntry("build.dockerfile", "docker/Dockerfile")
                .containsEntry("http_service.internal_port", image.get("PORT"))
                .containsEntry("mounts.destination", image.get("GLIMPSE_DATA"));
        assertThat(dockerfile)
                .contains("\nVOLUME " + image.get("GLIMPSE_DATA") + "\n")
                .contains("\nEXPOSE " + image.get("PORT") + "\n");
    }

    @Test
    void trafficWaitsUntilTheServerIsReady() {
        assertThat(fly)
                .containsEntry("http_service.checks.path", "/actuator/health/readiness")
                .containsEntry("http_service.force_https", "true");
        assertThat(read("docker/healthcheck")).contains("/actuator/health/liveness");
    }

    @Test
    void secretsAreNotInTheFiles() {
        assertThat(fly.keySet()).noneMatch(key -> key.contains("R2_") || key.contains("KEY"));
        assertThat(dockerEnvironment().keySet()).noneMatch(key -> key.contains("R2_") || key.contains("KEY"));
    }

    @Test
    void theServerRunsAsAnUnprivilegedUserKnownByNumber() {
        String runtime = dockerfile.substring(dockerfile.lastIndexOf("\nFROM "));

        assertThat(runtime).containsPattern("\nUSER [1-9]\\d*:[1-9]\\d*\n").doesNotContain("USER root");
        assertThat(runtime.indexOf("\nUSER ")).isLessThan(runtime.indexOf("\nENTRYPOINT "));
    }

    @Test
    void everyBuilderCanReadTheDockerfile() {
        // Older builders know neither.
        assertThat(dockerfile).doesNotContain("<<EOF").doesNotContain("--link");
    }

    @Test
    void whatTheImageStartsIsInTheProjectAndCanBeExecuted() {
        for (String script : List.of("start", "healthcheck")) {
            assertThat(Path.of("docker", script)).isExecutable();
            assertThat(dockerfile).contains("docker/" + script).contains("\"/app/" + script + "\"");
        }
    }

    private Map<String, String> dockerEnvironment() {
        Map<String, String> environment = new TreeMap<>();
        Matcher matcher = DOCKER_ENV.matcher(dockerfile);
        while (matcher.find()) {
            environment.put(matcher.group(1), matcher.group(2));
        }
        return environment;
    }

    /** The part of TOML that fly.toml uses: tables, and values on one line. Anything else fails. */
    private static Map<String, String> toml(String text) {
        Map<String, String> values = new TreeMap<>();
        String table = "";
        for (String line : text.lines().map(String::strip).toList()) {
            Matcher header = TOML_TABLE.matcher(line);
            Matcher value = TOML_VALUE.matcher(line);
            if (header.matches()) {
                table = header.group(1) + ".";
            } else if (value.matches()) {
                String found = value.group(2) != null ? value.group(2) : value.group(3);
                assertThat(values.put(table + value.group(1), found))
                        .as("twice: %s", line)
                        .isNull();
            } else {
                assertThat(line).as("a line of fly.toml").matches("(#.*)?");
            }
        }
        return values;
    }

    private static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new AssertionError("cannot read " + file, e);
        }
    }
}

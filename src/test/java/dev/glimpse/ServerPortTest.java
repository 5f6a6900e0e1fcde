package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.mock.env.MockEnvironment;

class ServerPortTest {
    @ParameterizedTest
    @CsvSource({
        "99999, server.port (PORT) must be a number from 0 to 65535: 99999",
        "-1, server.port (PORT) must be a number from 0 to 65535: -1",
        "abc, server.port (PORT) must be a whole number: abc"
    })
    void portThatThereIsNotIsToldWithItsCure(String port, String told) {
        Throwable failure =
                catchThrowable(() -> ServerPort.check(new MockEnvironment().withProperty("server.port", port)));

        FailureAnalysis analysis = Objects.requireNonNull(new SettingsFailureAnalyzer().analyze(failure));
        assertThat(analysis.getDescription()).isEqualTo(told);
        assertThat(analysis.getAction()).startsWith("Correct it");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "65535"})
    void anyOtherPortIsTaken(String port) {
        assertThatCode(() -> ServerPort.check(new MockEnvironment().withProperty("server.port", port)))
                .doesNotThrowAnyException();
    }

    @Test
    void portMayBeLeftOut() {
        assertThatCode(() -> ServerPort.check(new MockEnvironment())).doesNotThrowAnyException();
    }
}

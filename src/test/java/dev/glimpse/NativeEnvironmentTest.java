package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NativeEnvironmentTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "AWS_SESSION_TOKEN",
                "AWS_ENDPOINT_URL_S3",
                "AWS_SKIP_SIGNATURE",
                "AWS_PROFILE",
                "AWS_ANYTHING_NEW",
                "aws_region",
                "AZURE_STORAGE_ALLOW_HTTP",
                "OBJECT_STORE_CLIENT_MAX_RETRIES",
                "TOKEN",
                "Endpoint",
                "timeout",
                "PROXY_URL",
                "HTTPS_PROXY",
                "no_proxy"
            })
    void whatLanceWouldTakeForAnOptionIsForeign(String variable) {
        assertThat(NativeEnvironment.foreign(List.of(variable))).containsExactly(variable);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"PATH", "HOME", "R2_ENDPOINT", "GLIMPSE_DATA", "LANCE_CPU_THREADS", "MALLOC_ARENA_MAX", "LAWS_X"
            })
    void otherVariablesStay(String variable) {
        assertThat(NativeEnvironment.foreign(List.of(variable))).isEmpty();
    }

    @Test
    void removedVariableIsGoneForNativeLibraries() {
        NativeLibrary libc = NativeLibrary.getProcess();
        Function getenv = libc.getFunction("getenv");
        libc.getFunction("setenv").invokeInt(new Object[] {"AWS_TEST_OF_GLIMPSE", "1", 1});
        assertThat(getenv.invokeString(new Object[] {"AWS_TEST_OF_GLIMPSE"}, false))
                .isEqualTo("1");

        NativeEnvironment.remove(List.of("AWS_TEST_OF_GLIMPSE", "AWS_NEVER_SET"));

        assertThat(getenv.invokeString(new Object[] {"AWS_TEST_OF_GLIMPSE"}, false))
                .isNull();
    }
}

package dev.glimpse;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.BindException;
import org.springframework.boot.context.properties.source.ConfigurationProperty;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.origin.Origin;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.core.convert.ConversionFailedException;
import org.springframework.util.unit.DataSize;

/** Says which setting is wrong, and what it may be. Spring's own analyzer prints every value, also that of a secret. */
@Order(Ordered.HIGHEST_PRECEDENCE)
class SettingsFailureAnalyzer implements FailureAnalyzer {
    private static final Pattern SECRET = Pattern.compile("secret|key|password|token|sha256|credential");
    private static final Pattern VARIABLE = Pattern.compile("System Environment Property \"(\\w+)\"");

    private static final String CURE = "Correct it, or unset it to have the default.";

    /** Variables that application.yml gives other names than Spring's own. */
    private static final Map<String, String> VARIABLES = Map.of(
            "server.port", "PORT",
            "server.address", "GLIMPSE_ADDRESS",
            "glimpse.data", "GLIMPSE_DATA",
            "glimpse.model", "GLIMPSE_MODEL");

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        Wrong wrong = null;
        String expected = null;
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < 32; cause = cause.getCause(), depth++) {
            if (cause instanceof BindException binding) {
                wrong = Wrong.of(binding);
            } else if (cause instanceof InvalidConfigurationPropertyValueException value) {
                wrong = new Wrong(value.getName(), String.valueOf(value.getValue()), null, value);
            } else if (cause instanceof ConversionFailedException conversion) {
                expected = expected(conversion.getTargetType().getType());
            } else if (wrong != null
                    && expected == null
                    && cause.getClass() == IllegalArgumentException.class
                    && cause.getMessage() != null) {
                // Our own settings name key, rule and value.
                return new FailureAnalysis(cause.getMessage(), CURE, wrong.cause);
            }
        }
        return wrong == null
                ? null
                : new FailureAnalysis(
                        expected == null
                                ? wrong.named() + " has a value that cannot be used" + wrong.shown()
                                : wrong.named() + " must be " + expected + wrong.shown(),
                        CURE,
                        wrong.cause);
    }

    /** @param value null if it is not known */
    private record Wrong(
            String name, @Nullable String value, @Nullable Origin origin, Throwable cause) {
        static Wrong of(BindException binding) {
            ConfigurationProperty property = binding.getProperty();
            return property == null
                    ? new Wrong(binding.getName().toString(), null, null, binding)
                    : new Wrong(
                            property.getName().toString(),
                            String.valueOf(property.getValue()),
                            property.getOrigin(),
                            binding);
        }

        String named() {
            Matcher variable = VARIABLE.matcher(String.valueOf(origin));
            String other = variable.find() ? variable.group(1) : VARIABLES.get(name);
            return other == null ? name : name + " (" + other + ")";
        }

        String shown() {
            boolean secret = SECRET.matcher(name.toLowerCase(Locale.ROOT)).find();
            return value == null || secret ? "." : ": " + value;
        }
    }

    private static String expected(Class<?> type) {
        if (type == Integer.class || type == int.class || type == Long.class || type == long.class) {
            return "a whole number";
        }
        if (type == Double.class || type == double.class) {
            return "a number";
        }
        if (type == Boolean.class || type == boolean.class) {
            return "true or false";
        }
        if (type == Duration.class) {
            return "a time, as in 10s or 5m";
        }
        if (type == DataSize.class) {
            return "a size, as in 20MB";
        }
        if (type == InetAddress.class) {
            return "an address of this machine, as in 127.0.0.1 or 0.0.0.0";
        }
        if (type == Path.class) {
            return "a path";
        }
        if (type.isEnum()) {
            return "one of " + java.util.Arrays.toString(type.getEnumConstants());
        }
        return "a " + type.getSimpleName();
    }
}

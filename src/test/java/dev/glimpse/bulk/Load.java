package dev.glimpse.bulk;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * One run of the command.
 *
 * @param errors progress, and why it could not begin
 */
record Load(int status, String output, String errors) {
    static Load of(FakeGlimpse server, Object... arguments) {
        return of(server.url(), new byte[0], arguments);
    }

    static Load of(String url, byte[] input, Object... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        BulkLoadCommand command = new BulkLoadCommand(
                Map.of("GLIMPSE_URL", url),
                new ByteArrayInputStream(input),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                Duration.ofMillis(1));
        int status = command.run(
                new ArrayList<>(Arrays.stream(arguments).map(Object::toString).toList()));
        return new Load(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /** A number of the summary; 0 if it is not told. */
    long count(String label) {
        return lines().stream()
                .filter(line -> line.matches(" {2}" + label + " +\\d+.*"))
                .mapToLong(line -> Long.parseLong(
                        line.replaceAll("^ {2}" + label + " +", "").replaceAll("\\D.*", "")))
                .sum();
    }

    List<String> lines() {
        return output.lines().toList();
    }
}

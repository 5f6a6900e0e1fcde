package dev.glimpse.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Every type of problem, with its explanation: the list in {@code problems.tsv}, which {@code docs/api.md} repeats. */
final class ProblemTypes {
    private static final Map<String, Explanation> ALL = read();

    private ProblemTypes() {}

    /**
     * What a type means. Its texts may have code between backticks.
     *
     * @param type the last part of the URI
     * @param status of the answers that have it
     * @param when it happens
     * @param remedy what a client, or the operator, can do
     */
    record Explanation(int status, String type, String when, String remedy) {}

    private static Map<String, Explanation> read() {
        try (InputStream table = Objects.requireNonNull(ProblemTypes.class.getResourceAsStream("/problems.tsv"))) {
            Map<String, Explanation> types = new LinkedHashMap<>();
            for (String line : new String(table.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                String[] cells = line.split("\t", 4);
                types.put(cells[1], new Explanation(Integer.parseInt(cells[0]), cells[1], cells[2], cells[3]));
            }
            return types;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All, by status. */
    static List<Explanation> all() {
        return List.copyOf(ALL.values());
    }

    static Set<String> names() {
        return ALL.keySet();
    }

    static Optional<Explanation> of(String type) {
        return Optional.ofNullable(ALL.get(type));
    }
}

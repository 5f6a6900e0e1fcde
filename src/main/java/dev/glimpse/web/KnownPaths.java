package dev.glimpse.web;

import dev.glimpse.request.Spelling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Tells which path of the API was probably meant by another one: {@code /search} by {@code /api/Serach/}. */
final class KnownPaths {
    /** A path that is longer is no slip. */
    private static final int MOST_CHARACTERS = 200;

    /** What clients of other services are used to put before a path, {@code /api/v1}, or to leave out. */
    private static final int MOST_PREFIXES = 2;

    private static final List<String> OF_THE_ECOSYSTEM =
            List.of("/actuator/health", "/actuator/info", "/actuator/prometheus", "/swagger-ui", "/v3/api-docs");

    private final Supplier<Set<String>> patterns;

    /** @param patterns of the endpoints, such as {@code /images/{name}}; not asked before the first path */
    KnownPaths(Supplier<Set<String>> patterns) {
        this.patterns = patterns;
    }

    /** A part of a message: what was probably meant, or nothing if no path is near. */
    String hint(String path) {
        return meant(path).map(meant -> "; did you mean " + meant + "?").orElse("");
    }

    /**
     * The nearest path, with what the client has written in place of variables.
     *
     * @param path as it was sent, which may be anything
     */
    Optional<String> meant(String path) {
        if (path.length() > MOST_CHARACTERS) {
            return Optional.empty();
        }
        List<String> sent = segments(path);
        Set<String> known = new TreeSet<>(patterns.get());
        known.addAll(OF_THE_ECOSYSTEM);
        String nearest = null;
        int least = Integer.MAX_VALUE;
        for (String pattern : known) {
            List<String> segments = segments(pattern);
            int prefixes = sent.size() - segments.size();
            if (sent.isEmpty() || segments.isEmpty() || Math.abs(prefixes) > MOST_PREFIXES) {
                continue;
            }
            List<String> rest = sent.subList(Math.max(0, prefixes), sent.size());
            List<String> missing = segments.subList(0, Math.max(0, -prefixes));
            List<String> end = segments.subList(missing.size(), segments.size());
            if (missing.stream().anyMatch(KnownPaths::isVariable)
                    || end.stream().allMatch(KnownPaths::isVariable)) {
                continue;
            }
            int differences = differences(rest, end);
            if (differences >= 0 && differences + Math.abs(prefixes) < least) {
                least = differences + Math.abs(prefixes);
                nearest = filled(
                        segments, Stream.concat(missing.stream(), rest.stream()).toList());
            }
        }
        return Optional.ofNullable(nearest).filter(meant -> !meant.equals(path));
    }

    private static List<String> segments(String path) {
        return Arrays.stream(path.split("/", -1))
                .filter(segment -> !segment.isEmpty())
                .toList();
    }

    /** Of two paths of the same length; -1 if a segment is another word. */
    private static int differences(List<String> sent, List<String> pattern) {
        int sum = 0;
        for (int i = 0; i < pattern.size(); i++) {
            if (!isVariable(pattern.get(i))) {
                if (!Spelling.isNear(sent.get(i), pattern.get(i))) {
                    return -1;
                }
                sum += Spelling.differences(sent.get(i), pattern.get(i));
            }
        }
        return sum;
    }

    private static String filled(List<String> pattern, List<String> sent) {
        List<String> filled = new ArrayList<>();
        for (int i = 0; i < pattern.size(); i++) {
            filled.add(isVariable(pattern.get(i)) ? sent.get(i) : pattern.get(i));
        }
        return "/" + String.join("/", filled);
    }

    private static boolean isVariable(String segment) {
        return segment.startsWith("{");
    }
}

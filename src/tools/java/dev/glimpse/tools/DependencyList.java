package dev.glimpse.tools;

import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The libraries that the jar carries, and their licences, as the build's SBOM has them: {@code scripts/list-dependencies}. */
public final class DependencyList {
    static final Path SBOM = Path.of("target/classes/META-INF/sbom/application.cdx.json");
    public static final Path PAGE = Path.of("docs/dependencies.md");

    private static final String BEGIN = "<!-- written by scripts/list-dependencies -->\n";
    private static final String END = "<!-- up to here -->\n";

    /** What anyone may do with an Apache-2.0 program is allowed by all of these. */
    public static final Set<String> ALLOWED =
            Set.of("Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-2.0");

    /** By group: which of several licences we take, or which one a vague name means. The page says why. */
    private static final Map<String, String> CHOSEN = Map.of(
            "ch.qos.logback", "EPL-2.0",
            "jakarta.annotation", "EPL-2.0",
            "net.java.dev.jna", "Apache-2.0",
            "org.hdrhistogram", "BSD-2-Clause",
            "com.twelvemonkeys.common", "BSD-3-Clause",
            "com.twelvemonkeys.imageio", "BSD-3-Clause");

    private DependencyList() {}

    /**
     * A library.
     *
     * @param declared licences, as it says itself
     */
    public record Library(String group, String name, String version, Set<String> declared) {
        /** Those that count for us. */
        public Set<String> licences() {
            String chosen = CHOSEN.get(group);
            return chosen == null ? declared : Set.of(chosen);
        }

        private String shown() {
            String licences = String.join(", ", new TreeSet<>(licences()));
            return licences().equals(declared)
                    ? licences
                    : licences + " (declared: " + String.join(", ", declared) + ")";
        }
    }

    public static void main(String[] args) throws IOException {
        Files.writeString(PAGE, page(Files.readString(PAGE), libraries()));
    }

    /** For tests, which are skipped where there is none. */
    public static void assumeSbom() {
        assumeThat(SBOM).as("Maven writes no SBOM when it is offline").exists();
    }

    public static List<Library> libraries() throws IOException {
        JsonNode components =
                JsonMapper.shared().readTree(Files.readString(SBOM)).get("components");
        List<Library> libraries = new ArrayList<>();
        for (JsonNode component : components) {
            Set<String> licences = new TreeSet<>();
            for (JsonNode each : component.path("licenses")) {
                JsonNode license = each.path("license");
                licences.add(license.path("id")
                        .asString(license.path("name")
                                .asString(each.path("expression").asString("unknown"))));
            }
            libraries.add(new Library(
                    component.get("group").asString(),
                    component.get("name").asString(),
                    component.get("version").asString(),
                    licences));
        }
        return libraries;
    }

    /** The page with a new list in it, one line for what has group, version and licence in common. */
    public static String page(String page, List<Library> libraries) {
        Map<String, Set<String>> lines = new TreeMap<>();
        for (Library library : libraries) {
            String line = "| " + library.group + " | " + library.version + " | " + library.shown() + " | ";
            lines.computeIfAbsent(line, key -> new TreeSet<>()).add(library.name);
        }
        String list = lines.entrySet().stream()
                .map(line -> line.getKey() + String.join(", ", line.getValue()) + " |\n")
                .collect(Collectors.joining());
        int begin = page.indexOf(BEGIN);
        int end = page.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IllegalStateException(PAGE + " has no place for the list between\n" + BEGIN + "and\n" + END);
        }
        return page.substring(0, begin + BEGIN.length())
                + "\n| Group | Version | Licence | Libraries |\n|---|---|---|---|\n" + list + "\n"
                + page.substring(end);
    }
}

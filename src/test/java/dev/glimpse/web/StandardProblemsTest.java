package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StandardProblemsTest {
    private static Set<String> found(Pattern pattern, String text) {
        Set<String> found = new TreeSet<>();
        pattern.matcher(text).results().forEach(match -> found.add(match.group(1)));
        return found;
    }

    @Test
    void readmeNamesEveryTypeAndNoOther() throws IOException {
        StringBuilder table = new StringBuilder();
        try (Stream<String> lines = Files.lines(Path.of("README.md"))) {
            lines.dropWhile(line -> !line.startsWith("| Status | Problems"))
                    .takeWhile(line -> line.startsWith("|"))
                    .map(line -> line.split("\\|", -1)[2])
                    .forEach(table::append);
        }

        assertThat(found(Pattern.compile("`([a-z-]+)`"), table.toString())).isEqualTo(StandardProblems.types());
    }

    @Test
    void everyTypeInOurSourcesIsOnTheList() throws IOException {
        Pattern rule = Pattern.compile("HttpStatus\\.[A-Z_]+,\\s*\"([a-z-]+)\"");
        StringBuilder sources = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/glimpse/web"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sources.append(Files.readString(file));
            }
        }

        assertThat(found(rule, sources.toString())).isEqualTo(StandardProblems.types());
    }

    @Test
    void statusThatNobodyExpectedIsStillAProblemOfOneSideOrTheOther() {
        assertThat(StandardProblems.of(418).getStatus()).isEqualTo(400);
        assertThat(StandardProblems.of(599).getStatus()).isEqualTo(500);
        assertThat(String.valueOf(StandardProblems.of(404).getType())).isEqualTo("/problems/not-found");
    }
}

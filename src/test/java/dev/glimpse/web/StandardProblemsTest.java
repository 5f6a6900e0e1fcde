package dev.glimpse.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatus;

class StandardProblemsTest {
    private static final Path PAGE = Path.of("docs/api.md");

    private static Set<String> found(Pattern pattern, String text) {
        Set<String> found = new TreeSet<>();
        pattern.matcher(text).results().forEach(match -> found.add(match.group(1)));
        return found;
    }

    @Test
    void documentedTypesAreThoseOfTheCode() throws IOException {
        StringBuilder table = new StringBuilder();
        try (Stream<String> lines = Files.lines(PAGE)) {
            lines.dropWhile(line -> !line.startsWith("| Status | Problem |"))
                    .takeWhile(line -> line.startsWith("|"))
                    .map(line -> line.split("\\|", -1)[2])
                    .forEach(table::append);
        }

        assertThat(found(Pattern.compile("`([a-z-]+)`"), table.toString())).isEqualTo(ProblemTypes.names());
    }

    @Test
    void documentedExplanationsAreThoseThatTheServerGives() throws IOException {
        Pattern row = Pattern.compile("(?m)^\\| (\\d{3}) \\| `([a-z-]+)` \\| (.*) \\| (.*) \\|$");
        List<ProblemTypes.Explanation> documented = row.matcher(Files.readString(PAGE))
                .results()
                .map(match -> new ProblemTypes.Explanation(
                        Integer.parseInt(match.group(1)),
                        match.group(2),
                        match.group(3).replaceAll(":? ?\\[[^]]*]\\([^)]*\\)", ""),
                        match.group(4)))
                .toList();

        assertThat(documented).isEqualTo(ProblemTypes.all());
    }

    @Test
    void documentedStatusesAreThoseOfTheCode() throws IOException {
        Pattern rule = Pattern.compile("HttpStatus\\.([A-Z_]+),\\s*\"([a-z-]+)\"");
        Set<String> ofTheCode = new TreeSet<>();
        rule.matcher(sources())
                .results()
                .forEach(match ->
                        ofTheCode.add(HttpStatus.valueOf(match.group(1)).value() + " " + match.group(2)));

        Set<String> documented = new TreeSet<>();
        Pattern.compile("(?m)^\\| (\\d{3}) \\| `([a-z-]+)` \\|")
                .matcher(Files.readString(PAGE))
                .results()
                .forEach(match -> documented.add(match.group(1) + " " + match.group(2)));

        assertThat(documented).isEqualTo(ofTheCode);
    }

    @Test
    void everyTypeInOurSourcesIsOnTheList() throws IOException {
        Pattern rule = Pattern.compile("HttpStatus\\.[A-Z_]+,\\s*\"([a-z-]+)\"");

        assertThat(found(rule, sources())).isEqualTo(ProblemTypes.names());
    }

    private static String sources() throws IOException {
        StringBuilder sources = new StringBuilder();
        try (Stream<Path> files = Files.walk(Path.of("src/main/java/dev/glimpse/web"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                sources.append(Files.readString(file));
            }
        }
        return sources.toString();
    }

    @Test
    void statusThatNobodyExpectedIsStillAProblemOfOneSideOrTheOther() {
        assertThat(StandardProblems.of(418).getStatus()).isEqualTo(400);
        assertThat(StandardProblems.of(599).getStatus()).isEqualTo(500);
        assertThat(String.valueOf(StandardProblems.of(404).getType())).isEqualTo("/problems/not-found");
    }
}

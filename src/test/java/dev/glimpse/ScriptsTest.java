package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.Ports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What all scripts have in common for those who call them. */
class ScriptsTest {
    private record Run(int status, String output, String errors) {}

    static Stream<String> scripts() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("scripts"))) {
            return files.filter(Files::isRegularFile).map(Path::toString).sorted().toList().stream();
        }
    }

    private static Run run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile("output", ".txt");
        ProcessBuilder script = new ProcessBuilder(new ArrayList<>(Arrays.asList(command)));
        script.environment().keySet().removeIf(name -> name.startsWith("GLIMPSE_"));
        script.environment().put("PORT", Integer.toString(Ports.free()));
        Process process = script.redirectOutput(output.toFile()).start();
        process.getOutputStream().close();
        String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        Run run = new Run(process.waitFor(), Files.readString(output), errors);
        Files.delete(output);
        return run;
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void scriptTellsHowItIsUsed(String script) throws IOException, InterruptedException {
        Run run = run(script, "--help");

        assertThat(run.status()).as(run.errors()).isZero();
        assertThat(run.output()).contains(script);
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void optionThatAScriptDoesNotHaveIsRefusedWithThoseThatItHas(String script)
            throws IOException, InterruptedException {
        if (script.equals("scripts/test") || script.equals("scripts/test-spark")) {
            return; // all of them are Maven's
        }
        Run run = run(script, "--no-such");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errors().lines()).hasSize(1);
        assertThat(run.errors()).contains("--no-such").containsAnyOf("Options: -", "There are: ");
        assertThat(run.output()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "scripts/verify --sample, --sample takes a number or all",
        "scripts/eval --min-recall, --min-recall needs a value",
        "scripts/migrate --to, --to needs a value",
        "scripts/index-bucket --every, --every needs a value",
        "scripts/index-bucket --price, --price needs a prefix",
        "scripts/eval --min-recall 7, --min-recall must be a number from 0 to 1: 7",
        "scripts/eval --labels no-such, cannot read no-such",
        "scripts/verify --sample some, --sample takes a number or all",
        "scripts/test-bucket abc, PORT must be a number from 0 to 65535: abc",
        "scripts/test-bucket 99999, PORT must be a number from 0 to 65535: 99999",
        "scripts/test-bucket 8x, PORT must be a number from 0 to 65535: 8x"
    })
    void valueThatCannotBeUsedIsToldInOneLine(String command, String told) throws IOException, InterruptedException {
        Run run = run(command.split(" "));

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errors().lines()).hasSize(1);
        assertThat(run.errors()).contains(told);
        assertThat(run.output()).isEmpty();
    }

    @Test
    void benchmarkThatIsNotThereIsRefusedWithAllThatAre() throws IOException, InterruptedException {
        List<String> told = Files.readAllLines(Path.of("scripts/bench")).stream()
                .filter(line -> line.startsWith("#   scripts/bench "))
                .map(line -> line.replaceAll("#   scripts/bench (\\w+).*", "$1"))
                .toList();

        Run run = run("scripts/bench", "bogus");

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errors()).contains("There are: ").contains(told);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"scripts/demo", "scripts/eval", "scripts/verify", "scripts/migrate", "scripts/index-bucket"})
    void serverThatIsNotThereIsNamedInOneLineWithWhatToDo(String command) throws IOException, InterruptedException {
        Run run = run(command.split(" "));

        assertThat(run.status()).isEqualTo(2);
        assertThat(run.errors().lines()).hasSize(1);
        assertThat(run.errors())
                .contains("no Glimpse at http://127.0.0.1:", "nothing listens there", "scripts/run", "GLIMPSE_URL");
        assertThat(run.output()).isEmpty();
    }

    @Test
    void pictureInTheCommandsThatARunPrintsIsThere() throws IOException {
        List<String> files = Files.readAllLines(Path.of("scripts/run")).stream()
                .filter(line -> line.contains("file=@$root/"))
                .map(line -> line.replaceAll(".*file=@\\$root/(\\S+) .*", "$1"))
                .toList();

        assertThat(files)
                .isNotEmpty()
                .allSatisfy(file -> assertThat(Path.of(file)).exists());
    }
}

package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A client in Java that is generated from {@code docs/openapi.yaml}, compiled, and run as a process of its own. */
final class GeneratedClient {
    /** The build puts it there. */
    private static final Path GENERATOR = Path.of("target/openapi-generator-cli.jar");

    private static final Path PROGRAM = Path.of("src/test/resources/clients/JavaClient.java");
    private static final long MINUTES = 5;

    private final Path folder;

    /** @param folder that is empty */
    GeneratedClient(Path folder) {
        this.folder = folder;
    }

    /** What the program prints, if it ends with 0. */
    String run(List<String> arguments) throws IOException, InterruptedException {
        Path sources = folder.resolve("sources");
        Path classes = folder.resolve("classes");
        process(
                java("java"),
                "-jar",
                GENERATOR.toString(),
                "generate",
                "-i",
                "docs/openapi.yaml",
                "-g",
                "java",
                "--library",
                "restclient",
                "-o",
                sources.toString(),
                "--global-property",
                "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false",
                "--additional-properties",
                "openApiNullable=false,useJakartaEe=true,invokerPackage=client,apiPackage=client.api,modelPackage=client.model");
        List<String> compile = new ArrayList<>(
                List.of(java("javac"), "-nowarn", "-proc:none", "-cp", classPath(), "-d", classes.toString()));
        try (Stream<Path> files = Files.walk(sources.resolve("src/main/java"))) {
            files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(compile::add);
        }
        compile.add(PROGRAM.toString());
        process(compile.toArray(String[]::new));
        List<String> program = new ArrayList<>(List.of(java("java"), "-cp", classes + ":" + classPath(), "JavaClient"));
        program.addAll(arguments);
        return process(program.toArray(String[]::new));
    }

    private static String java(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private String process(String... command) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES) && process.exitValue() == 0)
                    .as("%s: %s", command[0], Files.readString(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output);
    }
}

package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.glimpse.testing.NodePackages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/** Clients that are generated from {@code docs/openapi.yaml}, compiled, and run as processes of their own. */
final class GeneratedClients {
    /** The build puts it there. */
    private static final Path GENERATOR = Path.of("target/openapi-generator-cli.jar");

    private static final Path PROGRAM = Path.of("src/test/resources/clients/JavaClient.java");
    private static final long MINUTES = 5;

    private final Path folder;

    /** @param folder that is empty */
    GeneratedClients(Path folder) {
        this.folder = folder;
    }

    /** What the program in Java prints, if it ends with 0. */
    String java(List<String> arguments) throws IOException, InterruptedException {
        Path sources = folder.resolve("sources");
        Path classes = folder.resolve("classes");
        generate(
                "java",
                sources,
                "openApiNullable=false,useJakartaEe=true,invokerPackage=client,apiPackage=client.api,modelPackage=client.model",
                "--library",
                "restclient");
        List<String> compile = new ArrayList<>(
                List.of(jdk("javac"), "-nowarn", "-proc:none", "-cp", classPath(), "-d", classes.toString()));
        try (Stream<Path> files = Files.walk(sources.resolve("src/main/java"))) {
            files.map(Path::toString).filter(file -> file.endsWith(".java")).forEach(compile::add);
        }
        compile.add(PROGRAM.toString());
        process(compile);
        return process(List.of(jdk("java"), "-cp", classes + ":" + classPath(), "JavaClient"), arguments);
    }

    /** What the program in TypeScript prints, if it ends with 0. */
    String typeScript(List<String> arguments) throws IOException, InterruptedException {
        Path node = NodePackages.install(Path.of("src/test/openapi"), Path.of("target/openapi"));
        FileSystemUtils.deleteRecursively(node.resolve("generated"));
        generate("typescript-fetch", node.resolve("generated"), "importFileExtension=.js");
        process(List.of(node.resolve("node_modules/.bin/tsc").toString(), "--project", node.toString()));
        return process(List.of("node", node.resolve("compiled/client.js").toString()), arguments);
    }

    private void generate(String generator, Path sources, String properties, String... more)
            throws IOException, InterruptedException {
        process(
                List.of(
                        jdk("java"),
                        "-jar",
                        GENERATOR.toString(),
                        "generate",
                        "-i",
                        "docs/openapi.yaml",
                        "-g",
                        generator,
                        "-o",
                        sources.toString(),
                        "--global-property",
                        "apis,models,supportingFiles,apiTests=false,modelTests=false,apiDocs=false,modelDocs=false",
                        "--additional-properties",
                        properties),
                List.of(more));
    }

    private static String jdk(String program) {
        return Path.of(System.getProperty("java.home"), "bin", program).toString();
    }

    private static String classPath() {
        return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    }

    private String process(List<String> program, List<String> arguments) throws IOException, InterruptedException {
        return process(Stream.concat(program.stream(), arguments.stream()).toList());
    }

    private String process(List<String> command) throws IOException, InterruptedException {
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(MINUTES, TimeUnit.MINUTES) && process.exitValue() == 0)
                    .as("%s: %s", command.get(0), Files.readString(output))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        return Files.readString(output);
    }
}

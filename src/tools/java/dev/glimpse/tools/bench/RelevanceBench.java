package dev.glimpse.tools.bench;

import dev.glimpse.testing.Client;
import dev.glimpse.testing.Client.Answer;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.SampleScenes;
import dev.glimpse.testing.ServerProcess;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/**
 * Whether searches of the sample scenes say when there is nothing to find: {@code scripts/bench relevance}. Argument: the folder of a model.
 *
 * <p>A question about a scene counts if a search finds the scene among its first ten. It is lost at a least relevance that its best hit does
 * not reach. A question about what no scene shows is empty there. The bars are at the least relevance that the page asks for.
 */
final class RelevanceBench {
    private static final List<Double> LEAST = List.of(0.1, 0.25, 0.5);
    private static final double USUAL = 0.25;
    private static final List<String> FORMS = List.of("%s", "a %s", "a picture of a %s", "show me a %s");
    private static final Map<String, String> NO_LIMITS =
            Map.of("GLIMPSE_ACCESS_REQUESTS_PER_MINUTE", "10000000", "GLIMPSE_ACCESS_REQUESTS_AT_ONCE", "200");

    private final Report report = new Report();
    private final Client client;
    private final Map<String, String> scenes;

    private RelevanceBench(Client client) {
        this.client = client;
        this.scenes = SampleScenes.upload(client);
        Awaitility.await().until(() -> !hits("a cat").get(0).get("relevance").isNull());
    }

    public static void main(String[] args) throws Exception {
        Path data = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        Map<String, String> settings = new HashMap<>(NO_LIMITS);
        settings.put("GLIMPSE_MODEL", args[0]);
        try (ServerProcess server = ServerProcess.run(data, data.resolve("log"), settings)) {
            int status = new RelevanceBench(server.client()).run(args[0]);
            server.terminate();
            FileSystemUtils.deleteRecursively(data);
            System.exit(status);
        }
    }

    private int run(String model) throws Exception {
        report.sayMachine();
        report.say("model %s; %d scenes; questions in the forms %s", model, scenes.size(), FORMS);
        List<Double> found = new ArrayList<>();
        int asked = 0;
        for (Map.Entry<String, String> scene : scenes.entrySet()) {
            for (String form : FORMS) {
                asked++;
                JsonNode hits = hits(form.formatted(scene.getKey()));
                if (hits.valueStream()
                        .anyMatch(hit -> hit.get("id").stringValue().equals(scene.getValue()))) {
                    found.add(best(hits));
                }
            }
        }
        List<Double> absent = bestOf(SampleScenes.absent());
        List<Double> unknown = bestOf(SampleScenes.unknown());
        List<Double> nothing = new ArrayList<>(absent);
        nothing.addAll(unknown);
        report.say(
                "%d of %d questions about scenes find theirs among ten; %d questions about known things that no scene shows, %d about unknown ones",
                found.size(), asked, absent.size(), unknown.size());
        report.say("area under the curve of the best hit's relevance: %.3f", area(found, nothing));
        for (double least : LEAST) {
            report.say(
                    "minRelevance=%.2f: lost %.1f %%; empty %.1f %% (known things %.1f %%, unknown ones %.1f %%)",
                    least,
                    100 * below(found, least),
                    100 * below(nothing, least),
                    100 * below(absent, least),
                    100 * below(unknown, least));
        }
        report.bar(below(found, USUAL) <= 0.02, "lost at %.2f: %.1f %%, at most 2", USUAL, 100 * below(found, USUAL));
        report.bar(
                below(nothing, USUAL) >= 0.9,
                "empty at %.2f: %.1f %%, at least 90",
                USUAL,
                100 * below(nothing, USUAL));
        return report.status();
    }

    private List<Double> bestOf(List<String> things) {
        return things.stream()
                .flatMap(thing -> FORMS.stream().map(form -> best(hits(form.formatted(thing)))))
                .toList();
    }

    private static double best(JsonNode hits) {
        return hits.get(0).get("relevance").doubleValue();
    }

    private JsonNode hits(String text) {
        Answer answer =
                client.get("/search?mode=vector&limit=10&text=" + URLEncoder.encode(text, StandardCharsets.UTF_8));
        if (answer.status() != 200) {
            throw new IllegalStateException(answer.text());
        }
        return answer.json().get("results");
    }

    private static double below(List<Double> relevances, double least) {
        return relevances.stream().filter(relevance -> relevance < least).count() / (double) relevances.size();
    }

    /** The chance that a question with something to find has a better best hit than one without. */
    private static double area(List<Double> found, List<Double> nothing) {
        double better = 0;
        for (double one : found) {
            for (double other : nothing) {
                better += one > other ? 1 : one == other ? 0.5 : 0;
            }
        }
        return better / found.size() / nothing.size();
    }
}

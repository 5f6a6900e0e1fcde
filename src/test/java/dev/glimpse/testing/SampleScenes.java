package dev.glimpse.testing;

import dev.glimpse.testing.Client.Part;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** The 500 scenes of the folder samples, each with one thing, and what can be asked for that none of them shows. Any thread. */
public final class SampleScenes {
    private static final Path SAMPLES = Path.of("samples");
    private static final Path THINGS = Path.of("tools/train-mini-clip/things.tsv");
    private static final int FILES = 100;

    private SampleScenes() {}

    /**
     * Uploads all scenes with captions, and waits until they are committed.
     *
     * @return id of each by the name of what it shows, in the order of the file
     */
    public static Map<String, String> upload(Client client) {
        Map<String, String> ids = new LinkedHashMap<>();
        List<String[]> scenes = rows(SAMPLES.resolve("scenes.tsv"));
        for (int first = 0; first < scenes.size(); first += FILES) {
            List<String[]> some = scenes.subList(first, Math.min(first + FILES, scenes.size()));
            List<Part> parts = new ArrayList<>();
            for (String[] scene : some) {
                parts.add(Part.file(scene[0], TestPictures.scene(scene[0])));
                parts.add(Part.field("caption", "scene of " + scene[1]));
            }
            JsonNode results = client.multipart("/upload?durability=committed", parts)
                    .json()
                    .get("results");
            for (int i = 0; i < some.size(); i++) {
                ids.put(some.get(i)[1], results.get(i).get("id").stringValue());
            }
        }
        return ids;
    }

    /** Things that the demonstration model knows and no scene shows. Their last word occurs in nothing that is shown. */
    public static List<String> absent() {
        Set<String> names = new HashSet<>();
        rows(SAMPLES.resolve("scenes.tsv")).forEach(scene -> names.add(scene[1]));
        Set<String> shown = new HashSet<>();
        List<String[]> things = rows(THINGS);
        for (String[] thing : things) {
            if (names.contains(thing[1])) {
                shown.addAll(List.of(
                        (thing[1] + "|" + thing[2]).toLowerCase(Locale.ROOT).split("[| -]")));
            }
        }
        return things.stream()
                .map(thing -> thing[1])
                .filter(name -> !names.contains(name))
                .filter(name -> !shown.contains(name.toLowerCase(Locale.ROOT).substring(name.lastIndexOf(' ') + 1)))
                .toList();
    }

    /** What no scene shows and the demonstration model does not know. */
    public static List<String> unknown() {
        try (InputStream file = SampleScenes.class.getResourceAsStream("unknown.txt")) {
            if (file == null) {
                throw new IllegalStateException("unknown.txt is missing");
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Without the heading. */
    private static List<String[]> rows(Path table) {
        try {
            return Files.readAllLines(table).stream()
                    .skip(1)
                    .map(line -> line.split("\t", -1))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

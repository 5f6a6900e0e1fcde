package dev.glimpse;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Holds the pages of the project to what they point to. */
class DocumentationTest {
    private static final Path ROOT = Path.of("").toAbsolutePath();

    /** Folders that are not ours to check. */
    private static final Set<String> LEFT_OUT = Set.of("target", "data", "node_modules");

    private static final int MOST_BYTES_OF_README = 6 * 1024;

    private static final Pattern FENCE = Pattern.compile("(?ms)^ {0,3}```.*?^ {0,3}```[ \\t]*$");
    private static final Pattern CODE_SPAN = Pattern.compile("`[^`\\n]+`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)(?: \"[^\"]*\")?\\)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?) *#*$");
    private static final Pattern SCRIPT = Pattern.compile("scripts/[A-Za-z0-9_-]+(?:[/.][A-Za-z0-9_-]+)*");

    /** A script, and up to two words behind it. */
    private static final Pattern COMMAND =
            Pattern.compile("scripts/(bench|selftest)(?: +([a-z][a-z0-9-]*))?(?: +([a-z][a-z0-9-]*))?");

    private static final Pattern CASE_LABEL = Pattern.compile("(?m)^ +([a-z][a-z0-9-]*)\\)");

    @Test
    void readmeHasAtMostSixKilobytes() throws IOException {
        assertThat(Files.size(Path.of("README.md"))).isLessThanOrEqualTo(MOST_BYTES_OF_README);
    }

    /** It is no library of Maven's, so no list of those has it. */
    @Test
    void pageOnDependenciesNamesTheVersionOfLibwebpThatTheJarCarries() throws IOException {
        int version = NativeLibrary.getInstance("webp-imageio")
                .getFunction("WebPGetEncoderVersion")
                .invokeInt(new Object[0]);
        String artifact = Files.readString(Path.of("pom.xml")).replaceAll("(?s).*<webp.version>(.*?)<.*", "$1");

        assertThat(Files.readString(Path.of("docs/dependencies.md")))
                .contains("libwebp %d.%d.%d (BSD-3-Clause"
                        .formatted(version >> 16, (version >> 8) & 0xFF, version & 0xFF))
                .contains("`webp-imageio` " + artifact + " (Apache-2.0)");
    }

    @Test
    void relativeLinksLeadToFilesAndHeadings() throws IOException {
        List<String> broken = new ArrayList<>();
        int links = 0;
        for (Path page : pages()) {
            Matcher link = LINK.matcher(prose(Files.readString(page)));
            while (link.find()) {
                if (!link.group(1).matches("[a-z]+:.*")) {
                    links++;
                    if (!leadsSomewhere(page, link.group(1))) {
                        broken.add(ROOT.relativize(page) + ": " + link.group(1));
                    }
                }
            }
        }

        assertThat(broken).isEmpty();
        assertThat(links).isGreaterThan(50);
    }

    @Test
    void scriptsThatPagesNameAreThere() throws IOException {
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (Path page : pages()) {
            Matcher script = SCRIPT.matcher(Files.readString(page));
            while (script.find()) {
                named++;
                if (!Files.exists(ROOT.resolve(script.group()))) {
                    missing.add(ROOT.relativize(page) + ": " + script.group());
                }
            }
        }

        assertThat(missing).isEmpty();
        assertThat(named).isGreaterThan(50);
    }

    @Test
    void subCommandsThatPagesNameAreThere() throws IOException {
        List<String> unknown = new ArrayList<>();
        int named = 0;
        for (Path page : pages()) {
            for (String code : code(Files.readString(page))) {
                Matcher command = COMMAND.matcher(code);
                while (command.find()) {
                    if (command.group(2) != null) {
                        named++;
                        if (!isKnown(command)) {
                            unknown.add(ROOT.relativize(page) + ": " + command.group());
                        }
                    }
                }
            }
        }

        assertThat(unknown).isEmpty();
        assertThat(named).isGreaterThan(20);
    }

    /** Whether the script has this command and, if that one has commands of its own, the word behind it is one of these. */
    private static boolean isKnown(Matcher command) throws IOException {
        if (command.group(1).equals("bench")) {
            return labels(ROOT.resolve("scripts/bench")).contains(command.group(2));
        }
        Path selftest = ROOT.resolve("scripts/selftests").resolve(command.group(2));
        if (!Files.isRegularFile(selftest)) {
            return false;
        }
        Set<String> commands = labels(selftest);
        return command.group(3) == null || commands.isEmpty() || commands.contains(command.group(3));
    }

    /** The words that the script tells apart. */
    private static Set<String> labels(Path script) throws IOException {
        Set<String> labels = new HashSet<>();
        CASE_LABEL.matcher(Files.readString(script)).results().forEach(label -> labels.add(label.group(1)));
        return labels;
    }

    private static boolean leadsSomewhere(Path page, String link) throws IOException {
        String[] fileAndAnchor = link.split("#", 2);
        Path target = fileAndAnchor[0].isEmpty()
                ? page
                : page.resolveSibling(fileAndAnchor[0]).normalize();
        if (!target.startsWith(ROOT) || !Files.exists(target)) {
            return false;
        }
        return fileAndAnchor.length == 1 || anchors(Files.readString(target)).contains(fileAndAnchor[1]);
    }

    /** As GitHub makes them of headings. */
    private static Set<String> anchors(String page) {
        Set<String> anchors = new HashSet<>();
        Map<String, Integer> times = new HashMap<>();
        HEADING.matcher(FENCE.matcher(page).replaceAll("")).results().forEach(heading -> {
            String name = heading.group(1)
                    .toLowerCase(Locale.ROOT)
                    .replaceAll("[^\\p{L}\\p{N} _-]", "")
                    .replace(' ', '-');
            int before = times.merge(name, 1, Integer::sum) - 1;
            anchors.add(before == 0 ? name : name + "-" + before);
        });
        return anchors;
    }

    private static String prose(String page) {
        return CODE_SPAN.matcher(FENCE.matcher(page).replaceAll("")).replaceAll("code");
    }

    /** Lines of fenced code, and code within lines. */
    private static List<String> code(String page) {
        List<String> code = new ArrayList<>();
        FENCE.matcher(page)
                .results()
                .forEach(fence -> code.addAll(fence.group().lines().toList()));
        CODE_SPAN
                .matcher(FENCE.matcher(page).replaceAll(""))
                .results()
                .forEach(span -> code.add(span.group().replace("`", "")));
        return code;
    }

    private static List<Path> pages() throws IOException {
        List<Path> pages = new ArrayList<>();
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                String name = folder.getFileName().toString();
                boolean ours = folder.equals(ROOT) || !(LEFT_OUT.contains(name) || name.startsWith("."));
                return ours ? FileVisitResult.CONTINUE : FileVisitResult.SKIP_SUBTREE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (file.toString().endsWith(".md")) {
                    pages.add(file);
                }
                return FileVisitResult.CONTINUE;
            }
        });
        return pages;
    }
}

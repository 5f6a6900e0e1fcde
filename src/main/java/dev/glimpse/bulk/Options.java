package dev.glimpse.bulk;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the command line asks for.
 *
 * @param sources folders, pictures, archives and lists; {@code -} is standard input
 * @param lists files that are lists whatever their bytes are
 * @param server without a slash at its end
 * @param key of the server; null if there is none
 * @param jobs most requests at the same time
 * @param rate most pictures a second; infinite if there is no such bound
 * @param patience how long a server that is busy or away is waited for
 * @param report where the report goes as JSON; null if it is not wanted
 * @param captions a CSV file; null if there is none
 */
record Options(
        List<String> sources,
        List<Path> lists,
        URI server,
        @Nullable String key,
        int jobs,
        double rate,
        Duration patience,
        @Nullable Path report,
        @Nullable Path captions,
        boolean sidecars,
        boolean metadata,
        boolean anyAddress,
        boolean fresh,
        boolean all,
        boolean json) {
    private static final int JOBS = 4;
    private static final int MOST_JOBS = 64;
    private static final int PATIENCE_SECONDS = 120;
    private static final int MOST_SECONDS = 86_400;

    private static final String KNOWN =
            "--server --jobs --rate --wait --list --captions --sidecars --metadata --any-address"
                    + " --report --fresh --all --json --help";

    /** A command line that cannot be followed. The message says why, in one line. */
    static final class InvalidOptionsException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        InvalidOptionsException(String message) {
            super(message);
        }
    }

    @Override
    public String toString() {
        return "Options[" + sources + lists + " -> " + server + "]"; // without the key
    }

    /**
     * Reads a command line.
     *
     * @param environment {@code GLIMPSE_URL}, {@code PORT} and {@code GLIMPSE_KEY} of it count
     * @throws InvalidOptionsException if it is none
     */
    static Options of(List<String> arguments, Map<String, String> environment) {
        Words words = new Words(arguments);
        List<String> sources = new ArrayList<>();
        List<Path> lists = new ArrayList<>();
        String server =
                environment.getOrDefault("GLIMPSE_URL", "http://127.0.0.1:" + environment.getOrDefault("PORT", "8080"));
        int jobs = JOBS;
        double rate = Double.POSITIVE_INFINITY;
        Duration patience = Duration.ofSeconds(PATIENCE_SECONDS);
        Path report = null;
        Path captions = null;
        boolean sidecars = false;
        boolean metadata = false;
        boolean anyAddress = false;
        boolean fresh = false;
        boolean all = false;
        boolean json = false;
        while (!words.left.isEmpty()) {
            String word = words.left.removeFirst();
            switch (word) {
                case "-s", "--server" -> server = words.value(word);
                case "-j", "--jobs" -> jobs = words.number("-j", word, MOST_JOBS);
                case "--rate" -> rate = words.rate(word);
                case "--wait" -> patience = Duration.ofSeconds(words.number("--wait", word, MOST_SECONDS));
                case "--list" -> lists.add(Path.of(words.value(word)));
                case "--captions" -> captions = Path.of(words.value(word));
                case "--report" -> report = Path.of(words.value(word)).toAbsolutePath();
                case "--sidecars" -> sidecars = true;
                case "--metadata" -> metadata = true;
                case "--any-address" -> anyAddress = true;
                case "--fresh" -> fresh = true;
                case "--all" -> all = true;
                case "--json" -> json = true;
                default -> {
                    if (word.startsWith("-") && word.length() > 1) {
                        throw new InvalidOptionsException("there is no option " + word + ". Options: " + KNOWN
                                + ". scripts/bulk-load --help tells more");
                    }
                    sources.add(word);
                }
            }
        }
        if (sources.isEmpty() && lists.isEmpty()) {
            throw new InvalidOptionsException("a folder, an archive, a picture or a list, please; - is standard input."
                    + " scripts/bulk-load --help tells more");
        }
        return new Options(
                List.copyOf(sources),
                List.copyOf(lists),
                url(server),
                environment.get("GLIMPSE_KEY"),
                jobs,
                rate,
                patience,
                report,
                captions,
                sidecars,
                metadata,
                anyAddress,
                fresh,
                all,
                json);
    }

    private static URI url(String server) {
        try {
            URI url = new URI(server.endsWith("/") ? server.substring(0, server.length() - 1) : server);
            if (url.getHost() != null && ("http".equals(url.getScheme()) || "https".equals(url.getScheme()))) {
                return url;
            }
        } catch (URISyntaxException e) {
            // Told below.
        }
        throw new InvalidOptionsException("the server must be an http(s) URL, not " + server);
    }

    private static final class Words {
        private final Deque<String> left;

        Words(List<String> words) {
            left = new ArrayDeque<>(words);
        }

        String value(String option) {
            if (left.isEmpty()) {
                throw new InvalidOptionsException(option + " needs a value");
            }
            return left.removeFirst();
        }

        int number(String name, String option, int most) {
            String text = value(option);
            if (!text.matches("\\d{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > most) {
                throw new InvalidOptionsException(name + " must be 1 to " + most + ", not " + text);
            }
            return Integer.parseInt(text);
        }

        double rate(String option) {
            String text = value(option);
            if (!text.matches("\\d{1,9}(\\.\\d{1,9})?") || Double.parseDouble(text) == 0) {
                throw new InvalidOptionsException("--rate must be a positive number, not " + text);
            }
            return Double.parseDouble(text);
        }
    }
}

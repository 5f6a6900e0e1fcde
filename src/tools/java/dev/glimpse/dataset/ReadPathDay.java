package dev.glimpse.dataset;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.glimpse.dataset.replica.TableTimings;
import dev.glimpse.testing.TestBucket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.LoggerFactory;
import org.springframework.util.FileSystemUtils;

/** A {@link Day} of very many uploads, and what of the table must not go beyond its bounds: {@code scripts/selftest read-path day}. */
final class ReadPathDay {
    private static final Duration RETENTION = Duration.ofSeconds(10);

    /** A day passes in minutes, so that nobody sleeps for long. */
    private static final TableTimings TIMING = new TableTimings(
            Duration.ofSeconds(4),
            Duration.ofSeconds(1),
            Duration.ofSeconds(30),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            Duration.ofSeconds(8),
            Duration.ofMillis(200),
            Duration.ofSeconds(5),
            Duration.ofSeconds(10));

    private ReadPathDay() {}

    /** Arguments: uploads, seed, and perhaps {@code --slow}. */
    public static void main(String[] args) throws Exception {
        int uploads = Integer.parseInt(args[0]);
        long seed = Long.parseLong(args[1]);
        boolean slow = args.length > 2;
        Day.Plan plan = new Day.Plan(uploads / 4, uploads, Math.min(10_000, uploads / 5), RETENTION, TIMING, seed);
        System.out.printf(
                "%,d uploads into a table of %,d rows, seed %d%s%n",
                uploads, uploads / 4, seed, slow ? ", slow bucket" : "");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger ours = (Logger) LoggerFactory.getLogger("dev.glimpse");
        ours.setLevel(Level.INFO);
        ours.setAdditive(false);
        ours.addAppender(log);
        Path work = Files.createTempDirectory(Path.of("target"), "day-").toAbsolutePath();
        List<String> missed = new ArrayList<>();
        try (TestBucket bucket = TestBucket.start()) {
            if (slow) {
                bucket.slow();
            }
            Day day = new Day(bucket, work, plan, System.out::println);
            try {
                day.live();
            } finally {
                List<ILoggingEvent> events = List.copyOf(log.list);
                steps(events).forEach((step, millis) -> System.out.printf("%s: %s%n", step, millis));
                events.stream()
                        .filter(event -> event.getLevel().isGreaterOrEqual(Level.WARN))
                        .map(event -> event.getLevel() + " " + event.getFormattedMessage())
                        .collect(Collectors.groupingBy(
                                text -> text.replaceAll("[0-9]+", "#"), TreeMap::new, Collectors.counting()))
                        .forEach((text, times) -> System.out.printf("%d times %s%n", times, text));
                day.problems().forEach(problem -> System.out.println("PROBLEM: " + problem));
            }
            Day.Most most = day.most();
            bound(missed, "small fragments", (double) most.smallFragments, 20);
            bound(missed, "versions in the bucket", (double) most.versions, 1_000);
            bound(missed, "unindexed rows", (double) most.unindexedRows, 10_000);
            bound(missed, "p99 of searches against quiet ones", day.slowdown(), 3);
            System.out.printf(
                    "bytes in the bucket, old versions included: at most %.2f times those of the data%n", most.bytes);
            missed.addAll(day.problems());
        }
        FileSystemUtils.deleteRecursively(work);
        System.exit(missed.isEmpty() ? 0 : 1);
    }

    private static void bound(List<String> missed, String what, double most, double allowed) {
        System.out.printf(
                "%s: at most %.1f, allowed %.0f: %s%n", what, most, allowed, most <= allowed ? "met" : "MISSED");
        if (most > allowed) {
            missed.add(what);
        }
    }

    /** How often each step of maintenance was done, and what time that took. */
    private static Map<String, String> steps(List<ILoggingEvent> events) {
        Map<String, List<Long>> millis = new TreeMap<>();
        for (ILoggingEvent event : events) {
            String text = event.getFormattedMessage();
            if (text.startsWith("maintenance=")) {
                millis.computeIfAbsent(
                                text.replaceAll(" millis=.*", "").replaceAll("[0-9]+", "some"),
                                first -> new ArrayList<>())
                        .add(Long.parseLong(text.replaceAll(".* millis=([0-9]+) .*", "$1")));
            }
        }
        Map<String, String> steps = new TreeMap<>();
        millis.forEach((step, times) -> steps.put(
                step,
                "%d times, %.1f s in all, at most %.1f s"
                        .formatted(
                                times.size(),
                                times.stream().mapToLong(Long::longValue).sum() / 1e3,
                                times.stream().mapToLong(Long::longValue).max().orElse(0) / 1e3)));
        return steps;
    }
}

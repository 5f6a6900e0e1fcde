package dev.glimpse.bulk;

import dev.glimpse.bulk.GlimpseClient.Answer;
import dev.glimpse.bulk.source.Source;
import dev.glimpse.bulk.source.Sources;
import dev.glimpse.bulk.source.UnusableSourceException;
import dev.glimpse.fetch.UrlFetcher;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.util.unit.DataSize;

/**
 * {@code java -jar glimpse.jar bulk-load ...}: loads folders, archives and lists of pictures into a running server. {@code
 * scripts/bulk-load --help} says what it takes. Starts neither Spring nor a model.
 */
public final class BulkLoadCommand {
    /** All was loaded but what was left out. */
    static final int DONE = 0;

    /** Something failed or was refused, or nothing was loaded. */
    static final int INCOMPLETE = 1;

    /** It could not begin. */
    static final int UNUSABLE = 2;

    private static final int MEMORY_MEBIBYTES = 64;
    private static final DataSize LARGEST_FETCHED = DataSize.ofMegabytes(20);
    private static final int TROUBLES_TOLD = 20;
    private static final int KINDS_TOLD = 30;
    private static final int MOST_SENT = 32;
    private static final Duration FIRST_WAIT = Duration.ofSeconds(1);
    private static final int LAST_MILLIS = 40_000;

    private final Map<String, String> environment;
    private final InputStream in;
    private final PrintStream out;
    private final PrintStream err;
    private final boolean isTerminal;
    private final Duration firstWait;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile @Nullable Delivery delivery;

    /**
     * @param environment that settings are taken from
     * @param isTerminal whether {@code err} is seen by people, as it changes
     * @param firstWait before what failed is tried again for the first time
     */
    BulkLoadCommand(
            Map<String, String> environment,
            InputStream in,
            PrintStream out,
            PrintStream err,
            boolean isTerminal,
            Duration firstWait) {
        this.environment = environment;
        this.in = in;
        this.out = out;
        this.err = err;
        this.isTerminal = isTerminal;
        this.firstWait = firstWait;
    }

    /** Runs with the streams of this process, and gives its exit status. SIGINT and SIGTERM let what is under way end. */
    public static int run(String... arguments) {
        BulkLoadCommand command = new BulkLoadCommand(
                System.getenv(), System.in, System.out, System.err, Boolean.getBoolean("glimpse.terminal"), FIRST_WAIT);
        Runtime.getRuntime().addShutdownHook(new Thread(command::stop, "stop"));
        return command.run(List.of(arguments));
    }

    /** Ends early: begins nothing more, and waits until the report is written. For another thread. */
    void stop() {
        Delivery running = delivery;
        if (running != null && ended.getCount() > 0) {
            err.println("Stopping: running uploads may finish.");
            running.stop();
            try {
                boolean unused = ended.await(LAST_MILLIS, TimeUnit.MILLISECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Runs, and gives the exit status. */
    int run(List<String> arguments) {
        try {
            return load(Options.of(arguments, environment));
        } catch (Options.InvalidOptionsException
                | UnusableSourceException
                | InvalidPathException
                | UncheckedIOException e) {
            return unusable(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return INCOMPLETE;
        } finally {
            ended.countDown();
        }
    }

    private int unusable(@Nullable String why) {
        err.println("bulk-load: " + Visible.of(String.valueOf(why)));
        return UNUSABLE;
    }

    private int load(Options options) throws InterruptedException {
        List<Source> sources = new ArrayList<>();
        try (CaptionTable table = captions(options)) {
            GlimpseClient client = new GlimpseClient(options.server(), options.key());
            Answer stats = client.stats();
            if (!stats.isOk()) {
                return unusable(options.server() + " refuses: " + stats.detail() + " (the key in GLIMPSE_KEY)");
            }
            for (String source : options.sources()) {
                sources.add(source.equals("-") ? Sources.piped(in) : Sources.open(Path.of(source)));
            }
            options.lists().forEach(list -> sources.add(Sources.list(list)));
            NotesFinder notes = new NotesFinder(table, options.sidecars(), options.metadata());
            try (Report report = new Report(options.report())) {
                return load(options, client, sources, notes, report, stats.body());
            }
        } catch (IOException e) {
            return unusable(noServer(options, e));
        } finally {
            sources.forEach(Source::close);
        }
    }

    private static @Nullable CaptionTable captions(Options options) {
        try {
            return options.captions() == null ? null : new CaptionTable(options.captions());
        } catch (IOException e) {
            throw new UnusableSourceException("the captions cannot be read: " + e.getMessage());
        }
    }

    private static String noServer(Options options, IOException failure) {
        String why =
                GlimpseClient.isUnreachable(failure) ? "nothing listens there" : String.valueOf(failure.getMessage());
        return "no Glimpse at " + options.server() + ": " + why
                + ". Start one with scripts/run, or say where it is: GLIMPSE_URL=http://...";
    }

    private int load(
            Options options, GlimpseClient client, List<Source> sources, NotesFinder notes, Report report, Json stats)
            throws InterruptedException, IOException {
        long start = System.nanoTime();
        String complaint = deliver(options, client, sources, notes, report);
        Report.End end = new Report.End(
                source(options),
                options.server().toString(),
                (System.nanoTime() - start) / 1e9,
                client.requests(),
                client.bytesSent(),
                complaint);
        tell(options, report, end, stats);
        return status(report.counts());
    }

    /** Gives why it ended before its time; null if it did not. */
    private @Nullable String deliver(
            Options options, GlimpseClient client, List<Source> sources, NotesFinder notes, Report report)
            throws InterruptedException {
        int mostSent = (int) Math.max(1, Math.min(MOST_SENT, options.rate()));
        Pace pace = new Pace(options.jobs(), options.rate(), firstWait, System::nanoTime);
        Memory memory = new Memory(MEMORY_MEBIBYTES);
        try (Delivery running = new Delivery(
                        client,
                        pace,
                        memory,
                        new UnderWay(memory, report),
                        options.patience(),
                        firstWait,
                        mostSent,
                        !options.fresh());
                Intake intake = new Intake(running, memory, report, notes, () -> fetcher(options), options.all());
                Progress progress = new Progress(report, () -> share(sources), err, isTerminal)) {
            delivery = running;
            running.start(options.jobs());
            progress.start();
            read(sources, intake);
            while (!running.isStopping() && !report.awaitNothingInHand(200)) {}
            return running.complaint();
        }
    }

    private static UrlFetcher fetcher(Options options) {
        return options.anyAddress() ? UrlFetcher.ofAnyAddress(LARGEST_FETCHED) : new UrlFetcher(LARGEST_FETCHED);
    }

    private static void read(List<Source> sources, Intake intake) throws InterruptedException {
        try {
            for (Source source : sources) {
                if (!intake.isStopping()) {
                    source.read(intake);
                }
            }
            intake.await();
        } catch (InterruptedException e) {
            if (!intake.isStopping()) {
                throw e;
            }
        }
    }

    private static double share(List<Source> sources) {
        return sources.stream().mapToDouble(Source::share).average().orElse(1);
    }

    private static String source(Options options) {
        return Stream.concat(
                        options.sources().stream(), options.lists().stream().map(Path::toString))
                .collect(Collectors.joining(", "));
    }

    private static int status(Report.Counts counts) {
        boolean isComplete = counts.refused() + counts.failed() + counts.inHand() == 0;
        return isComplete && counts.stored() + counts.known() > 0 ? DONE : INCOMPLETE;
    }

    // ---- The report as text. With --json it goes to standard error.

    private void tell(Options options, Report report, Report.End end, Json stats) throws IOException {
        report.end(end);
        Report.Counts counts = report.counts();
        PrintStream to = options.json() ? err : out;
        to.println(Visible.of(end.source() + " -> " + end.server()));
        line(to, "total", counts.found());
        line(to, "stored", counts.stored());
        line(to, "known", counts.known());
        if (counts.refused() > 0) {
            line(to, "refused", counts.refused());
        }
        line(to, "failed", counts.failed());
        if (counts.leftOut() > 0) {
            line(to, "left out", counts.leftOut());
        }
        if (counts.inHand() > 0) {
            line(to, "not sent", counts.inHand() + ", run it again to go on");
        }
        double rate = (counts.stored() + counts.known()) / Math.max(end.seconds(), 1e-3);
        line(to, "time", String.format(Locale.ROOT, "%s, %.1f/s", Progress.clock(end.seconds()), rate));
        if (end.complaint() != null) {
            to.println(Visible.of(end.complaint()));
        }
        Json demonstration = stats.at("model").at("demonstration");
        if (demonstration.isObject()) {
            line(
                    to,
                    "model",
                    Visible.of(demonstration.at("note").text() + ". To change it: "
                            + demonstration.at("command").text()));
        }
        if (options.json()) {
            out.println(report.json(end));
            out.flush();
        }
        tellTroubles(to, options, report, counts);
        if (counts.stored() + counts.known() == 0) {
            to.println(Visible.of("Nothing was loaded from " + end.source() + "."));
        }
        tellLeftOut(to, report);
        to.flush();
    }

    private static void line(PrintStream to, String label, Object value) {
        to.printf(Locale.ROOT, "  %-12s %s%n", label, value);
    }

    private static void tellTroubles(PrintStream to, Options options, Report report, Report.Counts counts) {
        List<Report.Trouble> troubles = report.troubles();
        if (troubles.isEmpty()) {
            return;
        }
        to.println("Not loaded (status, reason, file"
                + (options.report() == null ? "; all of them with --report FILE" : "; all in " + options.report())
                + "):");
        troubles.stream().limit(TROUBLES_TOLD).forEach(trouble -> {
            String status = trouble.status() == 0 ? "-" : Integer.toString(trouble.status());
            to.println(Visible.of("  " + status + "\t" + trouble.reason() + "\t" + trouble.file()));
        });
        long more = counts.refused() + counts.failed() - TROUBLES_TOLD;
        if (more > 0) {
            to.println("  ... and " + more + " more");
        }
    }

    private static void tellLeftOut(PrintStream to, Report report) {
        List<String> kinds = report.leftOut();
        if (!kinds.isEmpty()) {
            String told = kinds.stream().limit(KINDS_TOLD).collect(Collectors.joining(", "));
            int more = kinds.size() - KINDS_TOLD;
            to.println(Visible.of("left out: " + told + (more > 0 ? ", and " + more + " more kinds" : "")));
        }
    }
}

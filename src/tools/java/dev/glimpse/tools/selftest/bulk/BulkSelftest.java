package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.fairness.TestScheduler;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestDecoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.springframework.util.FileSystemUtils;

/** Loads many pictures in all the ways there are, and measures that: {@code scripts/selftest bulk}. */
final class BulkSelftest {
    private static final int MOST_WARM = 400;

    private final Ground ground;
    private final Report report;
    private final ModelDescriptor model;
    private final byte[] square;
    private final Set<String> steps;

    private BulkSelftest(Ground ground, ModelDescriptor model, byte[] square, Set<String> steps) {
        this.ground = ground;
        this.report = ground.report();
        this.model = model;
        this.square = square;
        this.steps = steps;
    }

    /** Arguments: the model's folder, pictures, seed, steps with commas between them. */
    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        int count = Integer.parseInt(args[1]);
        long seed = Long.parseLong(args[2]);
        Set<String> steps = new LinkedHashSet<>(List.of(args[3].split(",", -1)));
        Path root = Files.createTempDirectory(Path.of("target"), "bulk-").toAbsolutePath();
        Report report = new Report();
        try {
            report.say("bulk loads of %,d pictures, seed %d, steps %s", count, seed, String.join(", ", steps));
            report.sayMachine();
            long start = System.nanoTime();
            BulkPictures pictures = BulkPictures.make(root.resolve("pictures"), count, seed);
            BulkPictures warm = BulkPictures.make(
                    root.resolve("warm"), Math.max(1, Math.min(count / 4, MOST_WARM)), seed + 1_000_000_007);
            report.say(
                    "pictures of %.1f kB on average, made in %.0f s; %d others to warm up",
                    pictures.size() / 1e3, Report.seconds(start), warm.count());
            ModelDescriptor model;
            byte[] square;
            try (ClipModel loaded = ClipModel.load(folder, TestScheduler.SCHEDULER)) {
                model = loaded.descriptor();
                square = new TestDecoder()
                        .decode(Files.readAllBytes(pictures.file(0)))
                        .cropTo(model.image().size());
            }
            ModelStamp stamp = new ModelStamp(model.name(), model.tableFingerprint(), model.dimension());
            Ground ground = new Ground(report, folder, stamp, root, seed, pictures, warm);
            new BulkSelftest(ground, model, square, steps).run();
            report.say("");
            report.say("all steps took %.0f s", Report.seconds(start));
            report.missed().forEach(bar -> report.say("missed: %s", bar));
            if (report.missed().isEmpty()) {
                report.say("nothing was missed");
            }
        } finally {
            clean(root, report.missed().isEmpty());
        }
        System.exit(report.status());
    }

    /** Leaves the logs if something was missed. */
    private static void clean(Path root, boolean all) throws IOException {
        if (all) {
            FileSystemUtils.deleteRecursively(root);
            return;
        }
        try (Stream<Path> files = Files.list(root)) {
            for (Path file : files.toList()) {
                if (!file.toString().endsWith(".log") && !file.toString().endsWith(".json")) {
                    FileSystemUtils.deleteRecursively(file);
                }
            }
        }
        System.err.println("Logs and reports are in " + root);
    }

    private interface Step {
        void run() throws Exception;
    }

    private void run() throws Exception {
        LoadSteps loads = new LoadSteps(ground);
        if (steps.contains("folder") || steps.contains("again") || steps.contains("zip")) {
            BareRate before = bare("before");
            step(
                    "folder",
                    steps.contains("folder") || steps.contains("again"),
                    () -> loads.folder(steps.contains("again")));
            step("zip", steps.contains("zip"), loads::zip);
            report.say("");
            loads.compare(before.mean(bare("after")));
        }
        step("kills", steps.contains("kills"), () -> {
            TableRows rows = new KillStep(ground).run();
            loads.requireSameVectors(rows, "kills", loads.rows());
        });
        PrefixSteps prefixes = new PrefixSteps(ground);
        step(
                "prefix",
                steps.contains("prefix"),
                () -> loads.requireSameVectors(prefixes.prefix(), "prefix", loads.rows()));
        step("spark", steps.contains("spark"), () -> loads.requireSameVectors(prefixes.spark(), "spark", loads.rows()));
        step("hostile", steps.contains("hostile"), () -> new HostileStep(ground).run());
    }

    /** One that fails does not keep the next ones from being run. */
    @SuppressWarnings("CatchAndPrintStackTrace") // it is named in the list at the end as well
    private void step(String name, boolean wanted, Step step) {
        if (!wanted) {
            return;
        }
        long start = System.nanoTime();
        try {
            step.run();
        } catch (Exception | AssertionError e) {
            e.printStackTrace();
            report.bar(false, "%s: %s", name, e);
        }
        report.say("the step took %.0f s", Report.seconds(start));
    }

    private BareRate bare(String when) throws Exception {
        BareRate rate = BareRate.measure(ground.model(), model, square, ground.cores());
        report.say(
                "bare encoder %s the loads, %d threads, batches of 8: %.2f/s, %.1f ms CPU a picture; load %s",
                when,
                ground.cores(),
                rate.perSecond(),
                rate.cpu() * 1e3,
                Files.readString(Path.of("/proc/loadavg")).strip());
        return rate;
    }
}

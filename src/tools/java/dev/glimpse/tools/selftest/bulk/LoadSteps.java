package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.tools.Spent;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Loads a folder, the same again, and a zip, each into an empty table, and measures that. */
final class LoadSteps {
    private static final double MOST_CLASS_A = 1.1;

    /** From so many pictures on, what a server asks from time to time does not count. */
    private static final int MANY = 1000;

    private static final double MOST_SLOWER_SEARCHES = 3;
    private static final double LEAST_OF_BARE = 0.90;

    /** An encoder that needs less for a picture says little of a load: to read, decode and store the picture takes longer. */
    private static final double SMALL_MODEL_CPU = 0.02;

    private static final long QUIET_SECONDS = 10;

    private final Ground ground;
    private final Report report;
    private @Nullable Measured folder;
    private @Nullable Measured zip;
    private @Nullable TableRows rows;

    LoadSteps(Ground ground) {
        this.ground = ground;
        this.report = ground.report();
    }

    /**
     * What a load took.
     *
     * @param rate pictures a second
     * @param serverCpu seconds of the server for a picture, until all rows were committed
     * @param beside share of the cores' time that the loader and the bucket had
     */
    private record Measured(double rate, double serverCpu, double beside) {}

    /** The table that the folder was loaded into; null if it was not. */
    @Nullable TableRows rows() {
        return rows;
    }

    void folder(boolean again) throws Exception {
        report.say("");
        report.say(
                "folder: scripts/bulk-load of %,d pictures to a server with a bucket that has R2's latency",
                ground.pictures().count());
        try (Place place = warmed("folder")) {
            double before;
            try (Searches quiet = new Searches(place.client())) {
                TimeUnit.SECONDS.sleep(QUIET_SECONDS);
                before = quiet.millis(0.95);
                report.say("searches before, %d: p50 %.1f ms, p95 %.1f ms", quiet.count(), quiet.millis(0.5), before);
            }
            try (Searches meanwhile = new Searches(place.client())) {
                folder = load(place, "folder-load", ground.pictures().folder().toString());
                double now = meanwhile.millis(0.95);
                report.bar(
                        now <= MOST_SLOWER_SEARCHES * before,
                        "searches meanwhile, %d: p50 %.1f ms, p95 %.1f ms, %.2f times as long as before (at most %.0f)",
                        meanwhile.count(),
                        meanwhile.millis(0.5),
                        now,
                        now / before,
                        MOST_SLOWER_SEARCHES);
                report.bar(
                        meanwhile.failures().isEmpty(),
                        "searches that failed: %s",
                        meanwhile.failures().stream().limit(3).toList());
            }
            memory(place);
            if (again) {
                again(place);
            }
            rows = requireRows(place, "folder", ground.warm());
        }
    }

    private void again(Place place) throws Exception {
        place.bucket().resetCounts();
        Loader.Result result = Loader.bulkLoad(
                        ground, place, "again", ground.pictures().folder().toString())
                .await(ground, place);
        long classA = place.bucket().classA();
        long objects = place.bucket().requests("images/").size();
        long most = 10L + ground.pictures().count() / 100;
        report.bar(
                result.status() == 0
                        && result.count("known") == ground.pictures().count()
                        && result.count("stored") == 0
                        && objects == 0
                        && classA <= most,
                "again: %d known, %d stored in %.1f s (%.0f a second), %d requests to the server; the bucket: %d class A, %d class B, %d for pictures (at most %d class A, which the table's care takes, and none for pictures)",
                result.count("known"),
                result.count("stored"),
                result.report().get("seconds").doubleValue(),
                ground.pictures().count() / result.report().get("seconds").doubleValue(),
                result.count("requests"),
                classA,
                place.bucket().classB(),
                objects,
                most);
    }

    void zip() throws Exception {
        report.say("");
        report.say("zip: the same pictures in one file, into an empty table");
        String file = ground.pictures().zip().toString();
        try (Place place = warmed("zip")) {
            zip = load(place, "zip-load", file);
            memory(place);
            requireSameVectors(requireRows(place, "zip", ground.warm()), "zip", rows);
        }
    }

    /** Holds the loads to the encoder. */
    void compare(BareRate bare) {
        report.say("");
        report.say(
                "beside the bare encoder, mean of before and after: %.2f/s, %.1f ms CPU",
                bare.perSecond(), bare.cpu() * 1e3);
        compare("folder", folder, bare);
        compare("zip", zip, bare);
    }

    private void compare(String name, @Nullable Measured load, BareRate bare) {
        if (load == null) {
            return;
        }
        double alone = ground.cores() / load.serverCpu();
        report.say(
                "%s: the server alone, by its CPU on %d cores: %.2f/s, bare by CPU %.2f/s: %.3f of it; loader and bucket had %.0f %% of the cores",
                name,
                ground.cores(),
                alone,
                ground.cores() / bare.cpu(),
                bare.cpu() / load.serverCpu(),
                load.beside() * 100);
        double ratio = load.rate() / bare.perSecond();
        if (bare.cpu() < SMALL_MODEL_CPU) {
            report.say("%s: %.3f of the bare rate; no bar, as the model is small", name, ratio);
        } else if (name.equals("folder")) {
            report.bar(ratio >= LEAST_OF_BARE, "%s: %.3f of the bare rate (at least %.2f)", name, ratio, LEAST_OF_BARE);
        } else {
            report.say("%s: %.3f of the bare rate", name, ratio);
        }
    }

    /** A server with a slow bucket that has loaded some pictures, as the JVM compiles what runs often, and that takes its time. */
    private Place warmed(String name) throws Exception {
        Place place = Place.ofBucket(ground, name);
        place.startServer();
        place.bucket().slow();
        int status = Loader.bulkLoad(
                        ground, place, name + "-warm", ground.warm().folder().toString())
                .await(ground, place)
                .status();
        if (status != 0) {
            place.close();
            throw new IOException("the first pictures were not loaded: status " + status);
        }
        place.settle();
        return place;
    }

    private Measured load(Place place, String name, String source) throws Exception {
        int count = ground.pictures().count();
        place.bucket().resetCounts();
        double server = Spent.cpuOf(place.server().handle());
        double bucket = Spent.cpuOf(place.bucket().handle());
        Loader.Result result = Loader.bulkLoad(ground, place, name, source).await(ground, place);
        place.settle();
        server = (Spent.cpuOf(place.server().handle()) - server) / count;
        bucket = (Spent.cpuOf(place.bucket().handle()) - bucket) / count;
        double client = result.cpu() / count;
        double seconds = result.report().get("seconds").doubleValue();
        long classA = place.bucket().classA();
        report.bar(
                result.status() == 0 && result.count("stored") == count && result.count("total") == count,
                "status %d, %d of %d stored in %.1f s (%.1f s with the JVM's start): %.2f/s",
                result.status(),
                result.count("stored"),
                count,
                seconds,
                result.wall(),
                count / seconds);
        report.say(
                "CPU of a picture: server %.1f ms, client %.1f ms, bucket %.1f ms",
                server * 1e3, client * 1e3, bucket * 1e3);
        report.say(
                "requests of a picture: %.3f class A, %.3f class B; in all %d commits; %d requests to the server",
                (double) classA / count,
                (double) place.bucket().classB() / count,
                place.bucket().requests("vectors/images.lance/_versions/").stream()
                        .filter(request -> request.method().equals("PUT"))
                        .count(),
                result.count("requests"));
        if (count >= MANY) {
            report.bar(classA <= MOST_CLASS_A * count, "class A at most %.1f a picture", MOST_CLASS_A);
        }
        List<Request> objects = place.bucket().requests("images/");
        Set<String> keys = new HashSet<>();
        objects.forEach(request -> keys.add(request.key()));
        report.bar(
                objects.size() == count && keys.size() == count,
                "%d requests for %d objects of pictures: each was put once and never read",
                objects.size(),
                keys.size());
        return new Measured(count / seconds, server, (client + bucket) * count / (seconds * ground.cores()));
    }

    private void memory(Place place) throws IOException {
        report.say(
                "server: VmHWM %.0f MB, live heap after %.0f MB",
                place.server().memory().getOrDefault("VmHWM", Double.NaN), place.liveHeap());
    }

    /** Stops the server, and reads what is in its table. */
    private TableRows requireRows(Place place, String name, @Nullable BulkPictures others) throws Exception {
        return requireRows(ground, place, name, others);
    }

    /** Stops the server, and reads what is in its table: a row of each picture, and of the others. */
    static TableRows requireRows(Ground ground, Place place, String name, @Nullable BulkPictures others)
            throws Exception {
        place.stopServer();
        Set<String> ids = new HashSet<>(ground.pictures().ids());
        if (others != null) {
            ids.addAll(others.ids());
        }
        TableRows read = TableRows.read(ground, place);
        ground.report().bar(read.areOf(ids), "%s: each picture has one row: %s", name, read.differenceTo(ids));
        return read;
    }

    void requireSameVectors(TableRows read, String name, @Nullable TableRows expected) {
        if (expected == null) {
            report.say("%s: its vectors are compared with nothing, as the step folder was left out", name);
            return;
        }
        double largest = read.largestDifference(expected);
        report.bar(
                largest <= 1e-5,
                "%s: vectors as of the step folder, largest difference %.2g (at most 1e-5)",
                name,
                largest);
    }
}

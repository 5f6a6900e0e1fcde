package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestBucket.Request;
import dev.glimpse.tools.Spent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Takes the pictures from a bucket where they lie under keys of their own: by a server, and by a job of Spark. */
final class PrefixSteps {
    private static final String PREFIX = "incoming/";

    private final Ground ground;
    private final Report report;

    PrefixSteps(Ground ground) {
        this.ground = ground;
        this.report = ground.report();
    }

    private Place filled(String name) throws Exception {
        Place place = Place.ofBucket(ground, name);
        try (ObjectStore store = place.bucket().open()) {
            ground.pictures().putInto(store, PREFIX);
        }
        place.bucket().slow();
        return place;
    }

    /** Leaves the table for a look at its rows: the server is stopped. */
    TableRows prefix() throws Exception {
        report.say("");
        report.say("prefix: scripts/index-bucket of %s into an empty table", PREFIX);
        int count = ground.pictures().count();
        try (Place place = filled("prefix")) {
            place.startServer();
            place.bucket().resetCounts();
            double server = Spent.cpuOf(place.server().handle());
            Loader.Result result = Loader.start(
                            ground,
                            "prefix",
                            Map.of(),
                            List.of("scripts/index-bucket", "--every", "0", PREFIX, place.address()))
                    .await(ground, place);
            place.settle();
            server = (Spent.cpuOf(place.server().handle()) - server) / count;
            long classA = place.bucket().classA();
            report.bar(
                    result.status() == 0 && place.rows() == count,
                    "status %d, %d rows of %d in %.1f s: %.2f/s, %.1f ms CPU of the server each",
                    result.status(),
                    place.rows(),
                    count,
                    result.wall(),
                    count / result.wall(),
                    server * 1e3);
            long gets = requests(place, "GET", PREFIX);
            report.bar(
                    gets == count && requests(place, "PUT", "images/") == 0,
                    "requests: %d class A, %d class B; each object was read once (%d gets), and nothing was copied",
                    classA,
                    place.bucket().classB(),
                    gets);
            return LoadSteps.requireRows(ground, place, "prefix", null);
        }
    }

    private static long requests(Place place, String method, String prefix) {
        return place.bucket().requests(prefix).stream()
                .map(Request::method)
                .filter(method::equals)
                .count();
    }

    /** Leaves the table for a look at its rows: no server runs. */
    TableRows spark() throws Exception {
        report.say("");
        report.say("spark: scripts/spark-bulk of %s into an empty table", PREFIX);
        int count = ground.pictures().count();
        try (Place place = filled("spark")) {
            place.bucket().resetCounts();
            Map<String, String> settings = new HashMap<>(place.settings());
            settings.remove("PORT");
            Loader.Result result = Loader.start(
                            ground, "spark", settings, List.of("scripts/spark-bulk", "--prefix", PREFIX))
                    .await();
            JsonNode told = result.report();
            double seconds = told.get("seconds").doubleValue();
            report.bar(
                    result.status() == 0 && result.count("stored") == count,
                    "status %d, %d of %d stored in %.1f s: %.2f/s (%.1f s with the JVM's start), %.1f ms CPU of a picture, the start among it",
                    result.status(),
                    result.count("stored"),
                    count,
                    seconds,
                    count / seconds,
                    result.wall(),
                    result.cpu() * 1e3 / count);
            report.say(
                    "requests of a picture: %.3f class A, %.3f class B",
                    (double) place.bucket().classA() / count,
                    (double) place.bucket().classB() / count);
            serve(place, count);
            return LoadSteps.requireRows(ground, place, "spark", null);
        }
    }

    /** A server opens the table that the job has made. */
    private void serve(Place place, int count) throws Exception {
        long start = System.nanoTime();
        place.startServer();
        double ready = Report.seconds(start);
        int limit = Math.min(10, count);
        Set<String> ids = ground.pictures().ids();
        List<String> found = place.client()
                .search("a red circle", limit)
                .json()
                .get("results")
                .valueStream()
                .map(hit -> hit.get("id").stringValue())
                .toList();
        report.bar(
                place.rows() == count && found.size() == limit && ids.containsAll(found),
                "a server is ready after %.1f s, has %d rows, and a search finds %d pictures",
                ready,
                place.rows(),
                found.size());
        byte[] bytes = place.client().get("/" + found.get(0)).bytes();
        report.bar(bytes.length > 0, "and serves the first, %d bytes", bytes.length);
    }
}

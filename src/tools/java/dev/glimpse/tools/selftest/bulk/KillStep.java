package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.testing.Report;
import dev.glimpse.testing.TestBucket.Request;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Loads the folder into an empty table while the server or the loader is killed three times. */
final class KillStep {
    private static final int KILLS = 3;

    /** Pictures that a loader may have sent without an answer: so many requests of so many pictures. */
    private static final int SENT_AT_ONCE = 4 * 32;

    private static final long PATIENCE = TimeUnit.MINUTES.toNanos(5);

    private final Ground ground;
    private final Report report;
    private final Random chance;

    /** Rows of the last server's table when the last loader began. */
    private long rowsBefore;

    /** Pictures that the encoders of servers that are gone had, as told just before. */
    private long encoded;

    private long underWay;

    KillStep(Ground ground) {
        this.ground = ground;
        this.report = ground.report();
        this.chance = new Random(ground.seed() + 5);
    }

    /** Leaves the table for a look at its rows: the server is stopped. */
    TableRows run() throws Exception {
        report.say("");
        report.say("kills: the folder into an empty table, and %d times a kill -9", KILLS);
        int count = ground.pictures().count();
        try (Place place = Place.ofBucket(ground, "kills")) {
            place.startServer();
            place.bucket().slow();
            Loader loader = begin(place, 0);
            double[] moments = chance.doubles(KILLS, 0.08, 0.85).sorted().toArray();
            // Each is killed at least once.
            boolean first = chance.nextBoolean();
            boolean third = chance.nextBoolean();
            for (int kill = 0; kill < KILLS; kill++) {
                awaitObjects(place, loader, (long) (moments[kill] * count));
                if (kill == 0 ? first : kill == 1 ? !first : third) {
                    killServer(place);
                } else {
                    loader.kill();
                    underWay += SENT_AT_ONCE;
                    report.say("the loader was killed with %d objects in the bucket", objects(place));
                    loader = begin(place, kill + 1);
                }
            }
            Loader.Result last = loader.await(ground, place);
            place.settle();
            awaitNoMarkers(place);
            requireTrue(last, count);
            Set<String> objects = new HashSet<>(place.bucket().keys("images/"));
            report.bar(
                    objects.equals(ground.pictures().ids()),
                    "%d objects of %d pictures in the bucket, and no others",
                    objects.size(),
                    count);
            requireFewTwice(place, count);
            return LoadSteps.requireRows(ground, place, "kills", null);
        }
    }

    private Loader begin(Place place, int number) throws Exception {
        rowsBefore = place.rows();
        Loader loader = Loader.bulkLoad(
                ground, place, "kills-" + number, ground.pictures().folder().toString());
        loader.awaitBegin();
        return loader;
    }

    private void awaitObjects(Place place, Loader loader, long least) throws InterruptedException {
        while (objects(place) < least) {
            if (!loader.isAlive()) {
                throw new IllegalStateException("the load had ended before %d objects were there".formatted(least));
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    private static long objects(Place place) {
        return place.bucket().keys("images/").size();
    }

    private void killServer(Place place) throws Exception {
        long committed = place.stats().get("committedRows").longValue();
        long inputs = place.encoded();
        place.server().kill();
        long objects = objects(place);
        encoded += inputs;
        underWay += objects - committed;
        report.say(
                "the server was killed with %d objects in the bucket, %d committed rows and %d pictures encoded in its life",
                objects, committed, inputs);
        long start = System.nanoTime();
        place.startServer();
        report.say("  and is ready again after %.1f s", Report.seconds(start));
    }

    /** What a server does at last is to remove what it has noted of changes under way, its own and those of dead ones. */
    private static void awaitNoMarkers(Place place) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE;
        while (!place.bucket().keys("pending/").isEmpty()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException(
                        "markers stay: " + place.bucket().keys("pending/"));
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** The report of the last loader. */
    private void requireTrue(Loader.Result last, int count) {
        long stored = last.count("stored");
        long known = last.count("known");
        report.bar(
                last.status() == 0
                        && last.count("total") == count
                        && stored + known == count
                        && last.count("failed") + last.count("refused") + last.count("leftOut") + last.count("notSent")
                                == 0
                        && known >= rowsBefore,
                "the last report is true: %d stored and %d known of %d, of which %d had rows when it began",
                stored,
                known,
                count,
                rowsBefore);
    }

    /** A picture that is stored once is put once. One that is taken up again is put again, or read. */
    private void requireFewTwice(Place place, int count) {
        Map<String, Integer> times = new HashMap<>();
        for (Request request : place.bucket().requests("images/")) {
            if (request.method().equals("PUT") || request.method().equals("GET")) {
                times.merge(request.key(), 1, Integer::sum);
            }
        }
        times.keySet().retainAll(ground.pictures().ids());
        long twice = times.values().stream().filter(each -> each > 1).count();
        report.bar(
                twice <= underWay,
                "%d pictures were taken up more than once, of at most %d that were under way at the kills",
                twice,
                underWay);
        long all = encoded + place.encoded();
        report.bar(
                all <= count + underWay,
                "the encoders had %d pictures in all lives of servers, as told just before the kills (at most %d and %d)",
                all,
                count,
                underWay);
    }
}

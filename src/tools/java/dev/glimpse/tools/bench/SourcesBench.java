package dev.glimpse.tools.bench;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestImages;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.JsonNode;

/** Indexes a bucket as it is, and counts what it asks of the bucket: {@code scripts/bench sources}. Arguments: pictures. */
final class SourcesBench {
    private static final String PREFIX = "photos/";

    private final Report report = new Report();
    private final TestBucket bucket;
    private final int pictures;

    private SourcesBench(TestBucket bucket, int pictures) {
        this.bucket = bucket;
        this.pictures = pictures;
    }

    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "bench-").toAbsolutePath();
        int status;
        try (TestBucket bucket = TestBucket.start()) {
            status = new SourcesBench(bucket, Integer.parseInt(args[0])).run(folder);
        } finally {
            FileSystemUtils.deleteRecursively(folder);
        }
        System.exit(status);
    }

    private int run(Path folder) throws Exception {
        report.say("%,d pictures in a bucket under names of their own; %s", pictures, Report.machine());
        try (ObjectStore store = bucket.open()) {
            for (int i = 0; i < pictures; i++) {
                store.putIfAbsent(
                        PREFIX + i % 100 + "/" + i + ".png",
                        TestImages.png(48, 32, 1_000_000 + i),
                        "image/png",
                        Map.of());
            }
        }
        Map<String, String> variables = new HashMap<>(bucket.environment());
        variables.put("OMP_NUM_THREADS", "1");
        try (ServerProcess server = ServerProcess.start(
                Files.createDirectories(folder.resolve("data")), folder.resolve("log"), variables)) {
            Client client = server.client();
            JsonNode price =
                    client.post("/admin/sources?dryRun=true&prefix=" + PREFIX).json();
            report.say("price: %s", price);
            // The first answer lists what is remembered.
            client.get("/admin/sources");
            bucket.resetCounts();
            long start = System.nanoTime();
            JsonNode look = look(client);
            report.say("look: %s", look);
            report.say("%.1f s", (System.nanoTime() - start) / 1e9);
            long lists = bucket.count("LIST", PREFIX);
            long gets = bucket.count("GET", PREFIX);
            report.bar(lists == price.get("lists").asLong(), "%d listings, as priced", lists);
            report.bar(gets == price.get("toRead").asLong(), "%d gets of objects, as priced", gets);
            long classA = bucket.requests().stream()
                    .filter(request -> request.requestClass() == RequestClass.A)
                    .filter(request -> isOfLook(request.key()))
                    .count();
            // What depends on the time, and not on the pictures: a put, a get and a head each 40 seconds.
            long renewals = bucket.count("PUT", "lease/sources") - 1;
            long questions = bucket.count("HEAD", "sources/");
            report.say(
                    "the lease was renewed %d times, and %d times it was asked whether the source is still set up",
                    renewals, questions);
            long commits = price.get("commits").asLong();
            // Before the look, the call that sets the source up lists what is remembered, and puts the settings.
            report.bar(
                    classA - 2 - renewals + 3 * commits == price.get("classA").asLong(),
                    "%d of class A besides renewals, and 3 for each of %d commits, as priced",
                    classA - 2 - renewals,
                    commits);
            long classB = bucket.requests().stream()
                    .filter(request -> request.requestClass() == RequestClass.B)
                    .filter(request -> isOfLook(request.key()))
                    .count();
            report.bar(
                    classB - renewals - questions == price.get("classB").asLong(),
                    "%d of class B besides renewals, as priced",
                    classB - renewals - questions);
            report.say(
                    "the table: %d puts and %d gets, merges and polls included",
                    bucket.count("PUT", "vectors/"), bucket.count("GET", "vectors/"));
            report.bar(bucket.count("PUT", "images/") == 0, "nothing was copied");
            report.bar(client.get("/stats").json().get("committedRows").asLong() == pictures, "%d rows", pictures);
            report.say("memory of the server: %.0f MB", server.memory().getOrDefault("VmHWM", 0.0));

            bucket.resetCounts();
            start = System.nanoTime();
            look(client);
            report.say("a look that finds nothing new: %.1f s", (System.nanoTime() - start) / 1e9);
            report.bar(
                    bucket.count("LIST", PREFIX) == lists
                            && bucket.count("GET", PREFIX) == 0
                            && bucket.count("HEAD", PREFIX) == 0,
                    "it lists, and reads nothing");
        }
        return report.status();
    }

    /** Whether the look asks for it, and not the table or the other duties of a server. */
    private static boolean isOfLook(String key) {
        return key.startsWith(PREFIX) || key.startsWith("sources/") || key.startsWith("lease/sources");
    }

    private static JsonNode look(Client client) throws InterruptedException {
        client.post("/admin/sources?everySeconds=0&prefix=" + PREFIX);
        while (true) {
            JsonNode source = client.get("/admin/sources").json().get("sources").get(0);
            if (source.get("state").asString().equals("waiting")) {
                return source.get("look");
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }
}

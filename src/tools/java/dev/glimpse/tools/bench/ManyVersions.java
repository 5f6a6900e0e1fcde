package dev.glimpse.tools.bench;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.Report;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestBucket.RequestClass;
import dev.glimpse.testing.TestPictures;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.lance.Dataset;
import tools.jackson.databind.JsonNode;

/**
 * Commits one row at a time, past the 64 versions at which the first version of this service halted and past the 1,000
 * objects that a listing has room for. The newest version must be the newest for everyone who looks.
 */
final class ManyVersions {
    private static final int LAST = 1100;
    private static final Set<Integer> POINTS = Set.of(64, 65, 100, 128, 129, 500, 1000, 1001, LAST);
    private static final String VERSIONS = "vectors/images.lance/_versions/";

    /** Class A of an upload that is a commit: data, transaction and manifest; picture and marker. */
    private static final String COST = "3 + 2";

    /** The lease of a server that has not renewed it for so long may be taken. */
    private static final Duration LEASE = Duration.ofMinutes(2);

    private final Path folder;
    private final List<String> before;
    private final Report report;
    private final TestBucket bucket;
    private final ObjectStore store;
    private long leased = System.nanoTime() - LEASE.toNanos();

    private ManyVersions(Path folder, List<String> before, Report report, TestBucket bucket, ObjectStore store) {
        this.folder = folder;
        this.before = before;
        this.report = report;
        this.bucket = bucket;
        this.store = store;
    }

    /**
     * Runs it on a bucket without latency, as it matters only what is found and what is asked.
     *
     * @param before words before the command of a server
     */
    static void run(Path folder, List<String> before, Report report) throws Exception {
        try (TestBucket bucket = TestBucket.start();
                ObjectStore store = bucket.open()) {
            new ManyVersions(folder, before, report, bucket, store).run();
        }
    }

    private void run() throws Exception {
        report.say("");
        report.say("Glimpse, a commit for each row, no latency; the newest version (and its rows) as it is found");
        report.say("%8s %15s %12s %15s   %s", "versions", "in /stats", "by listing", "by Lance", "class A");
        Set<String> costs = new TreeSet<>();
        boolean same = true;
        try (ServerProcess server = start("writer")) {
            Client client = server.client();
            // The first version is the table without a row.
            long offset = client.get("/stats").json().get("version").longValue() - 1;
            for (int versions = 2; versions <= LAST; versions++) {
                keepUpkeepAway();
                String cost = commit(client, versions);
                costs.add(cost);
                if (POINTS.contains(versions)) {
                    same &= compare(versions, versions + offset, client, cost);
                }
            }
            try (ServerProcess fresh = start("fresh")) {
                same &= compare(LAST, LAST + offset, fresh.client(), "a new server on this bucket");
            }
        }
        report.bar(same, "each time the newest version, with all rows");
        report.bar(
                costs.equals(Set.of(COST)),
                "class A of an upload alone, table + picture and marker: %s (%s each time, so nothing is tried again)",
                String.join(" or ", costs),
                COST);
    }

    private ServerProcess start(String name) throws IOException {
        Map<String, String> variables = new HashMap<>(bucket.environment());
        variables.put("GLIMPSE_COMMIT_AGE", "0s");
        return ServerProcess.start(folder.resolve(name), folder.resolve(name + ".log"), variables, before);
    }

    /** As another server would that looks after the table: versions are to be many, and each an upload's. */
    private void keepUpkeepAway() {
        if (System.nanoTime() - leased > LEASE.toNanos() / 2) {
            store.delete("lease/maintenance");
            store.putIfAbsent("lease/maintenance", new byte[] {1}, "text/plain", Map.of());
            leased = System.nanoTime();
        }
    }

    /** Uploads one picture, and gives the class A that its row and all else cost, but for questions whose turn it is. */
    private String commit(Client client, int n) {
        bucket.resetCounts();
        Client.Answer answer = client.multipart(
                "/upload?durability=committed", List.of(Client.Part.file("a.png", TestPictures.png(n))));
        if (answer.status() != 201) {
            throw new IllegalStateException(answer.toString());
        }
        long table = bucket.count(RequestClass.A, "vectors/");
        return table + " + " + (bucket.count(RequestClass.A) - table - bucket.count(RequestClass.A, "lease/"));
    }

    /** Whether the server, a full listing, and Lance with a handle of its own find the same. */
    private boolean compare(int versions, long version, Client client, String note) {
        JsonNode stats = client.get("/stats").json();
        String byServer = found(
                stats.get("version").longValue(), stats.get("committedRows").longValue());
        List<String> manifests = store.list(VERSIONS);
        // The arithmetic of the names on its own, not the server's.
        long byListing = manifests.stream()
                .map(key -> key.substring(VERSIONS.length()).replace(".manifest", ""))
                .mapToLong(name -> -1L - Long.parseUnsignedLong(name))
                .max()
                .orElse(0);
        String byLance;
        try (BufferAllocator allocator = new RootAllocator();
                Dataset table = FirstVersion.open(allocator, bucket.environment())) {
            byLance = found(table.version(), table.countRows());
        }
        report.say("%8d %15s %12d %15s   %s", manifests.size(), byServer, byListing, byLance, note);
        String expected = found(version, versions - 1);
        return manifests.size() == versions
                && byListing == version
                && byServer.equals(expected)
                && byLance.equals(expected);
    }

    private static String found(long version, long rows) {
        return version + " (" + rows + ")";
    }
}

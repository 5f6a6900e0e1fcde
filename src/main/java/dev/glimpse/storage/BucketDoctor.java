package dev.glimpse.storage;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import tools.jackson.databind.json.JsonMapper;

/**
 * Looks whether a store keeps what Glimpse relies on, and how fast it is. Works below a key of its own, and takes away
 * what it has put there.
 */
public final class BucketDoctor {
    private static final int RACES = 5;
    private static final int SAMPLES = 10;
    private static final int LARGE_BYTES = 20 << 20;

    /** Markers of other servers are taken for abandoned when they are a minute old by the bucket's clock. */
    private static final Duration CLOCK = Duration.ofSeconds(10);

    private final ObjectStore store;
    private final PrintStream out;
    private final boolean json;
    private final List<Result> results = new ArrayList<>();
    private final String prefix = "doctor/" + UUID.randomUUID() + "/";
    private boolean healthy = true;

    /** @param json whether programs read it: then a JSON object is printed at the end, in place of a line for each check */
    public BucketDoctor(ObjectStore store, PrintStream out, boolean json) {
        this.store = store;
        this.out = out;
        this.json = json;
    }

    private record Report(String store, boolean trusted, List<Result> checks) {}

    private record Result(String name, boolean good, String seen) {}

    private interface Check {
        /** What was seen, or throws what is wrong. */
        String run() throws Exception;
    }

    /** What is wrong with the store. */
    private static final class Finding extends Exception {
        private static final long serialVersionUID = 1L;

        Finding(String message) {
            super(message);
        }
    }

    /** Prints what each check has seen, and says whether the store can be trusted. */
    public boolean examine() {
        String address = store.filesInPlace().map(Path::toString).orElse(store.address(prefix + "first"));
        say("Examining " + address);
        examineAll();
        if (json) {
            out.println(JsonMapper.shared().writeValueAsString(new Report(address, healthy, results)));
        }
        return healthy;
    }

    private void say(String line) {
        if (!json) {
            out.println(line);
        }
    }

    private void examineAll() {
        try {
            // The first request tells whether there is a bucket at all; the other checks would say the same again.
            put("first", "1");
        } catch (StoreUnavailableException e) {
            note("first request", false, e.problem().message());
            return;
        }
        try {
            check("conditional put", this::conditionalPut);
            check("conditional put, raced", this::race);
            check("read after write", this::readAfterWrite);
            check("listing", this::listing);
            check("metadata", this::metadata);
            check("keys", this::keys);
            check("copy", this::copy);
            check("delete", this::delete);
            check("20 MB in one request", this::large);
            check("clock", this::clock);
            check("time of a class A request", () -> latency(n -> put("slow" + n, "1")));
            check("time of a class B request", () -> latency(n -> store.head(prefix + "first")));
            check("time of a listing", () -> latency(n -> store.list(prefix + "slow")));
        } finally {
            tidy();
        }
        say(
                healthy
                        ? "Glimpse can trust this store."
                        : "Glimpse cannot trust this store: pictures could be lost or kept twice.");
    }

    private void tidy() {
        try {
            store.list(prefix).forEach(store::delete);
        } catch (StoreUnavailableException e) {
            note(
                    "tidying",
                    false,
                    "what was put for this, " + prefix + ", stays there: "
                            + e.problem().message());
        }
    }

    private void check(String name, Check check) {
        String seen;
        boolean good = true;
        try {
            seen = check.run();
        } catch (Finding e) {
            good = false;
            seen = String.valueOf(e.getMessage());
        } catch (StoreUnavailableException e) {
            good = false;
            seen = e.problem().message();
        } catch (Exception e) {
            good = false;
            seen = e.toString();
        }
        note(name, good, seen);
    }

    private void note(String name, boolean good, String seen) {
        healthy &= good;
        results.add(new Result(name, good, seen));
        say(String.format(Locale.ROOT, "%-6s %-26s %s", good ? "go" : "no go", name, seen));
    }

    private boolean put(String name, String text) {
        return store.putIfAbsent(prefix + name, text.getBytes(StandardCharsets.UTF_8), "text/plain", Map.of());
    }

    private String text(String name) throws Finding {
        return new String(
                store.get(prefix + name).orElseThrow(() -> new Finding(name + " is not there")),
                StandardCharsets.UTF_8);
    }

    private static void require(boolean holds, String otherwise) throws Finding {
        if (!holds) {
            throw new Finding(otherwise);
        }
    }

    private String conditionalPut() throws Finding {
        hold(ConditionalPuts.inARow(store, prefix + "row"));
        return "a key that is taken is refused";
    }

    private String race() throws Finding {
        for (int race = 0; race < RACES; race++) {
            hold(ConditionalPuts.raced(store, prefix + "race" + race));
        }
        return "of " + ConditionalPuts.RACERS + " puts at once one won, " + RACES + " times";
    }

    private static void hold(Optional<String> finding) throws Finding {
        if (finding.isPresent()) {
            throw new Finding(finding.get());
        }
    }

    private String readAfterWrite() throws Finding {
        for (int i = 0; i < SAMPLES; i++) {
            require(store.head(prefix + "new" + i).isEmpty(), "a key that nobody has put is there");
            put("new" + i, "text " + i);
            require(text("new" + i).equals("text " + i), "an object has other bytes than were put");
        }
        return "what is put can be read at once";
    }

    private String listing() throws Finding {
        List<String> names = List.of("list/b/c", "list/é", "list/A", "list/a");
        names.forEach(name -> put(name, "1"));
        List<String> expected = List.of("list/A", "list/a", "list/b/c", "list/é").stream()
                .map(name -> prefix + name)
                .toList();
        List<String> found = new ArrayList<>();
        store.list(prefix + "list/", object -> found.add(object.key()));
        require(store.list(prefix + "list/").equals(expected), "lists " + found + " instead of " + expected);
        return found.equals(expected)
                ? "complete at once, in the order of bytes"
                : "complete at once, in another order than that of bytes";
    }

    private String metadata() throws Finding {
        Map<String, String> metadata = Map.of("glimpse", "x".repeat(2_000));
        store.putIfAbsent(prefix + "metadata", new byte[1], "image/png", metadata);
        require(
                store.head(prefix + "metadata").orElseThrow().metadata().equals(metadata),
                "2,000 characters of metadata do not come back as they were");
        return "2,000 characters come back";
    }

    private String keys() throws Finding {
        String name = "k".repeat(200) + "/ä ö+%&=/" + "l".repeat(200);
        put(name, "1");
        require(text(name).equals("1"), "a long key with special characters cannot be read");
        require(store.list(prefix + "k").equals(List.of(prefix + name)), "a long key is listed as another one");
        return "long keys and special characters";
    }

    private String copy() throws Finding {
        require(store.copy(prefix + "metadata", prefix + "copied"), "a copy finds nothing to copy");
        require(
                store.head(prefix + "copied")
                        .map(ObjectHead::metadata)
                        .equals(store.head(prefix + "metadata").map(ObjectHead::metadata)),
                "a copy has lost its metadata");
        return "with metadata";
    }

    private String delete() throws Finding {
        store.delete(prefix + "copied");
        require(store.head(prefix + "copied").isEmpty(), "a deleted object is still there");
        require(!store.list(prefix).contains(prefix + "copied"), "a deleted object is still listed");
        require(put("copied", "again"), "a deleted key cannot be put again");
        return "at once, and the key is free again";
    }

    private String large() throws Finding {
        byte[] bytes = new byte[LARGE_BYTES];
        new Random(1).nextBytes(bytes);
        long start = System.nanoTime();
        store.putIfAbsent(prefix + "large", bytes, "application/octet-stream", Map.of());
        double up = (System.nanoTime() - start) / 1e9;
        start = System.nanoTime();
        byte[] back = store.get(prefix + "large").orElseThrow(() -> new Finding("is not there"));
        double down = (System.nanoTime() - start) / 1e9;
        require(Arrays.equals(bytes, back), "other bytes come back");
        return String.format(Locale.ROOT, "%.1f MB/s up, %.1f MB/s down", 20 / up, 20 / down);
    }

    private String clock() throws Finding {
        Instant before = Instant.now();
        Instant theirs = store.list(prefix + "first", object -> {});
        Duration ahead = Duration.between(before, theirs);
        require(
                ahead.abs().compareTo(CLOCK) < 0,
                "the store's clock is " + ahead.toSeconds() + " s ahead of ours: set this machine's clock");
        return "within " + CLOCK.toSeconds() + " s of ours";
    }

    private interface Request {
        Object run(int n);
    }

    private static String latency(Request request) {
        double[] millis = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            long start = System.nanoTime();
            request.run(i);
            millis[i] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        return String.format(Locale.ROOT, "median %.1f ms, longest %.1f ms", millis[SAMPLES / 2], millis[SAMPLES - 1]);
    }
}

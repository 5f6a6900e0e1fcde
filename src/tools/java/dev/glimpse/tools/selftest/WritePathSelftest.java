package dev.glimpse.tools.selftest;

import dev.glimpse.storage.ObjectStore;
import dev.glimpse.testing.Client;
import dev.glimpse.testing.PictureModel;
import dev.glimpse.testing.PictureModel.Change;
import dev.glimpse.testing.ServerProcess;
import dev.glimpse.testing.TestBucket;
import dev.glimpse.testing.TestPictures;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import tools.jackson.databind.JsonNode;

/**
 * Kills, stops and cheats real servers under load, again and again, and proves each time that nothing acknowledged is lost
 * and no picture has two rows: {@code scripts/selftest write-path}. The bucket has R2's latency and limits.
 */
final class WritePathSelftest {
    private static final int CLIENTS = 8;

    /** From the start of the load to the signal. */
    private static final int LONGEST_LOAD_MILLIS = 4_000;

    /** Pictures that several servers get at once. */
    private static final int RACED = 200;

    /** Pictures that all kinds of changes are asked of. */
    private static final int CHANGED = 40;

    /** Above {@code CHANGED}, so that a search finds all. */
    private static final int ALL = 1000;

    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final Path root;
    private final Random chance;
    private final TestBucket bucket = TestBucket.start().slow().limitWrites();
    private final ObjectStore store = bucket.open();
    private final AtomicInteger next = new AtomicInteger();
    private final Map<String, Integer> refused = new ConcurrentHashMap<>();
    private final Set<String> acknowledged = ConcurrentHashMap.newKeySet();

    private WritePathSelftest(Path root, long seed) {
        this.root = root;
        this.chance = new Random(seed);
    }

    /** Arguments: which, rounds (of faults and changes: minutes; of recovery: pictures), seed. */
    public static void main(String[] args) throws Exception {
        int rounds = Integer.parseInt(args[1]);
        long seed = args.length > 2 ? Long.parseLong(args[2]) : System.nanoTime();
        say("%s, %d rounds, %d clients, seed %d", args[0], rounds, CLIENTS, seed);
        WritePathSelftest test = new WritePathSelftest(
                Files.createTempDirectory(Path.of("target"), "crash-").toAbsolutePath(), seed);
        int status = 1;
        try {
            switch (args[0]) {
                case "crash" -> test.crash(rounds);
                case "takeover" -> test.takeover(rounds);
                case "faults" -> test.faults(rounds, seed);
                case "race" -> test.race(rounds, seed);
                case "recovery" -> test.recovery(rounds);
                case "changes" -> test.changes(rounds, seed);
                default -> throw new IllegalStateException("no such test: " + args[0]);
            }
            say("nothing acknowledged was lost, and nothing is there twice");
            status = 0;
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
        } finally {
            System.exit(status); // clients may still wait for a server that is gone
        }
    }

    private void crash(int rounds) throws Exception {
        Path data = root.resolve("data");
        for (int round = 1; round <= rounds; round++) {
            try (ServerProcess server = start(data)) {
                prove("before kill " + round, server.client());
                Load load = new Load(server.client());
                TimeUnit.MILLISECONDS.sleep(chance.nextInt(LONGEST_LOAD_MILLIS));
                server.kill();
                load.end();
            }
        }
        try (ServerProcess server = start(data)) {
            prove("after the last kill", server.client());
            if (server.terminate() != 143) {
                throw new IllegalStateException("the server did not end as asked");
            }
        }
    }

    /** One server sleeps, another takes it for dead and derives its rows, and then the first one wakes up. */
    private void takeover(int rounds) throws Exception {
        try (ServerProcess sleeper = start(root.resolve("sleeper"))) {
            for (int round = 1; round <= rounds; round++) {
                Load load = new Load(sleeper.client());
                TimeUnit.MILLISECONDS.sleep(2_000 + chance.nextInt(LONGEST_LOAD_MILLIS));
                signal("STOP", sleeper);
                // Whoever worked in this folder before has ended, the next server believes.
                Path data = root.resolve("other" + round);
                Files.createDirectories(data.resolve(".glimpse"));
                Files.copy(root.resolve("sleeper/.glimpse/server"), data.resolve(".glimpse/server"));
                int markers = store.list("pending/").size();
                try (ServerProcess other = start(data)) {
                    await("the markers to go", () -> store.list("pending/").isEmpty());
                    signal("CONT", sleeper);
                    load.end();
                    // It has slept for less than a minute, so it does not expect that its markers are gone.
                    await("its own commits", () -> pending(sleeper.client()) == 0);
                    prove("takeover %d, %d markers".formatted(round, markers), other.client());
                    prove("takeover %d, seen by the sleeper".formatted(round), sleeper.client());
                    other.terminate();
                }
            }
        }
    }

    /** Of all requests to the bucket five in a hundred fail. */
    private void faults(int minutes, long seed) throws Exception {
        try (ServerProcess server = start(root.resolve("data"))) {
            for (int minute = 1; minute <= minutes; minute++) {
                bucket.faultsByChance(0.05, seed + minute);
                Load load = new Load(server.client());
                TimeUnit.MINUTES.sleep(1);
                load.end();
                bucket.clearFaults();
                await("the rows to be committed", () -> pending(server.client()) == 0);
                prove("minute %d, refused so far %s".formatted(minute, refused), server.client());
            }
        }
    }

    /** Three servers get the same pictures in another order each, and one of them is killed now and then. */
    private void race(int rounds, long seed) throws Exception {
        List<ServerProcess> servers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            servers.add(start(root.resolve("server" + i)));
        }
        for (int round = 1; round <= rounds; round++) {
            bucket.faultsByChance(0.02, seed + round);
            int from = next.getAndAdd(RACED);
            int victim = chance.nextInt(6);
            ExecutorService clients = Executors.newFixedThreadPool(3 * CLIENTS);
            for (ServerProcess server : servers) {
                List<Integer> pictures = new ArrayList<>();
                for (int n = from; n < from + RACED; n++) {
                    pictures.add(n);
                }
                Collections.shuffle(pictures, chance);
                pictures.forEach(n -> clients.execute(() -> upload(server.client(), n)));
            }
            clients.shutdown();
            if (victim < servers.size()) {
                TimeUnit.MILLISECONDS.sleep(chance.nextInt(LONGEST_LOAD_MILLIS));
                servers.get(victim).kill();
            }
            if (!clients.awaitTermination(5, TimeUnit.MINUTES)) {
                throw new IllegalStateException("uploads got no answer");
            }
            bucket.clearFaults();
            if (victim < servers.size()) {
                servers.get(victim).close();
                servers.set(victim, start(root.resolve("server" + victim)));
            }
            for (ServerProcess server : servers) {
                await("the rows to be committed", () -> pending(server.client()) == 0);
            }
            prove(
                    "race " + round + (victim < servers.size() ? ", one killed" : ""),
                    servers.get(0).client());
        }
        for (ServerProcess server : servers) {
            server.close();
        }
    }

    /** After a crash, a server looks for what it left among very many pictures. */
    private void recovery(int pictures) throws Exception {
        Path data = root.resolve("data");
        bucket.pretendPictures(pictures);
        try (ServerProcess server = start(data)) {
            for (int n = 0; n < 10; n++) {
                upload(server.client(), n);
            }
            server.kill();
        }
        bucket.resetCounts();
        long start = System.nanoTime();
        try (ServerProcess server = start(data)) {
            double ready = (System.nanoTime() - start) / 1e9;
            await("the markers to go", () -> store.list("pending/").isEmpty());
            double recovered = (System.nanoTime() - start) / 1e9;
            long rows =
                    server.client().get("/stats").json().get("committedRows").longValue();
            say(
                    "%d pictures: ready after %.1f s, recovered after %.1f s with %d listings of pictures, %d rows of %d acknowledged",
                    pictures, ready, recovered, bucket.count("LIST", "images/"), rows, acknowledged.size());
            if (rows < acknowledged.size()) {
                throw new IllegalStateException("rows are missing");
            }
        }
    }

    /**
     * Three servers are asked for every kind of change of the same pictures, while one of them is killed or stopped now and then and
     * some requests to the bucket fail. One client at a time asks about a picture, of any of the servers.
     */
    private void changes(int minutes, long seed) throws Exception {
        List<PictureModel> models = new ArrayList<>();
        for (int n = 0; n < CHANGED; n++) {
            models.add(new PictureModel("picture " + n));
        }
        AtomicReferenceArray<ServerProcess> servers = new AtomicReferenceArray<>(3);
        int started = 0;
        for (int i = 0; i < servers.length(); i++) {
            servers.set(i, start(root.resolve("server" + started++)));
        }
        long end = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
        for (int round = 1; System.nanoTime() < end; round++) {
            if (round % 2 == 0) {
                bucket.faultsByChance(0.05, seed + round);
            }
            Changes load = new Changes(models, servers);
            TimeUnit.SECONDS.sleep(3 + chance.nextInt(8));
            int victim = chance.nextInt(servers.length());
            String event;
            if (chance.nextInt(3) > 0) {
                event = "one killed";
                servers.get(victim).kill();
                // Another machine: nobody knows at once that the one before is dead.
                ServerProcess next = start(root.resolve("server" + started++));
                servers.set(victim, next);
            } else {
                int seconds = chance.nextInt(4) == 0 ? 70 : 1 + chance.nextInt(8);
                event = "one stopped for " + seconds + " s";
                signal("STOP", servers.get(victim));
                TimeUnit.SECONDS.sleep(seconds);
                signal("CONT", servers.get(victim));
            }
            TimeUnit.SECONDS.sleep(3);
            load.end();
            bucket.clearFaults();
            long start = System.nanoTime();
            await("the markers to go", () -> store.list("pending/").isEmpty());
            double recovered = (System.nanoTime() - start) / 1e9;
            Set<String> pictures = Set.copyOf(store.list("images/"));
            for (int i = 0; i < servers.length(); i++) {
                Client client = servers.get(i).client();
                await("a server to find what there is", () -> found(client).equals(pictures));
            }
            Set<String> trashed = Set.copyOf(store.list("trash/"));
            for (int n = 0; n < CHANGED; n++) {
                String id = TestPictures.id(n);
                models.get(n)
                        .settled(new PictureModel.State(
                                pictures.contains(id), trashed.contains(id.replace("images/", "trash/"))));
            }
            say(
                    "round %d, %s%s: answers %s, markers gone after %.0f s, pictures and rows %d, in the trash %d",
                    round,
                    event,
                    round % 2 == 0 ? ", faults" : "",
                    new TreeMap<>(load.answers),
                    recovered,
                    pictures.size(),
                    trashed.size());
        }
        for (int i = 0; i < servers.length(); i++) {
            servers.get(i).close();
        }
    }

    /** What a server's searches find. */
    private static Set<String> found(Client client) {
        List<String> ids = client.search("anything", ALL)
                .json()
                .get("results")
                .valueStream()
                .map(hit -> hit.get("id").stringValue())
                .toList();
        Set<String> different = Set.copyOf(ids);
        if (different.size() < ids.size()) {
            throw new IllegalStateException("a picture is found twice: " + ids);
        }
        return different;
    }

    /** Eight clients ask for changes of pictures of their own until the end. */
    private final class Changes {
        private final List<PictureModel> models;
        private final AtomicReferenceArray<ServerProcess> servers;
        private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        private final List<Future<?>> loops = new ArrayList<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Map<String, Integer> answers = new ConcurrentHashMap<>();

        Changes(List<PictureModel> models, AtomicReferenceArray<ServerProcess> servers) {
            this.models = models;
            this.servers = servers;
            for (int i = 0; i < CLIENTS; i++) {
                int first = i;
                Random random = new Random(chance.nextLong());
                loops.add(clients.submit(() -> {
                    while (!over.get()) {
                        int n = first + CLIENTS * random.nextInt(CHANGED / CLIENTS);
                        Change change = random.nextInt(3) == 0
                                ? Change.UPLOAD
                                : List.of(Change.values()).get(random.nextInt(Change.values().length));
                        change(random.nextInt(servers.length()), change, n);
                    }
                }));
            }
        }

        private void change(int server, Change change, int n) {
            PictureModel model = models.get(n);
            Client client = servers.get(server).client();
            String by = "server " + server;
            try {
                String path = "/" + TestPictures.id(n);
                int status = (switch (change) {
                            case UPLOAD -> client.upload(n + ".png", TestPictures.png(n));
                            case DELETE -> client.delete(path);
                            case PURGE -> client.delete(path + "?purge=true");
                            case RESTORE -> client.post(path + "/restore");
                            case EDIT -> client.patch(path, "application/json", "{\"caption\": \"by " + by + "\"}");
                        })
                        .status();
                answers.merge(change + "=" + status, 1, Integer::sum);
                if (status == 404) {
                    model.unknown(change, by);
                } else if (status >= 300) {
                    model.late(change, by);
                } else {
                    model.done(change, by);
                    prove(client, model, n);
                }
            } catch (UncheckedIOException e) {
                answers.merge(change + "=none", 1, Integer::sum);
                model.late(change, by);
                pause();
            }
        }

        /** On the server that has just answered. */
        private void prove(Client client, PictureModel model, int n) {
            try {
                boolean found = found(client).contains(TestPictures.id(n));
                if ((model.mustBeThere() && !found) || (model.mustBeAway() && found)) {
                    throw new IllegalStateException((found ? "still found: " : "not found: ") + model);
                }
            } catch (UncheckedIOException e) {
                // Killed since.
            }
        }

        private void pause() {
            try {
                TimeUnit.MILLISECONDS.sleep(200);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        void end() throws Exception {
            over.set(true);
            clients.shutdown();
            for (Future<?> loop : loops) {
                try {
                    loop.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
                } catch (ExecutionException e) {
                    throw new IllegalStateException("a client stopped: " + e.getCause(), e);
                }
            }
        }
    }

    private static void signal(String name, ServerProcess server) throws Exception {
        new ProcessBuilder("kill", "-" + name, Long.toString(server.handle().pid()))
                .start()
                .waitFor();
    }

    private ServerProcess start(Path data) throws Exception {
        return ServerProcess.start(data, root.resolve("log"), bucket.environment());
    }

    /** False if there was no answer. */
    private boolean upload(Client client, int n) {
        try {
            Client.Answer answer = client.upload(n + ".png", TestPictures.png(n));
            if (answer.status() == 201 || answer.status() == 200) {
                acknowledged.add(answer.json().get("id").stringValue());
            } else {
                refused.merge(answer.json().get("type").stringValue(), 1, Integer::sum);
            }
            return true;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    /** Eight clients upload new pictures until the end or nobody answers. */
    private final class Load {
        private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        private final AtomicBoolean over = new AtomicBoolean();

        Load(Client client) {
            for (int i = 0; i < CLIENTS; i++) {
                clients.execute(() -> {
                    while (!over.get()) {
                        if (!upload(client, next.getAndIncrement())) {
                            return;
                        }
                    }
                });
            }
        }

        void end() throws InterruptedException {
            over.set(true);
            clients.shutdown();
            if (!clients.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException("an upload got no answer within " + PATIENCE);
            }
        }
    }

    /**
     * An upload that was refused in the open may still have brought its picture into the bucket, and gets its row some
     * seconds later; so what was acknowledged must have its row at once, and the others soon.
     */
    private void prove(String when, Client client) throws Exception {
        await("the markers to go", () -> store.list("pending/").isEmpty());
        for (long start = System.nanoTime(); !proves(when, client); TimeUnit.SECONDS.sleep(2)) {
            if (System.nanoTime() - start > PATIENCE.toNanos()) {
                throw new IllegalStateException("pictures stay without their rows");
            }
        }
    }

    /** False if pictures that were not acknowledged have no rows, or got them while it was looked. */
    private boolean proves(String when, Client client) throws Exception {
        if (client.post("/admin/verify?sample=0").status() != 202) {
            throw new IllegalStateException("no verification");
        }
        await(
                "the verification to end",
                () -> !report(client).get("state").stringValue().equals("RUNNING"));
        JsonNode report = report(client);
        Set<String> pictures = Set.copyOf(store.list("images/"));
        JsonNode withoutRow = report.get("withoutRow");
        List<String> lost = new ArrayList<>(acknowledged);
        lost.removeIf(id -> pictures.contains(id)
                && withoutRow
                        .get("examples")
                        .valueStream()
                        .noneMatch(example -> example.stringValue().equals(id)));
        int missing = withoutRow.get("count").intValue();
        long rows = report.get("rows").longValue();
        int dangling = report.get("withoutPicture").get("count").intValue();
        String found = "%s: acknowledged %d, pictures %d, rows %d, without row %d, without picture %d, lost %d"
                .formatted(when, acknowledged.size(), pictures.size(), rows, missing, dangling, lost.size());
        say("%s", found);
        if (!report.get("state").stringValue().equals("DONE")
                || rows + missing > pictures.size()
                || dangling > 0
                || !lost.isEmpty()) {
            throw new IllegalStateException(found + "; " + report);
        }
        return rows == pictures.size();
    }

    private static long pending(Client client) {
        return client.get("/stats").json().get("pendingRows").longValue();
    }

    private static JsonNode report(Client client) {
        return client.get("/admin/verify").json();
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(String what, Condition condition) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("waited too long for " + what);
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void say(String format, Object... values) {
        System.out.println(format.formatted(values));
    }
}

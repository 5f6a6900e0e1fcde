package dev.glimpse.move;

import dev.glimpse.storage.DataFolderException;
import dev.glimpse.storage.FolderInUseException;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StorageSettingsException;
import dev.glimpse.storage.StoreLocation;
import dev.glimpse.storage.StoreUnavailableException;
import dev.glimpse.storage.UntrustedBucketException;
import dev.glimpse.storage.WorkingFolder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.json.JsonMapper;

/** {@code java -jar glimpse.jar move [--dry-run] [--json] [--jobs N] FROM TO}: what {@code scripts/move} says. */
public final class MoveCommand {
    private static final int JOBS = 8;
    private static final int MOST_JOBS = 64;
    private static final int TELL_SECONDS = 5;

    private final PrintStream out;
    private final PrintStream told;
    private final boolean isJson;
    private final boolean isDry;
    private final int jobs;

    private MoveCommand(PrintStream out, PrintStream told, boolean isJson, boolean isDry, int jobs) {
        this.out = out;
        this.told = told;
        this.isJson = isJson;
        this.isDry = isDry;
        this.jobs = jobs;
    }

    /** Gives the exit status: 0 if all was copied, 1 if something was not, 2 if it could not begin. */
    public static int run(String... arguments) {
        return run(System.getenv(), System.out, System.err, arguments);
    }

    /** @param variables where the settings of buckets are */
    static int run(Map<String, String> variables, PrintStream out, PrintStream told, String... arguments) {
        List<String> places = new ArrayList<>();
        boolean isDry = false;
        boolean isJson = false;
        int jobs = JOBS;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--dry-run" -> isDry = true;
                case "--json" -> isJson = true;
                case "--jobs" -> jobs = i + 1 < arguments.length ? jobs(arguments[++i]) : 0;
                default -> places.add(arguments[i]);
            }
        }
        if (places.size() != 2 || jobs == 0) {
            told.println("usage: move [--dry-run] [--json] [--jobs 1 to " + MOST_JOBS + "] FROM TO");
            return 2;
        }
        try (ObjectStore from = StoreLocation.open(places.get(0), variables, "");
                ObjectStore to = StoreLocation.open(places.get(1), variables, "TO_")) {
            return new MoveCommand(out, told, isJson, isDry, jobs).copy(from, to);
        } catch (StorageSettingsException e) {
            told.println(e.getMessage() + " " + e.cure());
        } catch (FolderInUseException e) {
            told.println(e.getMessage() + " " + e.cure());
        } catch (DataFolderException e) {
            told.println(e.getMessage() + " " + e.cure());
        } catch (CopyFailedException | StoreUnavailableException | UntrustedBucketException | IOException e) {
            told.println(e.getMessage());
        }
        return 2;
    }

    private static int jobs(String text) {
        try {
            int jobs = Integer.parseInt(text);
            return jobs < 1 || jobs > MOST_JOBS ? 0 : jobs;
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private int copy(ObjectStore from, ObjectStore to) throws IOException {
        if (isSame(from, to)) {
            throw new CopyFailedException("Source and target are the same.");
        }
        Map<Part, Difference> parts = new EnumMap<>(Part.class);
        for (Part part : Part.values()) {
            parts.put(part, Difference.of(from, to, part));
        }
        Difference tables = Objects.requireNonNull(parts.get(Part.TABLE));
        Quote quote = Quote.of(from, to, parts, jobs);
        if (quote.objects() + quote.there() == 0) {
            throw new CopyFailedException("There is nothing of Glimpse in " + name(from, ""));
        }
        told.println(quote);
        if (isDry) {
            if (isJson) {
                out.println(JsonMapper.shared().writeValueAsString(quote));
            }
            return 0;
        }
        requireRoom(to, quote);
        Tally tally = new Tally();
        if (to.filesInPlace().isPresent()) {
            try (WorkingFolder lock = WorkingFolder.open(to.filesInPlace().get())) {
                copy(from, to, lock.temporary(), tally, quote, tables);
            }
        } else {
            to.requireConditionalPuts();
            Path temporary = Files.createTempDirectory("move");
            try {
                copy(from, to, temporary, tally, quote, tables);
            } finally {
                FileSystemUtils.deleteRecursively(temporary);
            }
        }
        Tally.Report report = tally.report();
        report.failures().forEach(failure -> told.println("not copied: " + failure));
        told.println(report);
        if (isJson) {
            out.println(JsonMapper.shared().writeValueAsString(report));
        }
        return report.failures().isEmpty() ? 0 : 1;
    }

    private static boolean isSame(ObjectStore from, ObjectStore to) {
        boolean areFolders =
                from.filesInPlace().isPresent() && to.filesInPlace().isPresent();
        return areFolders
                ? from.filesInPlace().equals(to.filesInPlace())
                : from.identity("").equals(to.identity(""));
    }

    private void copy(ObjectStore from, ObjectStore to, Path temporary, Tally tally, Quote quote, Difference tables) {
        long start = System.nanoTime();
        ScheduledExecutorService teller = Executors.newSingleThreadScheduledExecutor();
        var telling = teller.scheduleAtFixedRate(
                () -> told.println(tally.progress(quote, (System.nanoTime() - start) / 1e9)),
                TELL_SECONDS,
                TELL_SECONDS,
                TimeUnit.SECONDS);
        try (Copier copier = new Copier(from, to, temporary, tally, jobs)) {
            copier.requireSameTable(tables);
            copyAll(copier, tally);
        } finally {
            telling.cancel(false);
            teller.shutdown();
        }
    }

    /** A failure in the middle ends the copy, and is told with what was done before. */
    private static void copyAll(Copier copier, Tally tally) {
        try {
            for (Part part : Part.values()) {
                copier.copy(part);
                if (part == Part.TRASH) {
                    copier.removeDeleted();
                }
            }
        } catch (CopyFailedException | StoreUnavailableException e) {
            tally.failed(String.valueOf(e.getMessage()));
        }
    }

    /** How an operator names this key of a store. */
    static String name(ObjectStore store, String key) {
        return store.filesInPlace()
                .map(folder -> folder.resolve(key).toString())
                .orElseGet(() -> store.address(key));
    }

    private static void requireRoom(ObjectStore to, Quote quote) throws IOException {
        if (to.filesInPlace().isPresent()) {
            Path folder = Files.createDirectories(to.filesInPlace().get());
            long room = Files.getFileStore(folder).getUsableSpace();
            if (room < quote.bytes()) {
                throw new CopyFailedException("There are " + room + " bytes free in " + folder + ", and "
                        + quote.bytes() + " are to be copied.");
            }
        }
    }
}

package dev.glimpse.image;

import dev.glimpse.testing.HostileMetadata;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;

/**
 * Tries hostile pictures, names and notes for as long as it is told: {@code scripts/selftest fuzz}. Ends with 1 if a
 * promise was broken; what broke it is in {@code target/fuzz}.
 */
final class Fuzz {
    private static final Duration REPORT = Duration.ofSeconds(30);

    /** Beyond it something is wrong with more than one input. */
    private static final int MOST_FILES = 200;

    private static final Path FOUND = Path.of("target/fuzz");

    private final DecoderPromises promises = new DecoderPromises();
    private final Map<String, Integer> outcomes = new TreeMap<>();
    private final Map<String, Integer> broken = new TreeMap<>();
    private int files;

    private Fuzz() {}

    /** Arguments: minutes, seed. */
    public static void main(String[] args) throws IOException {
        long seed = args.length > 1 ? Long.parseLong(args[1]) : System.nanoTime();
        Fuzz fuzz = new Fuzz();
        fuzz.run(Duration.ofSeconds((long) (60 * Double.parseDouble(args[0]))), seed);
        System.exit(fuzz.broken.isEmpty() ? 0 : 1);
    }

    private void run(Duration time, long seed) throws IOException {
        List<byte[]> seeds = DecoderPromises.seeds();
        System.out.printf("seed %d, %d pictures to begin with, %s%n", seed, seeds.size(), time);
        Files.createDirectories(FOUND);
        PictureMutator mutator = new PictureMutator(seeds, new Random(seed));
        HostileMetadata notes = new HostileMetadata(new Random(seed));
        long start = System.nanoTime();
        long reported = start;
        long done = 0;
        while (System.nanoTime() - start < time.toNanos()) {
            byte[] picture = mutator.next();
            Optional<String> wrong = promises.broken(picture);
            outcomes.merge(promises.outcome(), 1, Integer::sum);
            if (wrong.isPresent()) {
                keep(wrong.get(), picture);
            }
            Optional<String> wrongNotes = notes.next();
            if (wrongNotes.isPresent()) {
                keep(wrongNotes.get(), notes.last());
            }
            done++;
            if (System.nanoTime() - reported > REPORT.toNanos()) {
                reported = System.nanoTime();
                report(done, reported - start);
            }
        }
        report(done, System.nanoTime() - start);
        broken.forEach((what, times) -> System.out.println("BROKEN " + times + " times: " + what));
        System.out.println(broken.isEmpty() ? "no promise was broken" : "see " + FOUND);
    }

    private void report(long done, long nanos) {
        System.out.printf(
                "%d s: %,d pictures and as many notes, %.0f/s, %s, %s%n",
                nanos / 1_000_000_000, done, done / (nanos / 1e9), promises.dearest(), outcomes);
    }

    private void keep(String what, byte[] input) throws IOException {
        if (broken.merge(what.replaceAll("[\\d,]+", "N"), 1, Integer::sum) == 1) {
            System.out.println("BROKEN " + what);
        }
        if (files < MOST_FILES) {
            Files.write(FOUND.resolve("broken-" + files++), input);
        }
    }
}

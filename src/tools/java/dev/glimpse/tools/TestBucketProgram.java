package dev.glimpse.tools;

import dev.glimpse.testing.TestBucket;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The program behind {@code scripts/test-bucket}: starts a {@link TestBucket}, prints the variables with which Glimpse uses it, and
 * runs until it is stopped.
 */
final class TestBucketProgram {
    private TestBucketProgram() {}

    public static void main(String[] args) {
        List<String> options = new ArrayList<>(Arrays.asList(args));
        boolean slow = options.remove("--slow");
        boolean limited = options.remove("--limit-writes");
        boolean readOnly = options.remove("--read-only");
        boolean racesLost = options.remove("--lose-races");
        double faults = take(options, "--faults").map(Double::parseDouble).orElse(0.0);
        long seed = take(options, "--seed").map(Long::parseLong).orElseGet(System::nanoTime);
        // The log goes elsewhere, so that a shell can evaluate what is printed.
        PrintStream out = System.out;
        System.setOut(System.err);
        TestBucket bucket = TestBucket.start(options.isEmpty() ? 0 : Integer.parseInt(options.get(0)));
        if (slow) {
            bucket.slow();
        }
        if (limited) {
            bucket.limitWrites();
        }
        if (readOnly) {
            bucket.readOnly();
        }
        if (racesLost) {
            bucket.loseRaces();
        }
        if (faults > 0) {
            System.err.println("seed " + seed);
            bucket.faultsByChance(faults, seed);
        }
        bucket.environment().forEach((name, value) -> out.println("export " + name + "=" + value));
        out.flush();
    }

    private static Optional<String> take(List<String> options, String name) {
        int at = options.indexOf(name);
        if (at < 0) {
            return Optional.empty();
        }
        options.remove(at);
        return Optional.of(options.remove(at));
    }
}

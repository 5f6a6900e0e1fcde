package dev.glimpse.tools.selftest.bulk;

import static dev.glimpse.testing.Report.median;

import dev.glimpse.embedding.ModelDescriptor;
import dev.glimpse.tools.BareEncoder;
import dev.glimpse.tools.Spent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the encoder alone does on all cores.
 *
 * @param perSecond pictures
 * @param cpu seconds of a picture
 */
record BareRate(double perSecond, double cpu) {
    private static final int ROUNDS = 3;
    private static final double ROUND_SECONDS = 5;

    /** Takes some twenty seconds, on all cores. */
    static BareRate measure(Path folder, ModelDescriptor model, byte[] square, int threads) throws Exception {
        int few = 4 * BareEncoder.BATCH * threads;
        try (BareEncoder encoder = new BareEncoder(folder, model)) {
            encoder.run(square, threads, few); // warms up
            Spent probe = run(encoder, square, threads, few);
            int count = few * (int) Math.max(1, Math.round(ROUND_SECONDS / probe.wall()));
            List<Spent> rounds = new ArrayList<>();
            for (int round = 0; round < ROUNDS; round++) {
                rounds.add(run(encoder, square, threads, count));
            }
            return new BareRate(
                    count / median(rounds.stream().map(Spent::wall).toList()),
                    median(rounds.stream().map(Spent::cpu).toList()) / count);
        }
    }

    private static Spent run(BareEncoder encoder, byte[] square, int threads, int count) throws Exception {
        return Spent.of(() -> {
            encoder.run(square, threads, count);
            return true;
        });
    }

    /** Half of both. */
    BareRate mean(BareRate other) {
        return new BareRate((perSecond + other.perSecond) / 2, (cpu + other.cpu) / 2);
    }
}

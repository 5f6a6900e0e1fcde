package dev.glimpse;

import dev.glimpse.embedding.InvalidModelException;
import dev.glimpse.storage.DiskProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;
import org.springframework.boot.web.server.PortInUseException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;

/**
 * Lets every failed start end with what happened and what to do. Asked after the analyzers of packages and after those of
 * Spring, so nothing is left for a stack trace; {@code --debug} shows it.
 */
@Order(Ordered.LOWEST_PRECEDENCE)
class StartFailureAnalyzer implements FailureAnalyzer {
    /** Chains of causes are shorter; some run in circles. */
    private static final int DEPTH = 32;

    @Override
    public FailureAnalysis analyze(Throwable failure) {
        List<Throwable> causes = causes(failure);
        return find(causes, LinkageError.class)
                .flatMap(StartFailureAnalyzer::nativeLibrary)
                .or(() -> find(causes, NativeEnvironmentException.class)
                        .map(e -> new FailureAnalysis(
                                "The environment: " + e.getMessage() + ".", "Unset them before the start.", e)))
                .or(() -> find(causes, InvalidModelException.class).map(StartFailureAnalyzer::model))
                .or(() -> find(causes, OutOfMemoryError.class)
                        .map(e -> new FailureAnalysis(
                                "There is not enough memory: " + e.getMessage() + ".",
                                "Give the server more, as in JAVA_OPTS=-Xmx1g, or a machine that has 2 GB.",
                                e)))
                .or(() -> DiskProblem.of(failure)
                        .map(disk -> new FailureAnalysis(
                                "Something that the server needs (its temporary folder is "
                                        + System.getProperty("java.io.tmpdir") + ") " + disk.what() + ": "
                                        + said(causes),
                                disk.cure(),
                                failure)))
                .orElseGet(() -> new FailureAnalysis(
                        "The server cannot start: " + said(causes),
                        "If that does not tell what is wrong, start it with --debug, which shows the stack trace.",
                        failure));
    }

    private static List<Throwable> causes(Throwable failure) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable cause = failure; cause != null && causes.size() < DEPTH; cause = cause.getCause()) {
            causes.add(cause);
        }
        return causes;
    }

    private static <T extends Throwable> Optional<T> find(List<Throwable> causes, Class<T> type) {
        // The innermost knows best.
        for (int i = causes.size() - 1; i >= 0; i--) {
            if (type.isInstance(causes.get(i))) {
                return Optional.of(type.cast(causes.get(i)));
            }
        }
        return Optional.empty();
    }

    /** The innermost failure, which others only wrap. */
    private static String said(List<Throwable> causes) {
        Throwable last = causes.get(causes.size() - 1);
        return last.getMessage() == null ? last.getClass().getName() : last.toString();
    }

    private static Optional<FailureAnalysis> nativeLibrary(LinkageError e) {
        String text = String.valueOf(e.getMessage());
        if (text.contains("failed to map segment")) {
            return Optional.of(new FailureAnalysis(
                    "A native library cannot be loaded, because its file system is mounted noexec: " + text,
                    "Mount the data folder without noexec, or set GLIMPSE_DATA to one on another file system.",
                    e));
        }
        if (!(e instanceof UnsatisfiedLinkError)) {
            return Optional.empty();
        }
        String machine = System.getProperty("os.name") + " on " + System.getProperty("os.arch");
        return Optional.of(new FailureAnalysis(
                "A native library cannot be loaded on this machine (" + machine + "): " + text,
                "Glimpse runs on Linux with glibc on x86-64 or arm64, and on macOS on arm64, and is to be built on the"
                        + " kind of machine it runs on.",
                e));
    }

    private static FailureAnalysis model(InvalidModelException e) {
        return new FailureAnalysis(
                "The model cannot be used: " + e.getMessage(),
                "Set GLIMPSE_MODEL to the folder of a model, or get one anew: scripts/get-model.",
                e);
    }

    /** Before Spring's own, which does not know our variables. */
    @Order(Ordered.HIGHEST_PRECEDENCE)
    static final class Port implements FailureAnalyzer {
        @Override
        public @Nullable FailureAnalysis analyze(Throwable failure) {
            return find(causes(failure), PortInUseException.class)
                    .map(e -> new FailureAnalysis(
                            "Port " + e.getPort() + " is taken by another program.",
                            "Choose another one, as in PORT=" + (e.getPort() % 65_535 + 1) + ", or end that program.",
                            e))
                    .orElse(null);
        }
    }
}

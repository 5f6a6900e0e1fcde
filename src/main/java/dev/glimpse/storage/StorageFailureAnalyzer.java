package dev.glimpse.storage;

import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Lets a start that the store or the data folder stops end with what happened and what to do, instead of a stack trace. */
class StorageFailureAnalyzer implements FailureAnalyzer {
    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof StorageSettingsException settings) {
                return analysis(settings, settings.cure());
            }
            if (cause instanceof FolderInUseException inUse) {
                return analysis(inUse, inUse.cure());
            }
            if (cause instanceof DataFolderException folder) {
                return analysis(folder, folder.cure());
            }
            if (cause instanceof UntrustedBucketException untrusted) {
                return analysis(untrusted, untrusted.problem());
            }
            if (cause instanceof StoreUnavailableException unavailable) {
                return analysis(unavailable, unavailable.problem());
            }
        }
        return null;
    }

    private static FailureAnalysis analysis(Throwable cause, StoreProblem problem) {
        return new FailureAnalysis(problem.what() + ".", problem.cure(), cause);
    }

    private static FailureAnalysis analysis(Throwable cause, String cure) {
        return new FailureAnalysis(String.valueOf(cause.getMessage()), cure, cause);
    }
}

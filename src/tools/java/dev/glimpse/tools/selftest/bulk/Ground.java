package dev.glimpse.tools.selftest.bulk;

import dev.glimpse.dataset.ModelStamp;
import dev.glimpse.testing.Report;
import java.nio.file.Path;

/**
 * What all steps stand on.
 *
 * @param model its folder
 * @param stamp of the same model
 * @param root for what the steps write, absolute
 * @param warm pictures that are loaded before those that are measured
 */
record Ground(
        Report report, Path model, ModelStamp stamp, Path root, long seed, BulkPictures pictures, BulkPictures warm) {
    int cores() {
        return Runtime.getRuntime().availableProcessors();
    }
}

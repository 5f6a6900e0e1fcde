package dev.glimpse.upload;

import dev.glimpse.consistency.IntentMarkers;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.UnfinishedChanges;
import dev.glimpse.consistency.WriteTimings;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.fairness.MemoryBudget;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import jakarta.servlet.MultipartConfigElement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UploadProperties.class)
class UploadConfiguration {
    /**
     * Uploads of files at the same time. They wait for the store most of the time. More than requests are taken at once, so that a request
     * with one file finds a thread.
     */
    private static final int UPLOADS = 256;

    /** Each has room for the largest picture, and may wait for a slow server. */
    private static final int FETCHES = 8;

    /** A put takes some seconds at most; an upload that takes this long waits for a store that does not answer. */
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    @Bean
    Uploader uploader(
            RowDeriver deriver,
            ClipModel model,
            ObjectStore store,
            ImageDataset dataset,
            IntentMarkers intents,
            UnfinishedChanges unfinished,
            Reconciler reconciler,
            PictureLocks locks,
            WriteTimings timings) {
        return new Uploader(
                deriver,
                store,
                dataset,
                intents,
                unfinished,
                reconciler,
                locks,
                () -> dataset.models()
                        .served()
                        .map(column -> column.model().dimension())
                        .orElse(model.descriptor().dimension()),
                timings);
    }

    /** Pictures may take a quarter of the heap, or at least as much as two of the largest. */
    @Bean
    UploadIntake uploadIntake(
            Uploader uploader,
            @Nullable UrlFetcher fetcher,
            FairScheduler scheduler,
            @Qualifier("uploads") ThreadPoolTaskExecutor uploads,
            @Qualifier("pictureFetches") ThreadPoolTaskExecutor fetches,
            MultipartProperties limits) {
        long memory = Math.max(
                2 * limits.getMaxFileSize().toBytes(), Runtime.getRuntime().maxMemory() / 4);
        return new UploadIntake(
                uploader,
                fetcher,
                new MemoryBudget(scheduler, UPLOADS),
                new MemoryBudget(scheduler, memory),
                uploads,
                fetches,
                limits.getMaxFileSize(),
                DEADLINE);
    }

    /**
     * Tomcat ends a request with a file that is too large, and all other files with it. So it is told of the request's limit alone, which
     * bounds what waits on disk, and {@link UploadIntake} refuses the file.
     */
    @Bean
    MultipartConfigElement multipartConfigElement(MultipartProperties limits) {
        MultipartConfigElement configured = limits.createMultipartConfig();
        return new MultipartConfigElement(
                configured.getLocation(),
                configured.getMaxRequestSize(),
                configured.getMaxRequestSize(),
                configured.getFileSizeThreshold());
    }

    /** None unless it is switched on. */
    @Bean
    @Nullable UrlFetcher urlFetcher(UploadProperties settings, MultipartProperties limits) {
        return settings.urls() ? new UrlFetcher(limits.getMaxFileSize()) : null;
    }

    /** Runs uploads of files. What must wait waits for the budget of threads, so no task waits here. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor uploads() {
        return StoreThreads.finishing(StoreThreads.unlimitedPool("upload-"));
    }

    /** Runs uploads of URLs. All of one request may wait. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureFetches(UploadProperties settings) {
        return StoreThreads.pool("picture-fetch-", FETCHES, settings.files());
    }
}

package dev.glimpse.upload;

import dev.glimpse.consistency.IntentMarkers;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.Recovery;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.consistency.WriteTimings;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fetch.UrlFetcher;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
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
    /** Each has room for the largest picture, and may wait for a slow server. */
    private static final int FETCHES = 4;

    @Bean
    Uploader uploader(
            RowDeriver deriver,
            ClipModel model,
            ObjectStore store,
            ImageDataset dataset,
            IntentMarkers intents,
            Recovery recovery,
            Reconciler reconciler,
            PictureLocks locks,
            WriteTimings timings,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Uploader(
                deriver,
                store,
                dataset,
                intents,
                recovery,
                reconciler,
                locks,
                model.descriptor().dimension(),
                timings,
                puts);
    }

    /** None unless it is switched on. */
    @Bean
    @Nullable UrlFetcher urlFetcher(UploadProperties settings, MultipartProperties limits) {
        return settings.urls() ? new UrlFetcher(limits.getMaxFileSize()) : null;
    }

    /** Runs fetches. All of one request may wait. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureFetches(UploadProperties settings) {
        return StoreThreads.pool("picture-fetch-", FETCHES, settings.files());
    }
}

package dev.glimpse.sources;

import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.RowDeriver;
import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.WorkingFolder;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SourceProperties.class)
class SourcesConfiguration {
    @Bean
    Sources sources(
            ObjectStore store,
            ImageDataset dataset,
            RowDeriver deriver,
            Reconciler reconciler,
            FairScheduler scheduler,
            CommitProperties commits,
            SourceProperties settings,
            MultipartProperties files,
            WorkingFolder work,
            @Qualifier("sourceReaders") ThreadPoolTaskExecutor readers) {
        ObjectReader reader =
                new ObjectReader(store, deriver, scheduler, files.getMaxFileSize(), settings.picturesPerSecond());
        return new Sources(
                store,
                dataset,
                new Look.Tools(store, dataset, reconciler, reader, readers, commits.rows()),
                work.temporary());
    }

    /** Reads objects of sources. Not the default candidate, so that it does not stand in for Spring's own executor. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor sourceReaders() {
        return StoreThreads.pool("source-reader-", ObjectReader.AT_ONCE, Integer.MAX_VALUE);
    }
}

package dev.glimpse.upload;

import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

@Configuration(proxyBeanMethods = false)
class UploadConfiguration {
    /** Puts at once. They wait for the store rather than work; a full queue means that the store does not keep up. */
    private static final int PUTS = 32;

    private static final int WAITING_PUTS = 512;

    @Bean
    Uploader uploader(
            ImageDecoder decoder,
            ClipModel model,
            ObjectStore store,
            ImageDataset dataset,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Uploader(decoder, model, store, dataset, puts);
    }

    /** Not the default candidate, so that it does not stand in for Spring's own executor. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor picturePuts() {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix("picture-put-");
        pool.setCorePoolSize(PUTS);
        pool.setMaxPoolSize(PUTS);
        pool.setQueueCapacity(WAITING_PUTS);
        pool.setAllowCoreThreadTimeOut(true);
        pool.setWaitForTasksToCompleteOnShutdown(true);
        pool.setAwaitTerminationSeconds(25);
        return pool;
    }
}

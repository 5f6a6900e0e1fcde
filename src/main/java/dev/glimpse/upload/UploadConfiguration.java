package dev.glimpse.upload;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.WorkingFolder;
import java.security.SecureRandom;
import java.util.function.Predicate;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

@Configuration(proxyBeanMethods = false)
class UploadConfiguration {
    /** Puts at once. They wait for the store rather than work; a full queue means that the store does not keep up. */
    private static final int PUTS = 32;

    private static final int WAITING_PUTS = 512;

    @Bean
    RowDeriver rowDeriver(ImageDecoder decoder, ClipModel model, ObjectStore store, ImageDataset dataset) {
        return new RowDeriver(decoder, model, store, dataset);
    }

    @Bean
    Groups groups(ObjectStore store, CommitProperties policy, @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Groups(store, puts, policy, new SecureRandom());
    }

    @Bean
    Turns turns(@Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Turns(puts);
    }

    @Bean
    Deletion deletion(ObjectStore store, ImageDataset dataset, RowDeriver deriver, Groups groups) {
        return new Deletion(store, dataset, deriver, groups.server());
    }

    @Bean
    Remover remover(
            Deletion deletion,
            ObjectStore store,
            ImageDataset dataset,
            Recovery recovery,
            Turns turns,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor requests) {
        return new Remover(deletion, store, dataset, recovery, turns, requests);
    }

    @Bean
    Restorer restorer(
            ObjectStore store,
            ImageDataset dataset,
            RowDeriver deriver,
            Turns turns,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor requests) {
        return new Restorer(store, dataset, deriver, turns, requests);
    }

    @Bean
    Pictures pictures(ObjectStore store, @Qualifier("picturePuts") ThreadPoolTaskExecutor requests) {
        return new Pictures(store, requests);
    }

    @Bean
    Verifier verifier(
            ObjectStore store,
            ImageDataset dataset,
            Pictures pictures,
            RowDeriver deriver,
            Recovery recovery,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor requests,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new Verifier(store, dataset, pictures, deriver, recovery, requests, thread);
    }

    @Bean
    Recovery recovery(
            ObjectStore store,
            WorkingFolder work,
            ImageDataset dataset,
            Pictures pictures,
            RowDeriver deriver,
            Groups groups,
            Deletion deletion,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor puts,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        // A folder has one server at a time, by the lock on it.
        String before = work.succeed(groups.server());
        Predicate<String> dead = store.folder().isPresent() ? server -> true : server -> server.equals(before);
        return new Recovery(store, dataset, pictures, deriver, groups, deletion, dead, puts, thread);
    }

    @Bean
    Uploader uploader(
            RowDeriver deriver,
            ClipModel model,
            ObjectStore store,
            ImageDataset dataset,
            Groups groups,
            Recovery recovery,
            Turns turns,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Uploader(
                deriver,
                store,
                dataset,
                groups,
                recovery,
                turns,
                model.descriptor().dimension(),
                puts);
    }

    /** Begins when requests are taken, and ends after the last of them: commits what waits, and removes the markers. */
    @Bean
    SmartLifecycle uploads(ImageDataset dataset, Groups groups, Recovery recovery) {
        return new UploadsLifecycle(dataset, groups, recovery);
    }

    @Bean(defaultCandidate = false)
    ThreadPoolTaskScheduler recoveryThread() {
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadNamePrefix("recovery-");
        thread.setPoolSize(2); // a verification may take long, and recovery goes on meanwhile
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return thread;
    }

    /** Not the default candidate, so that it does not stand in for Spring's own executor. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor picturePuts() {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix("picture-put-");
        pool.setTaskDecorator(RequestMeter::carry);
        pool.setCorePoolSize(PUTS);
        pool.setMaxPoolSize(PUTS);
        pool.setQueueCapacity(WAITING_PUTS);
        pool.setAllowCoreThreadTimeOut(true);
        pool.setWaitForTasksToCompleteOnShutdown(true);
        // The uploads have ended by then; what still waits for a store that does not answer is not waited for.
        pool.setAwaitTerminationSeconds(2);
        return pool;
    }
}

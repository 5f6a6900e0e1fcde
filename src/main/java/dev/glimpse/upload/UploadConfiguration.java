package dev.glimpse.upload;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.ClipModel;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.RequestMeter;
import dev.glimpse.storage.WorkingFolder;
import java.security.SecureRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties({TrashProperties.class, UploadProperties.class})
class UploadConfiguration {
    /** Puts at once. They wait for the store rather than work; a full queue means that the store does not keep up. */
    private static final int PUTS = 32;

    private static final int WAITING_PUTS = 512;

    /** As many listings as run side by side. */
    private static final int CHORES = 16;

    /** Above what recovery, verification and settling submit at once. */
    private static final int WAITING_CHORES = 4096;

    private static final int DELETES = 8;

    /** A request thread waits for each. */
    private static final int WAITING_DELETES = 256;

    /** Each has room for the largest picture, and may wait for a slow server. */
    private static final int FETCHES = 4;

    @Bean
    RowDeriver rowDeriver(
            FairScheduler scheduler, ImageDecoder decoder, ClipModel model, ObjectStore store, ImageDataset dataset) {
        return new RowDeriver(scheduler, decoder, model, store, dataset);
    }

    @Bean
    Groups groups(ObjectStore store, CommitProperties policy, @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Groups(store, puts, policy, Groups.RELIABLE, new SecureRandom());
    }

    @Bean
    Turns turns(@Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Turns(puts);
    }

    @Bean
    Reconciler reconciler(
            ObjectStore store,
            ImageDataset dataset,
            RowDeriver deriver,
            Turns turns,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor requests) {
        return new Reconciler(store, dataset, deriver, turns, requests);
    }

    @Bean
    Deletion deletion(
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            Turns turns,
            Groups groups,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Deletion(store, dataset, reconciler, turns, groups.server(), Deletion.PATIENCE, deletes);
    }

    @Bean
    Restoration restoration(
            ObjectStore store,
            Reconciler reconciler,
            Turns turns,
            Groups groups,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor requests) {
        return new Restoration(store, reconciler, turns, groups.server(), requests);
    }

    @Bean
    Remover remover(
            Deletion deletion,
            ObjectStore store,
            ImageDataset dataset,
            Recovery recovery,
            Turns turns,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Remover(deletion, store, dataset, recovery, turns, deletes);
    }

    @Bean
    Restorer restorer(
            Restoration restoration,
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            Recovery recovery,
            Turns turns,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Restorer(restoration, store, dataset, reconciler, recovery, turns, deletes);
    }

    @Bean
    Trash trash(ObjectStore store, TrashProperties settings) {
        return new Trash(store, settings.retention());
    }

    @Bean
    Pictures pictures(ObjectStore store, @Qualifier("pictureChores") ThreadPoolTaskExecutor requests) {
        return new Pictures(store, requests);
    }

    @Bean
    Verifier verifier(
            ObjectStore store,
            ImageDataset dataset,
            Pictures pictures,
            Reconciler reconciler,
            Recovery recovery,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor requests,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new Verifier(store, dataset, pictures, reconciler, recovery, requests, thread);
    }

    @Bean
    Recovery recovery(
            ObjectStore store,
            WorkingFolder work,
            ImageDataset dataset,
            Pictures pictures,
            Reconciler reconciler,
            Groups groups,
            Deletion deletion,
            Restoration restoration,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor requests,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        // A folder has one server at a time, by the lock on it.
        String before = work.succeed(groups.server());
        Predicate<String> dead = store.folder().isPresent() ? server -> true : server -> server.equals(before);
        return new Recovery(
                store,
                dataset,
                pictures,
                reconciler,
                groups,
                deletion,
                restoration,
                dead,
                Recovery.Timing.USUAL,
                new SecureRandom(),
                requests,
                thread);
    }

    @Bean
    Uploader uploader(
            RowDeriver deriver,
            ClipModel model,
            ObjectStore store,
            ImageDataset dataset,
            Groups groups,
            Recovery recovery,
            Reconciler reconciler,
            Turns turns,
            @Qualifier("picturePuts") ThreadPoolTaskExecutor puts) {
        return new Uploader(
                deriver,
                store,
                dataset,
                groups,
                recovery,
                reconciler,
                turns,
                model.descriptor().dimension(),
                puts);
    }

    /** None unless it is switched on. */
    @Bean
    @Nullable UrlFetcher urlFetcher(UploadProperties settings, MultipartProperties limits) {
        return settings.urls() ? new UrlFetcher(limits.getMaxFileSize()) : null;
    }

    /** Begins when requests are taken, and ends after the last of them: commits what waits, and removes the markers. */
    @Bean
    SmartLifecycle uploads(
            ImageDataset dataset,
            Groups groups,
            Recovery recovery,
            Verifier verifier,
            Trash trash,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new UploadsLifecycle(dataset, groups, recovery, verifier, trash, thread);
    }

    @Bean(defaultCandidate = false)
    ThreadPoolTaskScheduler recoveryThread() {
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadNamePrefix("recovery-");
        thread.setPoolSize(4); // recovery, what is to be settled, a verification, the trash: none waits for another
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return thread;
    }

    /** What uploads wait for. Not the default candidate, so that it does not stand in for Spring's own executor. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor picturePuts() {
        ThreadPoolTaskExecutor pool = pool("picture-put-", PUTS, WAITING_PUTS);
        pool.setWaitForTasksToCompleteOnShutdown(true);
        // The uploads have ended by then; what still waits for a store that does not answer is not waited for.
        pool.setAwaitTerminationSeconds(2);
        return pool;
    }

    /** Recovery and verification, however much there is to do, take nothing from uploads. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureChores() {
        return pool("picture-chore-", CHORES, WAITING_CHORES);
    }

    /** And neither do deletes, each of which may wait for another server. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureDeletes() {
        return pool("picture-delete-", DELETES, WAITING_DELETES);
    }

    /** Nor do servers of others that are slow. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureFetches(UploadProperties settings) {
        // All of one request may wait.
        return pool("picture-fetch-", FETCHES, settings.files());
    }

    private static ThreadPoolTaskExecutor pool(String name, int threads, int waiting) {
        ThreadPoolTaskExecutor pool = new ThreadPoolTaskExecutor();
        pool.setThreadNamePrefix(name);
        pool.setTaskDecorator(RequestMeter::carry);
        pool.setCorePoolSize(threads);
        pool.setMaxPoolSize(threads);
        pool.setQueueCapacity(waiting);
        pool.setAllowCoreThreadTimeOut(true);
        return pool;
    }
}

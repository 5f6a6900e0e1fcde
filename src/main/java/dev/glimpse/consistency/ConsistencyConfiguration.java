package dev.glimpse.consistency;

import dev.glimpse.dataset.CommitProperties;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.embedding.Models;
import dev.glimpse.fairness.FairScheduler;
import dev.glimpse.image.ImageDecoder;
import dev.glimpse.storage.ObjectStore;
import dev.glimpse.storage.StoreThreads;
import dev.glimpse.storage.StoreUse;
import dev.glimpse.storage.WorkingFolder;
import java.security.SecureRandom;
import java.util.function.Predicate;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.servlet.autoconfigure.MultipartProperties;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;

@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TrashProperties.class)
class ConsistencyConfiguration {
    /** Markers at the same time. A server puts and deletes one for each commit. */
    private static final int MARKERS = 4;

    private static final int WAITING_MARKERS = 512;

    /** Requests at the same time. Sixteen listings of pictures run side by side. */
    private static final int CHORES = 16;

    /** More than recovery, verification and settling submit at once. */
    private static final int WAITING_CHORES = 4096;

    private static final int DELETES = 8;

    /** A request thread waits for each. */
    private static final int WAITING_DELETES = 256;

    @Bean
    WriteTimings writeTimings() {
        return WriteTimings.USUAL;
    }

    @Bean
    RowDeriver rowDeriver(
            FairScheduler scheduler,
            ImageDecoder decoder,
            Models models,
            ObjectStore store,
            ImageDataset dataset,
            Originals originals) {
        return new RowDeriver(
                scheduler,
                decoder,
                models,
                store,
                originals::read,
                () -> dataset.models().models());
    }

    @Bean
    Originals originals(ObjectStore store, ImageDataset dataset) {
        return new Originals(store, dataset);
    }

    @Bean
    IntentMarkers intentMarkers(
            ObjectStore store,
            CommitProperties policy,
            WriteTimings timings,
            @Qualifier("intentMarkerPuts") ThreadPoolTaskExecutor puts) {
        return new IntentMarkers(store, puts, policy, timings, System::nanoTime, new SecureRandom());
    }

    @Bean
    PictureLocks pictureLocks(@Qualifier("pictureChores") ThreadPoolTaskExecutor chores) {
        return new PictureLocks(chores);
    }

    @Bean
    Reconciler reconciler(
            ObjectStore store,
            ImageDataset dataset,
            RowDeriver deriver,
            PictureLocks locks,
            WriteTimings timings,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores) {
        return new Reconciler(store, dataset, deriver, locks, timings, chores);
    }

    @Bean
    Deletion deletion(
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            PictureLocks locks,
            IntentMarkers intents,
            WriteTimings timings,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Deletion(store, dataset, reconciler, locks, intents.server(), timings, deletes);
    }

    @Bean
    Restoration restoration(
            ObjectStore store,
            ImageDataset dataset,
            Originals originals,
            RowDeriver deriver,
            Reconciler reconciler,
            PictureLocks locks,
            IntentMarkers intents,
            MultipartProperties files,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores) {
        return new Restoration(
                store,
                dataset,
                originals,
                deriver,
                reconciler,
                locks,
                intents.server(),
                files.getMaxFileSize().toBytes(),
                chores);
    }

    @Bean
    Edits edits(
            ObjectStore store,
            Reconciler reconciler,
            PictureLocks locks,
            IntentMarkers intents,
            WriteTimings timings,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores) {
        return new Edits(store, reconciler, locks, intents.server(), timings, chores);
    }

    @Bean
    Trash trash(ObjectStore store, TrashProperties settings) {
        return new Trash(store, settings.retention());
    }

    @Bean
    PictureListing pictureListing(ObjectStore store, @Qualifier("pictureChores") ThreadPoolTaskExecutor chores) {
        return new PictureListing(store, chores);
    }

    @Bean
    UnfinishedChanges unfinishedChanges(
            ObjectStore store,
            Reconciler reconciler,
            IntentMarkers intents,
            Deletion deletion,
            Restoration restoration,
            WriteTimings timings,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new UnfinishedChanges(
                store, reconciler, intents, deletion, restoration, timings, System::nanoTime, chores, thread);
    }

    @Bean
    Recovery recovery(
            ObjectStore store,
            WorkingFolder work,
            ImageDataset dataset,
            PictureListing listing,
            Reconciler reconciler,
            IntentMarkers intents,
            Deletion deletion,
            Restoration restoration,
            Edits edits,
            WriteTimings timings,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        String before = work.succeed(intents.server());
        Predicate<String> dead = store.hasOneWriter() ? server -> true : server -> server.equals(before);
        return new Recovery(
                store,
                dataset,
                listing,
                reconciler,
                intents,
                deletion,
                restoration,
                edits,
                dead,
                timings,
                new SecureRandom(),
                chores,
                thread);
    }

    @Bean
    Verifier verifier(
            ObjectStore store,
            ImageDataset dataset,
            PictureListing listing,
            Reconciler reconciler,
            IntentMarkers intents,
            WriteTimings timings,
            @Qualifier("pictureChores") ThreadPoolTaskExecutor chores,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new Verifier(store, dataset, listing, reconciler, intents, timings, chores, thread);
    }

    /** Begins when requests are taken, and ends after the last of them: commits what waits, and removes the markers. */
    @Bean
    SmartLifecycle consistency(
            ImageDataset dataset,
            IntentMarkers intents,
            Recovery recovery,
            Verifier verifier,
            Trash trash,
            @Qualifier("recoveryThread") ThreadPoolTaskScheduler thread) {
        return new ConsistencyLifecycle(dataset, intents, recovery, verifier, trash, thread);
    }

    @Bean(defaultCandidate = false)
    ThreadPoolTaskScheduler recoveryThread() {
        ThreadPoolTaskScheduler thread = new ThreadPoolTaskScheduler();
        thread.setThreadFactory(StoreThreads.factory("recovery-", StoreUse.UPKEEP));
        thread.setPoolSize(4); // recovery, what is to be settled, a verification, the trash: none waits for another
        thread.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        return thread;
    }

    /** Puts and deletes markers. Not the default candidate, so that it does not stand in for Spring's own executor. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor intentMarkerPuts() {
        return StoreThreads.finishing(StoreThreads.pool("intent-marker-", MARKERS, WAITING_MARKERS));
    }

    /** Runs the requests of recovery and verification. However many there are, uploads have threads of their own. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureChores() {
        return StoreThreads.pool("picture-chore-", CHORES, WAITING_CHORES);
    }

    /** Runs deletes, restores and edits. Each may wait for another server. */
    @Bean(defaultCandidate = false)
    ThreadPoolTaskExecutor pictureDeletes() {
        return StoreThreads.pool("picture-delete-", DELETES, WAITING_DELETES);
    }
}

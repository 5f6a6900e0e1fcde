package dev.glimpse.pictures;

import dev.glimpse.consistency.Deletion;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.Recovery;
import dev.glimpse.consistency.Restoration;
import dev.glimpse.dataset.ImageDataset;
import dev.glimpse.storage.ObjectStore;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

@Configuration(proxyBeanMethods = false)
class PicturesConfiguration {
    @Bean
    Remover remover(
            Deletion deletion,
            ObjectStore store,
            ImageDataset dataset,
            Recovery recovery,
            PictureLocks locks,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Remover(deletion, store, dataset, recovery, locks, deletes);
    }

    @Bean
    Restorer restorer(
            Restoration restoration,
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            Recovery recovery,
            PictureLocks locks,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Restorer(restoration, store, dataset, reconciler, recovery, locks, deletes);
    }
}

package dev.glimpse.pictures;

import dev.glimpse.consistency.Deletion;
import dev.glimpse.consistency.Edits;
import dev.glimpse.consistency.PictureLocks;
import dev.glimpse.consistency.Reconciler;
import dev.glimpse.consistency.Restoration;
import dev.glimpse.consistency.UnfinishedChanges;
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
            UnfinishedChanges unfinished,
            PictureLocks locks,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Remover(deletion, store, dataset, unfinished, locks, deletes);
    }

    @Bean
    Restorer restorer(
            Restoration restoration,
            ObjectStore store,
            ImageDataset dataset,
            Reconciler reconciler,
            UnfinishedChanges unfinished,
            PictureLocks locks,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Restorer(restoration, store, dataset, reconciler, unfinished, locks, deletes);
    }

    @Bean
    Editor editor(
            Edits edits,
            ImageDataset dataset,
            Reconciler reconciler,
            UnfinishedChanges unfinished,
            PictureLocks locks,
            @Qualifier("pictureDeletes") ThreadPoolTaskExecutor deletes) {
        return new Editor(edits, dataset, reconciler, unfinished, locks, deletes);
    }
}
